"""What Gmail, Outlook and Apple Mail support of the mails, by the data of caniemail.com."""

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
    "color-scheme CSS property": (ANYWHERE, "it only states that there are dark colours"),
    "color-scheme meta tag": (ANYWHERE, "the same"),
    "<style> element": (GMAIL_WEB, "the first cards and all frames carry their styles"),
    "Class selector": (GMAIL_WEB, "the same"),
    "Type selector": (GMAIL_WEB, "only text sizes on phones depend on it"),
    "@media": (GMAIL_WEB | WORD, "dark mode and narrow padding are a bonus"),
    "display:none": (GMAIL_WEB, "the preheader is one pixel high and of the paper's colour"),
    "<body> element": ({"outlook.macos"}, "the outer table has the same background"),
    "border-radius": (WORD, "corners are square there"),
    "table-layout": (WORD, "long words widen the table there, Outlook scrolls"),
    "white-space": (WORD, "figures may wrap; line breaks of posts are <br>"),
    "word-break": ({"outlook.windows-mail"}, "long words are not broken there"),
    "role attribute": ({"outlook.windows-mail"}, "a help for screen readers elsewhere"),
}
"""Which clients may lack a feature, and why that is acceptable."""


@pytest.fixture(scope="module")
def package() -> Path:
    """The folder of the npm package, which is installed only once."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        skip_or_fail("no node or npm here: apt-get install nodejs npm")
    if not (INSTALLED / "node_modules" / "caniemail").is_dir():
        INSTALLED.mkdir(parents=True, exist_ok=True)
        completed = subprocess.run(  # noqa: S603
            [str(npm), "install", "--prefix", str(INSTALLED), "--no-save", "--no-package-lock",
             "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", PACKAGE],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if completed.returncode:
            skip_or_fail(f"npm cannot install {PACKAGE}: {completed.stderr[-300:]}")
    return INSTALLED


def test_mail_clients_support_what_the_mails_use(package: Path, tmp_path: Path) -> None:
    """The features that some client lacks are exactly those that are allowed with a reason."""
    for name, mail in all_mails("ru").items():
        (tmp_path / f"{name}.html").write_text(mail.html, "utf-8")
    files = sorted(map(str, tmp_path.glob("*.html")))
    completed = subprocess.run(  # noqa: S603
        [str(shutil.which("node")), str(HERE / "caniemail.mjs"), str(package), *files],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    lacking: dict[str, set[str]] = {}
    for found in json.loads(completed.stdout).values():
        for feature, clients in found.items():
            lacking.setdefault(feature, set()).update(clients)
    assert set(lacking) == set(ALLOWED)
    for feature, (clients, _) in ALLOWED.items():
        assert clients in (ANYWHERE, lacking[feature]), feature
