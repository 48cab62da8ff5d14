"""`pulse invoke` and `pulse local`: that they work together, and their errors."""

import json
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

from pulse_cli.commands.invoke import invoke
from pulse_cli.commands.local import local
from pulse_cli.errors import CommandError
from pulse_cli.x_access.token_input import VARIABLES
from tests.secrecy.canary import PARTS, parts_in


def run(command: Any, *arguments: str) -> Result:
    return CliRunner(mix_stderr=False).invoke(command, arguments)


def problem(command: Any, *arguments: str) -> str:
    result = run(command, *arguments)
    assert isinstance(result.exception, CommandError)
    return str(result.exception)


def test_no_such_function() -> None:
    assert "available: dispatch, poll" in problem(invoke, "dispatcher")


def test_a_function_with_a_topic_needs_an_event() -> None:
    assert "use --event infra/events/feedback.json" in problem(invoke, "feedback")


def test_nothing_listens(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    env = tmp_path / "env.json"
    env.write_text(json.dumps({"Dispatch": {"AWS_ENDPOINT_URL": url}}))
    message = problem(invoke, "dispatch", "--env", str(env))
    assert f"nothing answers at {url}" in message
    assert "pulse local" in message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "is not an object of objects"),
        ('{"Dispatcher": {}}', "no function 'Dispatcher'"),
        ('{"Dispatch": {"AWS_ENDPOINT_URL": "somewhere"}}', "'somewhere' is not a URL"),
        ('{"Poll": {}}', "has no variables for dispatch"),
    ],
)
def test_an_invalid_environment(tmp_path: Path, text: str, expected: str) -> None:
    env = tmp_path / "env.json"
    env.write_text(text)
    assert expected in problem(invoke, "dispatch", "--env", str(env))


@pytest.mark.built
@pytest.mark.usefixtures("built")
def test_an_event_that_is_not_json(tmp_path: Path) -> None:
    (tmp_path / "env.json").write_text('{"Dispatch": {}}')
    (tmp_path / "event.json").write_text("{")
    files = ("--env", str(tmp_path / "env.json"), "--event", str(tmp_path / "event.json"))
    assert "event.json is not JSON" in problem(invoke, "dispatch", *files)


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert "--port-aws" in problem(local, "--port-aws", port, "--port-x", "0")


def test_an_invalid_archive(tmp_path: Path) -> None:
    assert "companies.json" in problem(local, str(tmp_path))


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run `pulse local` as a person with a token does; yield the environment file it writes."""
    for part, variable in VARIABLES.items():
        monkeypatch.setenv(variable, PARTS[part])
    written = tmp_path / "running.json"
    command = "from pulse_cli.commands.local import local; local()"
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-c", command, "--port-aws", "0", "--port-x", "0", "--env", str(written)],
        stdout=subprocess.PIPE,
    )
    try:
        for _ in range(600):
            if written.exists() or process.poll() is not None:
                break
            time.sleep(0.1)
        yield str(written)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 0
    assert not written.exists()


@pytest.mark.built
@pytest.mark.usefixtures("built")
def test_invoke_talks_to_local(env: str) -> None:
    assert json.loads(run(invoke, "dispatch", "--env", env).stdout)["tasks"] >= 2
    answer = json.loads(run(invoke, "poll", "--json", "--env", env).stdout)
    assert answer["payload"]["new"] >= 1
    assert answer["init_ms"] > 0
    written = [json.dumps(answer), Path(env).read_text("utf-8")]
    while (result := run(invoke, "poll", "--env", env)).exit_code == 0:
        written += [result.stdout, result.stderr]
    assert "no poll is due" in str(result.exception)
    assert parts_in("".join(written)) == set()


@pytest.mark.built
@pytest.mark.usefixtures("built")
def test_invoke_fails_when_the_function_does(env: str, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text('{"Records": []}')
    result = run(invoke, "poll", "--event", str(event), "--env", env)
    assert result.exit_code == 1
    assert "IndexError" in result.stdout
