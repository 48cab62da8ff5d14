"""`pulse invoke` and `pulse local`: what they say when something is missing."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pulse_cli import local_env
from pulse_cli.commands.invoke import invoke
from pulse_cli.commands.local import local


def run(command: Any, *arguments: str) -> Result:
    return CliRunner(mix_stderr=False).invoke(command, arguments)


def test_no_such_function() -> None:
    result = run(invoke, "dispatcher")
    assert result.exit_code == 1
    assert "there are dispatch, poll" in result.stderr


def test_nothing_listens(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    env = tmp_path / "env.json"
    env.write_text(json.dumps({"Dispatch": {"AWS_ENDPOINT_URL": url}}))
    result = run(invoke, "dispatch", "--env", str(env))
    assert result.exit_code == 1
    assert f"Nothing answers at {url}" in result.stderr
    assert "pulse local" in result.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not an object of objects"),
        ('{"Dispatcher": {}}', "no function 'Dispatcher'"),
        ('{"Dispatch": {"AWS_ENDPOINT_URL": "somewhere"}}', "'somewhere' is no address"),
        ('{"Poll": {}}', "has no variables of dispatch"),
    ],
)
def test_a_wrong_environment(tmp_path: Path, text: str, said: str) -> None:
    env = tmp_path / "env.json"
    env.write_text(text)
    result = run(invoke, "dispatch", "--env", str(env))
    assert result.exit_code == 1
    assert said in result.stderr


def test_an_event_that_is_no_json(tmp_path: Path) -> None:
    (tmp_path / "env.json").write_text('{"Dispatch": {}}')
    (tmp_path / "event.json").write_text("{")
    files = ("--env", str(tmp_path / "env.json"), "--event", str(tmp_path / "event.json"))
    result = run(invoke, "dispatch", *files)
    assert result.exit_code == 1
    assert "event.json is not JSON" in result.stderr


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        result = run(local, "--port-aws", port, "--port-x", "0")
    assert result.exit_code == 1
    assert "--port-aws" in result.stderr


def test_an_archive_that_is_none(tmp_path: Path) -> None:
    result = run(local, str(tmp_path))
    assert result.exit_code == 1
    assert "companies.json" in result.stderr


@pytest.fixture
def running_command() -> Iterator[dict[str, dict[str, str]]]:
    """Run `pulse local` as a person does, and give the environment that it writes."""
    if local_env.RUNNING.exists():
        pytest.skip("a pulse local of yours is running")
    command = "from pulse_cli.commands.local import local; local()"
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-c", command, "--port-aws", "0", "--port-x", "0"],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    try:
        for _ in range(600):
            if local_env.RUNNING.exists() or process.poll() is not None:
                break
            time.sleep(0.1)
        yield json.loads(local_env.RUNNING.read_text())
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 0
    assert not local_env.RUNNING.exists()


@pytest.mark.built
@pytest.mark.usefixtures("built", "running_command")
def test_invoke_talks_to_local() -> None:
    assert json.loads(run(invoke, "dispatch").stdout)["tasks"] >= 2
    answer = json.loads(run(invoke, "poll", "--json").stdout)
    assert answer["payload"]["new"] >= 1
    assert answer["init_ms"] > 0
    while (result := run(invoke, "poll")).exit_code == 0:
        pass
    assert "No poll is due" in result.stderr


@pytest.mark.built
@pytest.mark.usefixtures("built", "running_command")
def test_invoke_fails_when_the_function_does(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text('{"Records": []}')
    result = run(invoke, "poll", "--event", str(event))
    assert result.exit_code == 1
    assert "IndexError" in result.stdout
