"""The built functions under Lambda's runtime, with an AWS and an X on loopback ports."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from pulse_cli.laptop.emulator import Emulator, EmulatorError, Invocation
from pulse_cli.laptop.local_services import LocalServices
from pulse_cli.settings.defaults import default_settings
from tests.ses import bounce, event

from .conftest import ARCHIVE

pytestmark = [pytest.mark.built, pytest.mark.usefixtures("built")]

Invoke = Callable[[str, Any], Invocation]


@pytest.fixture
def invoke(running: LocalServices) -> Invoke:
    def once(name: str, event: Any) -> Invocation:
        with Emulator(name, running.stack.env[name]) as function:
            return function.invoke(event)

    return once


@pytest.fixture
def document() -> dict[str, Any]:
    document = default_settings(json.loads((ARCHIVE / "companies.json").read_text()))
    return {"companies": [one | {"look_back": "24 h"} for one in document["companies"]]}


def records(running: LocalServices) -> list[dict[str, Any]]:
    """Take all polls that are due, as Lambda's event source would."""
    queue = running.stack.functions["poll"].queue
    assert queue
    sqs = running.client("sqs")
    found = []
    while messages := sqs.receive_message(QueueUrl=queue.url).get("Messages"):
        [message] = messages
        found.append({"Records": [{"messageId": "1", "body": message["Body"]}]})
        sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])
    return found


def test_from_a_tick_to_a_mail(
    running: LocalServices, invoke: Invoke, document: dict[str, Any]
) -> None:
    running.push(document)
    assert invoke("dispatch", {}).payload["tasks"] >= 2
    polls = [invoke("poll", event).payload for event in records(running)]
    assert sum(poll["new"] for poll in polls) >= 6
    assert all(poll["troubles"] == [] for poll in polls)
    assert "errorMessage" not in invoke("flag", {}).payload
    start = (datetime.now(UTC) - timedelta(hours=24)).isoformat()
    request = {"now": {"company": "svyaz", "to": ["head"], "start": start}}
    assert "errorMessage" not in invoke("digest", request).payload
    assert invoke("send", {}).payload["svyaz"]["sent"] == 1
    [mail] = ses_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].sent_messages
    assert set(mail.destinations) == {"head@svyaz.example"}
    notice = bounce(mail.id, "head@svyaz.example", datetime.now(UTC))
    [taken] = invoke("feedback", event(notice)).payload["taken"]
    assert (taken["ours"], taken["blocked"]) == (True, 1)
    assert "errorMessage" not in invoke("figures", {}).payload


def test_metrics_reach_the_log(
    running: LocalServices, invoke: Invoke, document: dict[str, Any]
) -> None:
    running.push(document)
    logs = invoke("send", {}).logs
    [line] = [json.loads(line) for line in logs.splitlines() if '"_aws"' in line]
    [metrics] = line["_aws"]["CloudWatchMetrics"]
    assert metrics["Namespace"] == "Pulse"
    assert metrics["Dimensions"] == [["service"]]
    assert line["service"] == running.stack.name
    assert "OutboxAge" in line


def test_before_the_first_push_no_task_is_made_and_the_log_says_why(invoke: Invoke) -> None:
    invocation = invoke("dispatch", {})
    assert invocation.payload == {"tasks": 0, "blind": [], "budget_used": 0}
    assert "pulse push" in invocation.logs


def test_a_missing_variable_is_an_error_that_names_it(running: LocalServices) -> None:
    env = {n: v for n, v in running.stack.env["dispatch"].items() if n != "PULSE_TABLE"}
    with Emulator("dispatch", env) as function:
        payload = function.invoke({}).payload
    assert payload["errorType"] == "MissingSettingError"
    assert "PULSE_TABLE" in payload["errorMessage"]


def test_a_cold_start_is_measured_once(running: LocalServices, document: dict[str, Any]) -> None:
    running.push(document)
    with Emulator("flag", running.stack.env["flag"]) as function:
        first, second = function.invoke({}), function.invoke({})
    assert first.init_ms == second.init_ms > 0
    assert first.payload == second.payload == {"svyaz": 0}


def test_a_function_that_ends_its_process_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "Dispatch").mkdir()
    (tmp_path / "Dispatch" / "dispatch.py").write_text(
        "import sys\ndef handler(event, context):\n    sys.exit(event['code'])\n"
    )
    with Emulator("dispatch", {}, build=tmp_path) as function:
        assert "errorMessage" in function.invoke({"code": 3}).payload


def test_a_function_that_is_not_built_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EmulatorError, match="make build"):
        Emulator("dispatch", {}, build=tmp_path)


def test_an_unknown_function_is_an_error() -> None:
    with pytest.raises(EmulatorError, match="available: dispatch, poll"):
        Emulator("dispatcher", {})
