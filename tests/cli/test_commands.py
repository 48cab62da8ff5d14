"""Every command has words for a person, and stands in docs/commands.md."""

import re
import subprocess
import sys

import click
import pytest

from pulse_cli.main import Commands, pulse
from pulse_cli.template import TEMPLATE
from tests.cli.command_runner import run

DOCS = (TEMPLATE.parent / "docs" / "commands.md").read_text("utf-8")
NAMES = list(Commands.places)


def command(name: str) -> click.Command:
    found = pulse.get_command(click.Context(pulse), name)  # type: ignore[attr-defined]
    assert isinstance(found, click.Command)
    return found


def section(name: str) -> str:
    """What docs/commands.md says of one command."""
    found = re.search(rf"^## `pulse {name}`\n(.*?)(?=^## |\Z)", DOCS, re.DOTALL | re.MULTILINE)
    assert found, f"docs/commands.md has no section of pulse {name}"
    return found[1]


def test_the_docs_speak_of_no_other_command() -> None:
    assert re.findall(r"^## `pulse ([a-z]+)`$", DOCS, re.MULTILINE) == NAMES
    assert re.findall(r"^\| \[`([a-z]+)`\]\(#pulse-\1\) \|", DOCS, re.MULTILINE) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_it_has_help_and_stands_in_the_docs(name: str) -> None:
    one = command(name)
    assert one.name == name
    assert one.help, f"pulse {name} has no help"
    said = section(name)
    assert f"pulse {name}" in said
    assert "```\n" in said, "no example"
    assert "Exits with 0" in said, "no exit codes"


def test_help_is_there_at_once_and_whole() -> None:
    """Given `pulse --help`, then each command has its line, and none had to be imported."""
    code = "import sys; from pulse_cli.main import main; main()"
    asked = [sys.executable, "-X", "importtime", "-c", code, "--help"]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)  # noqa: S603
    for name, (_, told) in Commands.places.items():
        assert re.search(rf"^  {name} +{re.escape(told)}$", done.stdout, re.MULTILINE)
    assert "pulse_cli.errors" in done.stderr
    assert "pulse_cli.commands" not in done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_the_docs_show_options_that_there_are(name: str) -> None:
    options = {option for parameter in command(name).params for option in parameter.opts}
    examples = re.findall(rf"^pulse {name} .*$", section(name), re.MULTILINE)
    shown = set(re.findall(r"--[a-z-]+", " ".join(examples)))
    assert shown <= options, f"pulse {name} has no {shown - options}"


def test_a_command_that_is_none() -> None:
    said = run("pull")
    assert said.code == 2
    assert "No such command 'pull'" in said.err
