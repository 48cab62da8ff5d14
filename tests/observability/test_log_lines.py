"""Each line of the log names its invocation, and the company and account it is about."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from pulse.observability import telemetry
from pulse_cli.replay.lambda_service import LambdaContext
from tests.small_company import HELP, NEWS, Build, Posts, SmallCompany, at

Lines = list[dict[str, Any]]


@contextmanager
def new_process(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> Iterator[None]:
    """Give logger and metrics the state of a process that starts with this environment."""
    service = {"POWERTOOLS_SERVICE_NAME": "log-lines", "POWERTOOLS_METRICS_NAMESPACE": "Pulse"}
    telemetry.logger.cache_clear()
    telemetry.metrics.cache_clear()
    with monkeypatch.context() as patch:
        for name, value in (environment | service).items():
            patch.setenv(name, value)
        yield
    telemetry.logger.cache_clear()
    telemetry.metrics.cache_clear()


def run(here: SmallCompany, minute: float, *names: str) -> None:
    here.world.move_clock_to(at(minute))
    with here.world.counting_calls() as lambdas:
        for name in names:
            lambdas.invoke_scheduled(name)
    here.world.drain_queue()


def lines(capsys: pytest.CaptureFixture[str], prefix: str) -> Lines:
    printed = capsys.readouterr().out.splitlines()
    return [json.loads(line) for line in printed if line.startswith(prefix)]


def test_a_line_names_invocation_company_and_account(
    posts: Posts,
    small_company: Build,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Lines of polls name their company and account; lines of other functions name none."""
    here = small_company()
    with new_process(monkeypatch, {"POWERTOOLS_LOG_LEVEL": "INFO"}):
        run(here, 1, "dispatch")
        run(here, 2, "flag")
        found = lines(capsys, '{"level"')
    assert [line["function_name"] for line in found] == ["dispatch", "poll", "poll", "flag"]
    assert all(line["function_request_id"] for line in found)
    assert {(line["company"], line["account"]) for line in found[1:3]} == {
        ("acme", a.username) for a in here.world.company.accounts if a.id in (HELP, NEWS)
    }
    assert not {"company", "account"} & (found[0].keys() | found[3].keys())


def test_metrics_are_sent_when_a_handler_fails_and_not_when_there_are_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A failed invocation with a metric logs one line of metrics; one without metrics logs none."""

    @telemetry.reported
    def counting(event: Any, _context: Any) -> None:
        if event:
            telemetry.count("Counted", 3)
        raise ValueError

    with new_process(monkeypatch, {"POWERTOOLS_METRICS_DISABLED": "false"}):
        for event in (True, False):
            with pytest.raises(ValueError, match=r"^$"):
                counting(event, LambdaContext("counting", 1000))
        [sent] = lines(capsys, '{"_aws"')
    assert sent["Counted"] == [3]
    assert sent["service"] == "log-lines"
