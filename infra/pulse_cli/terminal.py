"""Consoles that print text as it is: no markup, and no control characters of strangers."""

from __future__ import annotations

from rich.console import Console

__all__ = ["make_console", "one_line"]


_JOINER = "\N{ZERO WIDTH JOINER}"
"""Holds together what is shown as one emoji."""


def make_console(*, stderr: bool = False) -> Console:
    """Give a console that takes text as text: no markup, no emoji codes, no colours of its own."""
    return Console(highlight=False, markup=False, emoji=False, stderr=stderr)


def one_line(text: str) -> str:
    """Return one line of text without control characters, whatever stood in it."""
    shown = "".join(c for c in text if c.isprintable() or c.isspace() or c == _JOINER)
    return " ".join(shown.split())
