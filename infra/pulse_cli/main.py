"""The `pulse` command: each subcommand is a module of `pulse_cli.commands`, loaded when called."""

from __future__ import annotations

import importlib
import sys
from typing import ClassVar

import click

from pulse.kernel.errors import PulseError
from pulse_cli.errors import CommandError


class Commands(click.Group):
    """Finds a subcommand by its name, so that `pulse --help` does not import them all."""

    places: ClassVar[dict[str, tuple[str, str]]] = {
        "demo": ("demo", "Show the main job on a made-up day."),
        "replay": ("replay", "Run the deployed handlers over a post archive."),
        "try": ("try_out", "See what Pulse would report about your accounts' last day."),
        "local": ("local", "Run AWS and X on this machine for the built functions."),
        "check": ("check", "Check the settings before you push them."),
        "schema": ("check", "Print the JSON Schema of the settings for editors."),
        "push": ("push", "Check the settings and put them into force."),
        "invoke": ("invoke", "Run a built function in the Lambda runtime."),
        "connect": ("connect", "Test an X token and store it."),
        "doctor": ("doctor", "Check whether a deployed stack can do its job."),
        "status": ("status", "Show the state of polls, waiting customers and email."),
        "addresses": (
            "addresses",
            "Show addresses that email no longer goes to, or allow one again.",
        ),
        "forget": ("forget", "Remove one person's posts from all stored data."),
        "export": ("export", "Export everything that is stored about a company."),
        "drop": ("drop", "Remove all stored data of a company that is no longer watched."),
    }
    """By command name: the module in `pulse_cli.commands`, and what the command does in a line."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of all commands, in the order in which a newcomer needs them."""
        return list(self.places)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        """Return the command of that name, None if there is none."""
        if name not in self.places:
            return None
        module = importlib.import_module(f"pulse_cli.commands.{self.places[name][0]}")
        command: click.Command = getattr(module, name if name != "try" else "try_out")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write a line for each command, without importing the commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in self.places.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pulse")
def pulse() -> None:
    """Alert your team before anyone who writes to your company on X is left without an answer.

    Start with `pulse demo`. Before you deploy, run `pulse try @handle` and `pulse check
    pulse.yaml`.
    """


def main() -> None:
    """Run the command; an error of Pulse becomes one line on standard error and exit code 1."""
    try:
        pulse(prog_name="pulse")
    except (CommandError, PulseError) as problem:
        click.echo(f"pulse: {problem}", err=True)
        sys.exit(1)
