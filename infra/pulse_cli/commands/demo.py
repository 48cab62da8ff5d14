"""`pulse demo`: shows the main job on a made-up day."""

from __future__ import annotations

import webbrowser
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from pulse_cli.terminal import make_console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pulse_cli.demo.script import Language, TimeRange
    from pulse_cli.demo.texts import DemoTexts

__all__ = ["demo"]

_MINUTE = timedelta(minutes=1)


@click.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("out/demo"),
    show_default=True,
    help="Folder for the archive (archive/) and the emails (mail/).",
)
@click.option("--lang", type=click.Choice(["en", "ru"]), default="en", show_default=True)
@click.option("--open", "to_open", is_flag=True, help="Open the emails in a browser at the end.")
def demo(*, out: Path, lang: Language, to_open: bool) -> None:
    """Show the main job on a made-up day: an outage at night, and who is alerted about it.

    The day has 26 hours of a telecom with one account for support and one for news, and about 400
    posts in Russian and English. The handlers that are deployed to AWS run on this machine: they
    poll a simulated X, store the posts, flag what is unanswered by age and email the people in
    charge. Nothing leaves this machine.

    The emails, and the posts as an archive for `pulse replay`, are written to the folder --out.
    The day is the same each time.
    """
    from pulse_cli.demo import mailbox, make_day  # noqa: PLC0415 - moto and boto3 take seconds
    from pulse_cli.demo.report import draw_next_steps, draw_report  # noqa: PLC0415
    from pulse_cli.demo.run import run_demo  # noqa: PLC0415
    from pulse_cli.demo.texts import DemoTexts  # noqa: PLC0415

    texts, day = DemoTexts(lang), make_day()
    with _progress(day.period, texts) as progress:
        result = run_demo(day, out, progress)
    mails = mailbox.write_pages(out / "mail", result.company, result.sent_mails)
    index = mailbox.write_index(mails, out / "mail", texts)
    console = make_console()
    console.print(draw_report(day, result, texts))
    console.print(draw_next_steps(out, index, len(mails), texts))
    if to_open:
        webbrowser.open(index.resolve().as_uri())


@contextmanager
def _progress(whole: TimeRange, texts: DemoTexts) -> Iterator[Callable[[datetime], None]]:
    """Show a bar over the hours of the day if standard error is a terminal.

    The block gets a function that moves the bar to a time of the day.
    """
    errors = make_console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    )
    with bar:
        task = bar.add_task(texts("starting"), total=whole.length / _MINUTE)

        def move_to(now: datetime) -> None:
            shown = texts("replaying", time=texts.time(now))
            bar.update(task, completed=(now - whole.start) / _MINUTE, description=shown)

        yield move_to
