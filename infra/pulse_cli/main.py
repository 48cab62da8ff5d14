"""The `pulse` command: each subcommand is a module of `pulse_cli.commands`, loaded when called."""

from __future__ import annotations

import importlib
import sys
from typing import ClassVar

import click

from pulse_cli.errors import CommandError


class Commands(click.Group):
    """Finds a subcommand by its name, so that `pulse --help` does not import them all."""

    places: ClassVar[dict[str, tuple[str, str]]] = {
        "demo": ("demo", "Show the main job on a made-up day."),
        "replay": ("replay", "Run the deployed handlers over a post archive."),
        "try": ("try_out", "See what Pulse would say of your accounts' last day."),
        "local": ("local", "Run AWS and X on this machine, for the built functions."),
        "check": ("check", "Check the settings before they are pushed."),
        "schema": ("check", "Print the settings' JSON Schema, for editors."),
        "push": ("push", "Put checked settings into force."),
        "invoke": ("invoke", "Run a built function under Lambda's runtime."),
        "connect": ("connect", "Test a token for X and store it."),
        "doctor": ("doctor", "Look whether a deployed stack can do its work."),
        "status": ("status", "Show how polls, waits and mail stand."),
        "addresses": ("addresses", "Show whom mail does not reach, and give addresses back."),
        "forget": ("forget", "Remove one person's posts from all that is kept."),
        "export": ("export", "Give a company everything that is kept of it."),
        "drop": ("drop", "Remove all that is kept of a company that is no longer watched."),
    }
    """By name: the module of the command, and what it does in a line."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Names of all commands, in the order in which a newcomer meets them."""
        return list(self.places)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name, or None."""
        if name not in self.places:
            return None
        module = importlib.import_module(f"pulse_cli.commands.{self.places[name][0]}")
        command: click.Command = getattr(module, name if name != "try" else "try_out")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """A line each, without looking at the commands themselves."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, told) for name, (_, told) in self.places.items()])


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
    except CommandError as problem:
        click.echo(f"pulse: {problem}", err=True)
        sys.exit(1)
