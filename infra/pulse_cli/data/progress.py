"""A progress bar for deletions."""

from __future__ import annotations

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from pulse_cli.terminal import make_console

__all__ = ["progress_bar"]


def progress_bar() -> Progress:
    """Return a progress bar on standard error, which disappears when it ends."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=make_console(stderr=True),
        transient=True,
    )
