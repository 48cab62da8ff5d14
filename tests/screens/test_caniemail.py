"""What Gmail, Outlook and Apple Mail make of the mails, by the data of caniemail.com."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.screens.sample_mails import all_mails
from tests.tiers import skip_or_fail

PACKAGE = "caniemail@2.0.2"
HERE = Path(__file__).parent
INSTALLED = HERE.parents[1] / "build" / "caniemail"

WORD = {"outlook.windows", "outlook.windows-mail"}
GMAIL_WEB = {"gmail.mobile-webmail"}
ANYWHERE: set[str] = set()

ALLOWED = {
    "color-scheme CSS property": (ANYWHERE, "says only that dark colours come along"),
    "color-scheme meta tag": (ANYWHERE, "the same"),
    "<style> element": (GMAIL_WEB, "the first cards and all frames carry their styles"),
    "Class selector": (GMAIL_WEB, "the same"),
    "Type selector": (GMAIL_WEB, "only text sizing of phones hangs on it"),
    "@media": (GMAIL_WEB | WORD, "dark mode and narrow padding are a bonus"),
    "display:none": (GMAIL_WEB, "the preheader is one pixel high and of the paper's colour"),
    "<body> element": ({"outlook.macos"}, "the outer table has the same background"),
    "border-radius": (WORD, "corners are square there"),
    "table-layout": (WORD, "long words widen the table there, Outlook scrolls"),
    "white-space": (WORD, "figures may wrap; line breaks of posts are <br>"),
    "word-break": ({"outlook.windows-mail"}, "long words run on there"),
    "role attribute": ({"outlook.windows-mail"}, "a help for screen readers elsewhere"),
}
"""What may be lacking where, and why that does no harm."""


@pytest.fixture(scope="module")
def package() -> Path:
    """The folder in which the npm package lies; fetched once."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        skip_or_fail("no node or npm here: apt-get install nodejs npm")
    if not (INSTALLED / "node_modules" / "caniemail").is_dir():
        INSTALLED.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(  # noqa: S603
            [str(npm), "install", "--prefix", str(INSTALLED), "--no-save", "--no-package-lock",
             "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", PACKAGE],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            skip_or_fail(f"npm cannot install {PACKAGE}: {done.stderr[-300:]}")
    return INSTALLED


def test_mailboxes_know_what_the_mails_use(package: Path, tmp_path: Path) -> None:
    """Given each mail, then what some mailbox lacks is allowed with a reason, and no more."""
    for name, mail in all_mails("ru").items():
        (tmp_path / f"{name}.html").write_text(mail.html, "utf-8")
    files = sorted(map(str, tmp_path.glob("*.html")))
    done = subprocess.run(  # noqa: S603
        [str(shutil.which("node")), str(HERE / "caniemail.mjs"), str(package), *files],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    lacking: dict[str, set[str]] = {}
    for found in json.loads(done.stdout).values():
        for feature, clients in found.items():
            lacking.setdefault(feature, set()).update(clients)
    assert set(lacking) == set(ALLOWED)
    for feature, (clients, _) in ALLOWED.items():
        assert clients in (ANYWHERE, lacking[feature]), feature
