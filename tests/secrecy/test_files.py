"""No file of the project contains a secret, and git would not add one."""

import random
import string
import subprocess

import pytest

from pulse_cli.laptop.sam import ROOT
from tests.secrecy.canary import PARTS, parts_in
from tests.secrecy.secret_scanner import secrets_in, tracked_files
from tests.tiers import skip_or_fail

CHARACTERS = string.ascii_letters + string.digits
SECRET_FILES = (".env", ".env.local", "key.pem", "build/local.env.json")


def random_text(length: int) -> str:
    return "".join(random.Random(7).choices(CHARACTERS, k=length))


SECRETS = {
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


@pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS)
def test_what_looks_like_a_secret_is_found(text: str) -> None:
    """A secret of a known kind, or a random one, is found with its line."""
    assert [line for line, _ in secrets_in(f"\n{text}\n")][:1] == [2]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_does_not_look_like_a_secret_is_ignored(text: str) -> None:
    """Names, hashes and addresses are not reported."""
    assert list(secrets_in(text)) == []


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_the_canary_is_recognised_in_pieces(part: str) -> None:
    """`parts_in` recognises a piece of a part of the token in another text."""
    assert len(parts_in(f"x{part[4:15]}y")) == 1
    assert parts_in("nothing of it") == set()


def test_no_file_of_the_project_holds_a_secret() -> None:
    """No file of the project, apart from pictures, contains what looks like a secret."""
    files = [file for file in tracked_files() if file.suffix != ".png"]
    assert len(files) > 300
    found = {
        f"{file.relative_to(ROOT)}:{line}": kind
        for file in files
        for line, kind in secrets_in(file.read_text("utf-8"))
    }
    assert found == {}


@pytest.mark.parametrize("name", SECRET_FILES)
def test_git_ignores_files_with_secrets(name: str) -> None:
    """Git ignores files with the names that secrets usually have."""
    completed = subprocess.run(  # noqa: S603 - names of our own
        ["git", "check-ignore", "--quiet", "--no-index", name],  # noqa: S607
        cwd=ROOT,
        check=False,
    )
    if completed.returncode not in (0, 1):
        skip_or_fail("not a checkout of git: what it ignores is not known")
    assert completed.returncode == 0
