"""`pulse local`: AWS and X on this machine, for the built functions to talk to."""

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from pulse_cli import local_env, locally
from pulse_cli.sam import ROOT
from pulse_cli.settings import examine
from pulse_cli.settings.made import document_for
from pulse_cli.simulated_x import ArchiveError, VocabularyName

__all__ = ["local"]

_SAMPLE = ROOT / "infra" / "archive"
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("archive", type=_FOLDER, default=_SAMPLE, required=False)
@click.option("--settings", type=_FILE, help="Settings to push.  [default: made for the archive]")
@click.option("--begun", metavar="MINUTES", default=60, show_default=True, help="See above.")
@click.option("--vocabulary", type=click.Choice(["tweet", "post", "mixed"]), default="tweet")
@click.option("--port-aws", default=local_env.AWS_PORT, show_default=True, help="0: any free one.")
@click.option("--port-x", default=local_env.X_PORT, show_default=True, help="0: any free one.")
def local(
    *,
    archive: Path,
    settings: Path | None,
    begun: int,
    vocabulary: VocabularyName,
    port_aws: int,
    port_x: int,
) -> None:
    """Run an AWS (moto) and an X on this machine until Ctrl-C.

    X serves the posts of ARCHIVE as if the first had been published --begun minutes ago. AWS holds
    the table, queues and topic of template.yaml, settings and tokens. Only this machine can reach
    them. Then, in another terminal: pulse invoke dispatch, pulse invoke poll ...
    """
    begins = datetime.now(UTC) - timedelta(minutes=begun)
    try:
        document = _document(archive, settings)
        posts = locally.moved(archive, begins)
    except (ArchiveError, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    with locally.run(posts, port_aws, port_x, vocabulary) as running:
        running.push(document)
        _write(local_env.document(running.stack))
        try:
            _say(running)
            threading.Event().wait()
        except KeyboardInterrupt:
            click.echo("\nStopped.")
        finally:
            local_env.RUNNING.unlink(missing_ok=True)


def _document(archive: Path, settings: Path | None) -> dict[str, Any]:
    if settings is None:
        document = document_for(json.loads((archive / "companies.json").read_text("utf-8")))
        return {"companies": [one | {"look_back": "24 h"} for one in document["companies"]]}
    checked = examine(settings)
    if checked.document is None:
        raise click.ClickException(f"{settings} has errors: pulse check {settings} names them.")
    return checked.document


def _write(document: dict[str, dict[str, str]]) -> None:
    local_env.RUNNING.parent.mkdir(exist_ok=True)
    local_env.RUNNING.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _say(running: locally.Local) -> None:
    where = local_env.RUNNING.relative_to(ROOT)
    click.echo(f"AWS answers at {running.aws_url}, X at {running.x_url}; Ctrl-C stops them.")
    click.echo(f"Each function's environment is in {where}, where pulse invoke finds it.")
