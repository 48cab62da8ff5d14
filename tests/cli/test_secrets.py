"""What a command writes holds no part of a token: not in good days, refusals, or when it dies."""

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
"""A token that the simulated X takes for the account's own; its other parts are known again."""


def put(monkeypatch: pytest.MonkeyPatch, **parts: str | None) -> None:
    """Put a token into the environment, as a person does."""
    for name, part in parts.items():
        monkeypatch.setenv(VARIABLES[name], part or "")


@pytest.fixture
def echo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EchoingX]:
    """An X that says back what it was sent, when told to, where PULSE_X_URL says."""
    echo = EchoingX(simulated(tmp_path / "echo", some_posts()))
    with FaultyServer(echo, lambda _: None) as server:
        monkeypatch.setenv("PULSE_X_URL", server.url)
        yield echo


@pytest.mark.parametrize("name", ["well", "401", "200 in HTML"])
def test_commands(
    healthy_stack: LocalStack, echo: EchoingX, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Given X well or saying the token back, then no command writes or logs a part of it."""
    echo.answer = ECHO_ANSWERS.get(name)
    token = TOKEN if echo.answer else OURS
    put(monkeypatch, **{part: getattr(token, part) for part in VARIABLES})
    TokenStore(boto3.client("ssm"), healthy_stack.outputs["TokensPath"]).put("svyaz_help", token)
    wrote = {}
    with captured_output() as heard:
        for command in COMMANDS:
            said = run(*command)
            assert said.out + said.err
            wrote[command] = parts_in("\n".join([said.out, said.err, *heard.lines()]))
    assert {command: parts for command, parts in wrote.items() if parts} == {}
    assert "consumer_key" in parts_in("".join(echo.seen))


@pytest.mark.parametrize("name", ["well", "403 in HTML"])
def test_try(echo: EchoingX, monkeypatch: pytest.MonkeyPatch, name: str, tmp_path: Path) -> None:
    """Given a first look at real accounts, then neither screen, log nor digest has a part of it."""
    echo.answer = ECHO_ANSWERS.get(name)
    token = TOKEN if echo.answer else OURS
    put(monkeypatch, **{part: getattr(token, part) for part in VARIABLES})
    with captured_output() as heard:
        said = run("try", "@svyaz_help", "--yes", "--out", "seen")
    assert (said.code == 0) == (echo.answer is None)
    files = [file.read_text("utf-8") for file in (tmp_path / "seen").glob("*")]
    assert bool(files) == (echo.answer is None)
    assert parts_in("\n".join([said.out, said.err, *heard.lines(), *files])) == set()
    assert "consumer_key" in parts_in("".join(echo.seen))


DIES = """
import http.client
def getresponse(self): raise RuntimeError("a bug of somebody's")
http.client.HTTPConnection.getresponse = getresponse
"""


def test_a_command_that_dies_of_a_bug(tmp_path: Path) -> None:
    """Given a bug in a library, a token in hand, then the traceback tells where, and no token."""
    (tmp_path / "sitecustomize.py").write_text(DIES, "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as mute:
        env = {
            **{variable: PARTS[part] for part, variable in VARIABLES.items()},
            "PULSE_X_URL": f"http://127.0.0.1:{mute.getsockname()[1]}",
            "PYTHONPATH": str(tmp_path),
            "PATH": os.environ["PATH"],
        }
        command = "from pulse_cli.main import main; main()"
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-c", command, "connect", "@svyaz_help", "--dry-run"],
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "a bug of somebody's" in done.stderr
    assert parts_in(done.stdout + done.stderr) == set()
