"""Consoles that print text as it is: no markup, and no control characters from strangers."""

from __future__ import annotations

from rich.console import Console

__all__ = ["make_console", "one_line"]


_JOINER = "\N{ZERO WIDTH JOINER}"
"""Joins characters that are shown as one emoji; it is not printable, but must stay."""


def make_console(*, stderr: bool = False) -> Console:
    """Return a console that prints text as it is: no markup, emoji codes or automatic colours."""
    return Console(highlight=False, markup=False, emoji=False, stderr=stderr)


def one_line(text: str) -> str:
    """Return the text as one line, without control characters."""
    shown = "".join(c for c in text if c.isprintable() or c.isspace() or c == _JOINER)
    return " ".join(shown.split())
