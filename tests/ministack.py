"""Runs ministack, AWS as a local process, for tests in which moto is wrong: concurrency, queues."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

REGION = "us-east-1"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}
_STARTED_WITHIN = 60.0
_NOT_OURS = ("AWS_", "PULSE_", "PYTHON")
"""Variables of a developer's environment that must not reach boto3, Pulse and Python here."""
_RUN = """
import runpy, sys
from ministack.services import scheduler
sys.executable = sys.argv.pop(1)  # runs functions with it
scheduler._SCHEDULE_TICK_INTERVAL = 1  # seconds after a minute has begun, not 10
runpy.run_module("ministack", run_name="__main__")
"""


@dataclass(frozen=True)
class Ministack:
    """The URL of a running ministack, and its log file."""

    url: str
    log: Path

    def client(self, service: str, **more: Any) -> Any:
        """Return a client of one service; threads may share it, as it has many connections."""
        session = boto3.Session("test", "test", region_name=REGION)
        config = Config(max_pool_connections=64, retries={"total_max_attempts": 1})
        return session.client(service, endpoint_url=self.url, config=config, **more)


@contextmanager
def ministack(folder: Path, python: Path | str = sys.executable, **env: str) -> Iterator[Ministack]:
    """Run ministack on a free port of 127.0.0.1 until the block ends; `env` are its settings.

    It runs functions, each in a process of its own, with `python` and what is installed there.
    """
    port = free_port()
    log = folder / "ministack.log"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_OURS)}
    settings = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",  # binds all interfaces
        "SFTP_ENABLED": "0",
        "STATE_DIR": str(folder / "state"),
        **env,
    }
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own program, no shell
            [sys.executable, "-c", _RUN, str(python)],
            env={**clean, **settings},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_for(process, port, log)
        yield Ministack(f"http://127.0.0.1:{port}", log)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """Find a port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def _wait_for(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    end = time.monotonic() + _STARTED_WITHIN
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise RuntimeError(f"ministack did not start:\n{log.read_text()[-2000:]}")
