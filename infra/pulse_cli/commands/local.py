"""`pulse local`: AWS and X on this machine, for the built functions to talk to."""

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
@click.option("--settings", type=_FILE, help="Settings to push.  [default: made for the archive]")
@click.option(
    "--begun",
    metavar="MINUTES",
    default=60,
    show_default=True,
    help="When the first post was published.",
)
@click.option("--vocabulary", type=click.Choice(["tweet", "post", "mixed"]), default="tweet")
@click.option("--env", type=_PATH, default=local_env.RUNNING, help="Where to write variables.")
@click.option("--port-aws", default=local_env.AWS_PORT, show_default=True, help="0: any free one.")
@click.option("--port-x", default=local_env.X_PORT, show_default=True, help="0: any free one.")
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
    """Run an AWS (moto) and an X on this machine until Ctrl-C.

    X serves the posts of ARCHIVE as if the first had been published --begun minutes ago. AWS holds
    the table, queues and topic of template.yaml, settings and tokens. Only this machine can reach
    them. `pulse invoke` finds them by the environment that is written to --env.
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
        for ends in (signal.SIGINT, signal.SIGTERM):
            signal.signal(ends, signal.default_int_handler)
        try:
            _say(running, env)
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
        raise CommandError(f"{settings} has errors: pulse check {settings} names them.")
    return checked.document


def _say(running: local_services.LocalServices, env: Path) -> None:
    click.echo(f"AWS answers at {running.aws_url}, X at {running.x_url}; Ctrl-C stops them.")
    if env == local_env.RUNNING:
        click.echo("Now, in another terminal: pulse invoke dispatch, pulse invoke poll ...")
    else:
        click.echo(f"Now, in another terminal: pulse invoke dispatch --env {env}")
