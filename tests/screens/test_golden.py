"""Golden files of mails. After an intended change: set PULSE_GOLDEN=write, then read the diff."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.screens.sample_mails import FAULT_KINDS, all_mails

if TYPE_CHECKING:
    from pulse.kernel.company import Language

GOLDEN = Path(__file__).parent / "golden"
HTML = {"alert", "shift", "quiet", "trouble_token", "probe"}
TEXT = (
    HTML
    | {"reminder", "weekly", "hostile"}
    | {f"trouble_{kind}" for kind in (*FAULT_KINDS, "of_posts")}
)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_mails_match_their_golden_files(language: Language) -> None:
    """Each sample mail is rendered exactly as in its golden file."""
    for name, mail in all_mails(language).items():
        if name in TEXT:
            text = f"Subject: {mail.subject}\nPreheader: {mail.preheader}\n\n{mail.text}"
            _compare(f"{name}.{language}.txt", text)
        if name in HTML:
            _compare(f"{name}.{language}.html", mail.html)


def _compare(name: str, found: str) -> None:
    path = GOLDEN / name
    if os.environ.get("PULSE_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(found.encode())
    assert found == path.read_bytes().decode(), f"{name}: see the docstring of this file"
