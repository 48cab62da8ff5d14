"""No output of a command contains a part of a token: not after success, a refusal or a crash."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import pytest

from pulse.x.credentials import TokenStore
from pulse_cli.simulated_aws.local_stack import LocalStack
from pulse_cli.x_access.token_input import VARIABLES
from tests.cli.command_runner import run, simulated, some_posts
from tests.secrecy.canary import PARTS, TOKEN, parts_in
from tests.secrecy.echoing_x import ECHO_ANSWERS, EchoingX
from tests.secrecy.log_capture import captured_output
from tests.simulations.faults.faulty_server import FaultyServer

COMMANDS = [
    ("connect", "@svyaz_help", "--dry-run"),
    ("connect", "@svyaz_help", "--json"),
    ("connect", "@svyaz_help", "--token", PARTS["consumer_key"]),
    ("connect", PARTS["bearer"]),
    ("doctor",),
    ("doctor", "--json", "--no-mail"),
    ("status",),
    ("push",),
    ("check", "pulse.yaml"),
]
OURS = replace(TOKEN, access_token="sim-700000001")
"""A token that the simulated X accepts as the account's own; its other parts are recognisable."""


def put(monkeypatch: pytest.MonkeyPatch, **parts: str | None) -> None:
    """Put a token into the environment, as a person does."""
    for name, part in parts.items():
        monkeypatch.setenv(VARIABLES[name], part or "")


@pytest.fixture
def echo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EchoingX]:
    """An X at PULSE_X_URL that, if asked to, sends back what it received."""
    echo = EchoingX(simulated(tmp_path / "echo", some_posts()))
    with FaultyServer(echo, lambda _: None) as server:
        monkeypatch.setenv("PULSE_X_URL", server.url)
        yield echo


@pytest.mark.parametrize("name", ["well", "401", "200 in HTML"])
def test_commands(
    healthy_stack: LocalStack, echo: EchoingX, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Whether X works or sends the token back, no command prints or logs a part of it."""
    echo.answer = ECHO_ANSWERS.get(name)
    token = TOKEN if echo.answer else OURS
    put(monkeypatch, **{part: getattr(token, part) for part in VARIABLES})
    TokenStore(boto3.client("ssm"), healthy_stack.outputs["TokensPath"]).put("svyaz_help", token)
    leaks = {}
    with captured_output() as captured:
        for command in COMMANDS:
            result = run(*command)
            assert result.out + result.err
            leaks[command] = parts_in("\n".join([result.out, result.err, *captured.lines()]))
    assert {command: parts for command, parts in leaks.items() if parts} == {}
    assert "consumer_key" in parts_in("".join(echo.seen))


@pytest.mark.parametrize("name", ["well", "403 in HTML"])
def test_try(echo: EchoingX, monkeypatch: pytest.MonkeyPatch, name: str, tmp_path: Path) -> None:
    """`pulse try` writes no part of the token to the screen, the log or the digest."""
    echo.answer = ECHO_ANSWERS.get(name)
    token = TOKEN if echo.answer else OURS
    put(monkeypatch, **{part: getattr(token, part) for part in VARIABLES})
    with captured_output() as captured:
        result = run("try", "@svyaz_help", "--yes", "--out", "seen")
    assert (result.code == 0) == (echo.answer is None)
    files = [file.read_text("utf-8") for file in (tmp_path / "seen").glob("*")]
    assert bool(files) == (echo.answer is None)
    assert parts_in("\n".join([result.out, result.err, *captured.lines(), *files])) == set()
    assert "consumer_key" in parts_in("".join(echo.seen))


CRASH = """
import http.client
def getresponse(self): raise RuntimeError("a bug of somebody's")
http.client.HTTPConnection.getresponse = getresponse
"""


def test_a_command_that_crashes(tmp_path: Path) -> None:
    """The traceback of a crash in a library names the error, but no part of the token."""
    (tmp_path / "sitecustomize.py").write_text(CRASH, "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as mute:
        env = {
            **{variable: PARTS[part] for part, variable in VARIABLES.items()},
            "PULSE_X_URL": f"http://127.0.0.1:{mute.getsockname()[1]}",
            "PYTHONPATH": str(tmp_path),
            "PATH": os.environ["PATH"],
        }
        command = "from pulse_cli.main import main; main()"
        completed = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-c", command, "connect", "@svyaz_help", "--dry-run"],
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert completed.returncode == 1
    assert "Traceback" in completed.stderr
    assert "a bug of somebody's" in completed.stderr
    assert parts_in(completed.stdout + completed.stderr) == set()
