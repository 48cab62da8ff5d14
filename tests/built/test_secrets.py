"""In Lambda's own runtime, no secret is revealed, even if every logger logs everything."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pulse.x.credentials import TokenStore
from pulse_cli.laptop.emulator import Emulator
from pulse_cli.laptop.local_services import LocalServices
from tests.secrecy.canary import AWS, TOKEN, parts_in
from tests.secrecy.echoing_x import ECHO_ANSWERS, EchoingX
from tests.simulations.faults.faulty_server import FaultyServer

from .test_functions import document

__all__ = ["document"]

pytestmark = [pytest.mark.built, pytest.mark.usefixtures("built")]

VERBOSE = "import logging; logging.Logger.isEnabledFor = lambda self, level: True"
"""Logs everything, whatever levels are set before or after."""


def test_a_poll_with_the_most_verbose_logs(
    running: LocalServices, document: dict[str, Any], tmp_path: Path
) -> None:
    """Whether X works or sends the token back, the log and the result have no part of it."""
    (tmp_path / "sitecustomize.py").write_text(VERBOSE, "utf-8")
    running.push(document)
    [account, *_] = document["companies"][0]["accounts"]
    env = {**running.stack.env["poll"], **AWS, "PYTHONPATH": str(tmp_path)}
    TokenStore(running.client("ssm"), env["PULSE_TOKENS"]).put(account["username"], TOKEN)
    task = {
        "company": document["companies"][0]["name"],
        "account_id": account["id"],
        "kind": "poll",
    }
    minute = datetime.now(UTC).replace(second=0, microsecond=0)
    event = {"Records": [{"body": json.dumps(task | {"minute": minute.isoformat()})}]}
    echo = EchoingX(running.x)
    with (
        FaultyServer(echo, lambda _: None) as x,
        Emulator("poll", env | {"PULSE_X_URL": x.url}) as poll,
    ):
        success = poll.invoke(event)
        echo.answer = ECHO_ANSWERS["401"]
        refused = poll.invoke(event)
    assert success.payload["troubles"] == []
    assert all("[hidden]" in problem for problem in refused.payload["troubles"])
    assert "left unsaid" in success.logs
    assert parts_in(json.dumps([*success, *refused])) == set()
    assert parts_in("".join(echo.seen)) == {"consumer_key", "access_token"}
