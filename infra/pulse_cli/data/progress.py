"""A progress bar for deletions."""

from __future__ import annotations

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from pulse_cli.terminal import make_console

__all__ = ["progress_bar"]


def progress_bar() -> Progress:
    """Return a bar that counts on standard error, and is gone in the end."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=make_console(stderr=True),
        transient=True,
    )
