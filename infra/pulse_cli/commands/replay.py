"""`pulse replay`: runs the deployed handlers over a post archive."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from pulse_cli.replay.all_companies import replay_all
from pulse_cli.simulated_x import VocabularyName


class Instant(click.ParamType):
    """A time in ISO format; one without a zone is in UTC."""

    name = "ISO time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the time, in UTC."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a time; write 2017-10-31T12:00:00Z", param, ctx)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


@click.command()
@click.argument("archive", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--company",
    "companies",
    multiple=True,
    metavar="NAME",
    help="Company to replay; repeatable.  [default: all]",
)
@click.option("--since", type=Instant(), help="Start.  [default: the minute of the first post]")
@click.option(
    "--until", type=Instant(), help="End, inclusive.  [default: an hour after the last post]"
)
@click.option(
    "--settings",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A pulse.yaml.  [default: made from the archive's companies]",
)
@click.option(
    "--vocabulary",
    type=click.Choice(["tweet", "post", "mixed"]),
    default="tweet",
    show_default=True,
    help="Vocabulary of the simulated X's API.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder for state.json, run.json and mail/.",
)
def replay(
    archive: Path,
    companies: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    settings: Path | None,
    vocabulary: VocabularyName,
    out: Path,
) -> None:
    """Run the deployed handlers over a post ARCHIVE, on moto and a simulated X.

    The clock jumps from one minute in which something can happen to the next. Each company is
    replayed as a deployment of its own.
    """
    run = replay_all(archive, companies, since, until, settings, vocabulary, out)
    click.echo(
        (
            f"{run['conversations']} conversations, {run['open']} open; {run['messages_sent']} "
            f"emails in {out / 'mail'}; {run['failed_invocations']} failed invocations; "
            f"{run['wall_seconds']} s"
        ),
        err=True,
    )
