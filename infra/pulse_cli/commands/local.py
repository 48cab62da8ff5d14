"""`pulse local`: runs AWS and X on this machine for the built functions."""

from __future__ import annotations

import json
import signal
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from pulse_cli.errors import CommandError
from pulse_cli.laptop import local_env, local_services
from pulse_cli.laptop.sam import ROOT
from pulse_cli.settings import check_file
from pulse_cli.settings.defaults import default_settings
from pulse_cli.simulated_x import ArchiveError, VocabularyName

__all__ = ["local"]

_SAMPLE = ROOT / "infra" / "archive"
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_PATH = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("archive", type=_FOLDER, default=_SAMPLE, required=False)
@click.option("--settings", type=_FILE, help="Settings to use.  [default: made for the archive]")
@click.option(
    "--begun",
    metavar="MINUTES",
    default=60,
    show_default=True,
    help="How many minutes ago the first post was published.",
)
@click.option("--vocabulary", type=click.Choice(["tweet", "post", "mixed"]), default="tweet")
@click.option(
    "--env",
    type=_PATH,
    default=local_env.RUNNING,
    help="File to write the functions' variables to.",
)
@click.option(
    "--port-aws", default=local_env.AWS_PORT, show_default=True, help="0 means any free port."
)
@click.option(
    "--port-x", default=local_env.X_PORT, show_default=True, help="0 means any free port."
)
def local(
    *,
    archive: Path,
    settings: Path | None,
    begun: int,
    vocabulary: VocabularyName,
    env: Path,
    port_aws: int,
    port_x: int,
) -> None:
    """Run a stand-in AWS (moto) and a simulated X on this machine until you press Ctrl-C.

    X serves the posts of ARCHIVE as if the first one had been published --begun minutes ago. AWS
    has the table, queues and topic of template.yaml, the settings and tokens. Both can be reached
    from this machine only. `pulse invoke` finds them through the variables written to --env.
    """
    begins = datetime.now(UTC) - timedelta(minutes=begun)
    try:
        posts = local_services.load_shifted(archive, begins)
        document = _document(archive, settings)
    except (ArchiveError, OSError, ValueError) as error:
        raise CommandError(str(error)) from error
    with local_services.run_services(posts, port_aws, port_x, vocabulary) as running:
        running.push(document)
        local_env.write_env(running.stack, env)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        try:
            _print_addresses(running, env)
            threading.Event().wait()
        except KeyboardInterrupt:
            click.echo("\nStopped.")
        finally:
            env.unlink(missing_ok=True)


def _document(archive: Path, settings: Path | None) -> dict[str, Any]:
    if settings is None:
        document = default_settings(json.loads((archive / "companies.json").read_text("utf-8")))
        return {"companies": [one | {"look_back": "24 h"} for one in document["companies"]]}
    checked = check_file(settings)
    if checked.document is None:
        raise CommandError(f"{settings} has errors; run pulse check {settings} to see them")
    return checked.document


def _print_addresses(running: local_services.LocalServices, env: Path) -> None:
    click.echo(
        f"AWS answers at {running.aws_url}, X at {running.x_url}. Press Ctrl-C to stop them."
    )
    if env == local_env.RUNNING:
        click.echo("In another terminal, run pulse invoke dispatch, pulse invoke poll, and so on.")
    else:
        click.echo(f"In another terminal, run pulse invoke dispatch --env {env}")
