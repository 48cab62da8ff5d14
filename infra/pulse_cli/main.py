"""The `pulse` command: each subcommand is a module of `pulse_cli.commands`, loaded when called."""

from __future__ import annotations

import importlib
import sys
from typing import ClassVar

import click

from pulse_cli.problems import ProblemError


class Commands(click.Group):
    """Finds a subcommand by its name, so that `pulse --help` does not import them all."""

    places: ClassVar[dict[str, str]] = {
        "demo": "demo",
        "replay": "replay",
        "try": "try_out",
        "local": "local",
        "check": "check",
        "schema": "check",
        "push": "push",
        "invoke": "invoke",
        "connect": "connect",
        "doctor": "doctor",
        "status": "status",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Names of all commands, in the order in which a newcomer meets them."""
        return list(self.places)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name, or None."""
        if name not in self.places:
            return None
        module = importlib.import_module(f"pulse_cli.commands.{self.places[name]}")
        command: click.Command = getattr(module, name if name != "try" else "try_out")
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pulse")
def pulse() -> None:
    """Nobody who speaks to your company on X waits unseen.

    Start with `pulse demo`. Before you deploy: `pulse try @handle`, `pulse check pulse.yaml`.
    """


def main() -> None:
    """Run the command; an error that a person can mend is one line on standard error."""
    try:
        pulse(prog_name="pulse")
    except ProblemError as problem:
        click.echo(f"pulse: {problem}", err=True)
        sys.exit(1)
