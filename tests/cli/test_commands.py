"""Every command has help and a section in docs/commands.md."""

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
    """Return the section of docs/commands.md on one command."""
    found = re.search(rf"^## `pulse {name}`\n(.*?)(?=^## |\Z)", DOCS, re.DOTALL | re.MULTILINE)
    assert found, f"docs/commands.md has no section of pulse {name}"
    return found[1]


def test_the_docs_list_these_commands_and_no_others() -> None:
    assert re.findall(r"^## `pulse ([a-z]+)`$", DOCS, re.MULTILINE) == NAMES
    assert re.findall(r"^\| \[`([a-z]+)`\]\(#pulse-\1\) \|", DOCS, re.MULTILINE) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_it_has_help_and_a_section_in_the_docs(name: str) -> None:
    one = command(name)
    assert one.name == name
    assert one.help, f"pulse {name} has no help"
    text = section(name)
    assert f"pulse {name}" in text
    assert "```\n" in text, "no example"
    assert "Exits with 0" in text, "no exit codes"


def test_help_is_complete_and_imports_no_command() -> None:
    """`pulse --help` prints a line for each command and imports none of them."""
    code = "import sys; from pulse_cli.main import main; main()"
    arguments = [sys.executable, "-X", "importtime", "-c", code, "--help"]
    result = subprocess.run(arguments, capture_output=True, text=True, check=True)  # noqa: S603
    for name, (_, summary) in Commands.places.items():
        assert re.search(rf"^  {name} +{re.escape(summary)}$", result.stdout, re.MULTILINE)
    assert "pulse_cli.errors" in result.stderr
    assert "pulse_cli.commands" not in result.stderr


@pytest.mark.parametrize("name", NAMES)
def test_the_docs_show_options_that_exist(name: str) -> None:
    options = {option for parameter in command(name).params for option in parameter.opts}
    examples = re.findall(rf"^pulse {name} .*$", section(name), re.MULTILINE)
    shown = set(re.findall(r"--[a-z-]+", " ".join(examples)))
    assert shown <= options, f"pulse {name} has no {shown - options}"


def test_an_unknown_command() -> None:
    result = run("pull")
    assert result.code == 2
    assert "No such command 'pull'" in result.err
