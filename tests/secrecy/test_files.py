"""No file of the project holds a secret, nor would git take one in."""

import random
import string
import subprocess

import pytest

from pulse_cli.laptop.sam import ROOT
from tests.secrecy.canary import PARTS, parts_in
from tests.secrecy.secret_scanner import secrets_in, tracked_files
from tests.tiers import skip_or_fail

SIGNS = string.ascii_letters + string.digits
NEVER = (".env", ".env.local", "key.pem", "build/local.env.json")


def random_text(length: int) -> str:
    return "".join(random.Random(7).choices(SIGNS, k=length))


LOOKS = {
    "AWS key id": f"key = AKIA{'Q' * 16}",
    "AWS secret": f"secret: {random_text(40)}",
    "in YAML": f'token: "{random_text(45)}"',
    "X bearer": "Bearer " + "A" * 22 + random_text(40) + "%3D" + random_text(40),
    "X access token": f"1234567890-{random_text(40)}",
    "private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "code host": "ghp_" + random_text(36),
    "chat": "xoxb-" + random_text(20),
}
HARMLESS = [
    "    --hash=sha256:" + "0f1e2d3c" * 8,
    "def test_a_name_as_long_as_they_are_in_this_project_and_longer(given: str) -> None:",
    "https://x.com/intent/post?in_reply_to=1234567890123456789&text=Hello%20there",
    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
]


@pytest.mark.parametrize("text", LOOKS.values(), ids=LOOKS)
def test_what_looks_like_a_secret_is_found(text: str) -> None:
    """Given a line with a secret of a known kind, or drawn by lot, then it is found by its line."""
    assert [line for line, _ in secrets_in(f"\n{text}\n")][:1] == [2]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_does_not_is_left_alone(text: str) -> None:
    """Given names, hashes and addresses, then nobody is alarmed."""
    assert list(secrets_in(text)) == []


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_the_canary_is_known_in_pieces(part: str) -> None:
    """Given a piece of a part amid other words, then the searcher of these tests knows it."""
    assert len(parts_in(f"x{part[4:15]}y")) == 1
    assert parts_in("nothing of it") == set()


def test_no_file_of_the_project_holds_a_secret() -> None:
    """Given all files of the project, then none holds what looks like a secret; pictures apart."""
    files = [file for file in tracked_files() if file.suffix != ".png"]
    assert len(files) > 300
    found = {
        f"{file.relative_to(ROOT)}:{line}": kind
        for file in files
        for line, kind in secrets_in(file.read_text("utf-8"))
    }
    assert found == {}


@pytest.mark.parametrize("name", NEVER)
def test_git_takes_no_secret_in(name: str) -> None:
    """Given the names that secrets usually have, then git passes them over."""
    done = subprocess.run(  # noqa: S603 - names of our own
        ["git", "check-ignore", "--quiet", "--no-index", name],  # noqa: S607
        cwd=ROOT,
        check=False,
    )
    if done.returncode not in (0, 1):
        skip_or_fail("not a checkout of git: what it passes over is not known")
    assert done.returncode == 0
