"""`pulse try`: writes a digest about the last day of real accounts to disk."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from pulse.x.client import XClient
from pulse_cli import trial
from pulse_cli.commands.connect import Handle
from pulse_cli.errors import CommandError
from pulse_cli.stack.deployment import now
from pulse_cli.terminal import make_console
from pulse_cli.x_access import connection, prices, token_input

if TYPE_CHECKING:
    from pulse.kernel.company import Language
    from pulse.x.access import Token

__all__ = ["try_out"]


def _zone(_: click.Context, __: click.Parameter, value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise click.BadParameter(
            f"{value!r} is not a time zone; write for example Europe/Moscow"
        ) from None
    return value


@click.command("try")
@click.argument("handles", type=Handle(), nargs=-1, required=True, metavar="@HANDLE...")
@click.option("--official", type=Handle(), multiple=True, help="An account for news; repeatable.")
@click.option("--hours", type=click.IntRange(1, 144), default=24, show_default=True)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("out/try"),
    show_default=True,
    help="Folder for the digest.",
)
@click.option("--lang", type=click.Choice(["en", "ru"]), default="en", show_default=True)
@click.option(
    "--time-zone", default="UTC", callback=_zone, show_default=True, help="Time zone of the digest."
)
@click.option("--yes", is_flag=True, help="Do not ask before reading posts, which costs money.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def try_out(
    *,
    handles: tuple[str, ...],
    official: tuple[str, ...],
    hours: int,
    out: Path,
    lang: Language,
    time_zone: str,
    yes: bool,
    as_json: bool,
) -> None:
    """See what Pulse would report about the last day of @HANDLE..., before you deploy anything.

    The handlers that are deployed to AWS run on this machine. They read your accounts for customer
    support (@HANDLE...) and for news (--official) on X, and write a digest to a folder. Nothing is
    sent to anybody, and nothing is stored except the digest.

    The command needs a token in the environment: PULSE_X_BEARER, or PULSE_X_CONSUMER_KEY,
    PULSE_X_CONSUMER_SECRET, PULSE_X_ACCESS_TOKEN and PULSE_X_ACCESS_TOKEN_SECRET. Reading costs
    about 0.005 USD a post; the command shows the expected cost before it reads.

    Exits with 0 when there is a digest, otherwise with 1.
    """
    token = token_input.token_from_environment()
    if token is None:
        raise CommandError(
            "there is no token in the environment; set PULSE_X_BEARER, or all four of "
            "PULSE_X_CONSUMER_KEY, PULSE_X_CONSUMER_SECRET, PULSE_X_ACCESS_TOKEN, "
            "PULSE_X_ACCESS_TOKEN_SECRET"
        )
    url = connection.simulated_x_url()
    if url:
        click.echo(f"Using the simulated X at {url}, not the real X.", err=True)
    found, expected = _forecast(token, url, handles, official, hours)
    click.echo(expected.to_line(), err=True)
    if sys.stdin.isatty() and not yes:
        click.confirm("Read it?", default=True, abort=True, err=True)
    outcome = _run(token, url, found.settings(lang, time_zone, hours), hours, expected.pages)
    if not outcome.mails:
        raise CommandError("no digest was written; this is a bug in Pulse, please report it")
    for fault in outcome.faults:
        click.echo(f"X returned only a part of the posts: {fault}", err=True)
    _print_result(outcome, found, hours, out, as_json=as_json)


def _forecast(
    token: Token, url: str | None, handles: tuple[str, ...], official: tuple[str, ...], hours: int
) -> tuple[trial.TrialAccounts, trial.ReadForecast]:
    x = XClient(lambda: token, connection.x_adapter(url))
    found = trial.find_accounts(x, handles, official, is_user=token.is_user)
    moment = now()
    return found, trial.forecast_reads(x, found, moment - timedelta(hours=hours), moment)


def _run(
    token: Token, url: str | None, document: dict[str, object], hours: int, pages: int | None
) -> trial.TrialOutcome:
    errors = make_console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("pages"),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    )
    with bar:
        task = bar.add_task("Asking X", total=pages)
        adapter = connection.RecordingAdapter(
            connection.x_adapter(url), lambda _: bar.advance(task)
        )
        return trial.run_trial(
            document, token, adapter, hours, lambda what: bar.update(task, description=what)
        )


def _print_result(
    outcome: trial.TrialOutcome, found: trial.TrialAccounts, hours: int, out: Path, *, as_json: bool
) -> None:
    from pulse_cli.trial import report  # noqa: PLC0415

    files = report.write_files(outcome.mails, out)
    # X bills the posts that were read, at a lower price if the token's owner owns every account,
    # and each user that was looked up: our accounts, and the customers whom the digest names.
    owned = all(found.owner is not None and a.id == found.owner.id for a in found.accounts)
    cost = outcome.posts_read * (prices.OWNED_POST if owned else prices.POST)
    cost += (len(found.accounts) + len(outcome.worst)) * prices.USER
    if as_json:
        answer = report.as_json(outcome, cost) | {"files": [str(file) for file in files]}
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    handles = ", ".join(f"@{account.username}" for account in found.accounts)
    click.echo(f"The last {hours} h of {handles}")
    report.print_report(outcome, make_console())
    click.echo(
        f"\nThe digest is in {out}: open digest.html in a browser, or digest.eml in an "
        "email program."
    )
    click.echo(
        f"Pulse read {outcome.posts_read:,} posts on X, for about {prices.format_usd(cost)}."
    )
