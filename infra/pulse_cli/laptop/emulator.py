"""Runs a built function as Lambda does, under AWS's Runtime Interface Emulator, without Docker.

The emulator comes with the AWS SAM CLI; besides it, only Lambda's own Python is needed.
"""

from __future__ import annotations

import http.client
import importlib.util
import json
import platform
import re
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from pulse_cli.errors import CommandError
from pulse_cli.laptop.runtime import lambda_python
from pulse_cli.laptop.sam import BUILD
from pulse_cli.template import Function, load_template

__all__ = ["Emulator", "EmulatorError", "Invocation"]

_INVOCATIONS = "/2015-03-31/functions/function/invocations"
_START_SECONDS = 15.0
_INIT = re.compile(r"INIT REPORT\(durationMs: ([\d.]+)\)")

_EMULATORS = {
    ("linux", "x86_64"): "aws-lambda-rie-x86_64",
    ("linux", "aarch64"): "aws-lambda-rie-arm64",
}

# What Lambda sets besides the function's own environment.
_LAMBDA_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "PATH": "/usr/bin:/bin",
    "LANG": "en_US.UTF-8",
    "TZ": ":UTC",
    "PYTHONDONTWRITEBYTECODE": "1",  # /var/task cannot be written to
}


class EmulatorError(CommandError):
    """A function cannot be run; the message says what to do."""


class Invocation(NamedTuple):
    """The result of one event: the answer, what the function printed, and its cold start in ms."""

    payload: Any
    logs: str
    init_ms: float


class Emulator:
    """One built function, as a context manager in which it can be invoked.

    Making and entering it raises EmulatorError if the function is not built or does not start, and
    BuildError if there is no Python to run it on.

    with Emulator("dispatch", env) as dispatch:
        payload, logs, init_ms = dispatch.invoke({})
    """

    def __init__(self, name: str, env: dict[str, str], *, build: Path = BUILD) -> None:
        self._function = _function(name)
        self._artifact = build / self._function.resource
        if not (self._artifact / f"{name}.py").exists():
            raise EmulatorError(f"{name} is not built; run make build first")
        self._env = env
        self._port = 0
        self._running = ExitStack()

    def __enter__(self) -> Self:
        self._output = self._running.enter_context(tempfile.TemporaryFile())
        self._errors = self._running.enter_context(tempfile.TemporaryFile())
        self._port, api = _free_ports(2)
        addresses = {"runtime-interface-emulator": self._port, "runtime-api": api}
        flags = [
            part
            for key, port in addresses.items()
            for part in (f"--{key}-address", f"127.0.0.1:{port}")
        ]
        process = subprocess.Popen(  # noqa: S603 - our own programs, no shell
            [
                _emulator_path(),
                *flags,
                lambda_python(),
                "-m",
                "awslambdaric",
                self._function.handler,
            ],
            cwd=self._artifact,
            env=self._environment(),
            stdout=self._output,
            stderr=self._errors,
        )
        self._running.callback(process.wait)
        self._running.callback(process.terminate)
        # The emulator does not tell when it is ready, so its port is tried until it accepts a
        # connection, or until the process has ended.
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return self
            time.sleep(0.02)
        output = _read(self._errors)
        self._running.close()
        raise EmulatorError(f"the emulator did not start: {output[-300:]}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._running.close()

    def invoke(self, event: Any) -> Invocation:
        """Send one event and return the answer; as on Lambda, never send two at once.

        Raises:
            EmulatorError: the emulator did not answer in time, or not with JSON.
        """
        before = self._output.seek(0, 2), self._errors.seek(0, 2)
        # The emulator ends the function at its time-out; a cold start comes on top of it.
        patience = self._function.timeout + _START_SECONDS
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=patience)
        try:
            connection.request("POST", _INVOCATIONS, json.dumps(event))
            payload = json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise EmulatorError(f"{self._function.name} did not answer: {error}") from error
        finally:
            connection.close()
        init = _INIT.search(_read(self._errors))
        return Invocation(payload, self._logs(*before), float(init[1]) if init else 0.0)

    def _logs(self, output: int, errors: int) -> str:
        """Return what the function printed, without the emulator's own lines, marked (rapid)."""
        lines = _read(self._errors, errors).splitlines(keepends=True)
        return _read(self._output, output) + "".join(one for one in lines if "(rapid)" not in one)

    def _environment(self) -> dict[str, str]:
        function = self._function
        return _LAMBDA_ENVIRONMENT | {
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
            "AWS_LAMBDA_LOG_GROUP_NAME": "/pulse/local",
            "LAMBDA_TASK_ROOT": str(self._artifact),
            "HOME": tempfile.gettempdir(),
            **self._env,
        }


def _function(name: str) -> Function:
    functions = load_template().functions
    if name not in functions:
        raise EmulatorError(f"there is no function {name!r}; available: {', '.join(functions)}")
    return functions[name]


def _emulator_path() -> Path:
    spec = importlib.util.find_spec("samcli")
    if spec is None or spec.origin is None:
        raise EmulatorError("the AWS SAM CLI is not installed; run make setup")
    name = _EMULATORS.get((sys.platform, platform.machine()))
    if name is None:
        raise EmulatorError(
            "the emulator runs on Linux only; on other systems use sam local invoke"
        )
    return Path(spec.origin).parent / "local" / "rapid" / name


def _free_ports(count: int) -> list[int]:
    # All are open at once, so that no port is returned twice. Another program may still take one
    # before the emulator does; then the emulator does not start, and reports it.
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _read(file: Any, start: int = 0) -> str:
    file.seek(start)
    return str(file.read().decode(errors="replace"))
