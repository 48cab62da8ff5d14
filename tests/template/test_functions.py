"""Functions: SAM accepts any runtime, handler and schedule, so they are checked here."""

import ast
import re
from typing import Any

import pytest

from pulse_cli.laptop.sam import ROOT
from pulse_cli.template import Template
from tests.template.schedule_expressions import is_schedule

FUNCTIONS = ROOT / "functions"


def functions(resources: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        name: one["Properties"]
        for name, one in resources.items()
        if one["Type"] == "AWS::Lambda::Function"
    }


def test_runtime_and_architecture_are_those_of_the_build(resources: dict[str, Any]) -> None:
    for properties in functions(resources).values():
        assert properties["Runtime"] == "python3.13"
        assert properties["Architectures"] == ["x86_64"]


def test_every_handler_exists_and_every_file_is_a_handler(template: Template) -> None:
    assert {one.name for one in template.functions.values()} == {
        path.stem for path in FUNCTIONS.glob("*.py")
    }
    for one in template.functions.values():
        module, _, name = one.handler.rpartition(".")
        tree = ast.parse((FUNCTIONS / f"{module}.py").read_text(encoding="utf-8"))
        defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert name in defined, one.handler


def test_the_environment_is_what_the_app_reads(template: Template) -> None:
    app = (FUNCTIONS / "pulse" / "app.py").read_text(encoding="utf-8")
    read = set(re.findall(r'"(PULSE_[A-Z_]+)"', app))
    given = {key for one in template.functions.values() for key in one.environment}
    assert {key for key in given if key.startswith("PULSE_")} == read


def test_every_function_has_what_powertools_and_the_table_need(template: Template) -> None:
    for one in template.functions.values():
        assert one.environment["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}
        assert one.environment["POWERTOOLS_METRICS_NAMESPACE"] == "Pulse"
        assert one.environment["POWERTOOLS_LOG_LEVEL"] == {"Ref": "LogLevel"}
        assert one.environment["PULSE_TABLE"] == {"Ref": "Table"}


def test_the_index_has_one_name(template: Template, resources: dict[str, Any]) -> None:
    [index] = resources["Table"]["Properties"]["GlobalSecondaryIndexes"]
    for one in template.functions.values():
        assert one.environment["PULSE_INDEX"] == index["IndexName"]


def test_each_function_runs_by_a_schedule_a_queue_or_a_topic(template: Template) -> None:
    for one in template.functions.values():
        assert [bool(one.schedules), bool(one.queue), bool(one.topic)].count(True) == 1, one.name


def test_aws_accepts_all_schedules(template: Template) -> None:
    assert all(is_schedule(text) for texts in template.schedules.values() for text in texts)


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("rate(1 minute)", True),
        ("rate(5 minutes)", True),
        ("rate(1 minutes)", False),
        ("rate(0 minutes)", False),
        ("rate(2 fortnights)", False),
        ("cron(* * * * ? *)", True),
        ("cron(40 0 * * ? *)", True),
        ("cron(0/15 9-17 ? * MON-FRI *)", True),
        ("cron(* * * * * *)", False),
        ("cron(* * * * *)", False),
        ("cron(60 0 * * ? *)", False),
        ("cron(0 24 * * ? *)", False),
        ("cron(0 0 ? * 0 *)", False),
        ("every minute", False),
    ],
)
def test_schedule_syntax(text: str, valid: bool) -> None:
    assert is_schedule(text) is valid


def test_functions_that_run_every_minute_end_within_a_minute(template: Template) -> None:
    for one in template.functions.values():
        if one.schedules == ("cron(* * * * ? *)",):
            assert one.timeout < 60, one.name


def test_one_parameter_stops_all_schedules(resources: dict[str, Any]) -> None:
    schedules = [one for one in resources.values() if one["Type"] == "AWS::Scheduler::Schedule"]
    assert schedules
    for one in schedules:
        assert one["Properties"]["State"] == {"Ref": "Schedules"}
        assert one["Properties"]["GroupName"] == {"Ref": "ScheduleGroup"}
        assert one["Properties"]["FlexibleTimeWindow"] == {"Mode": "OFF"}
        assert one["Properties"]["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] >= 60


EVERY_MINUTE = (60, 3, 120, 0)
TIMEOUT_AND_RETRIES = {
    "dispatch": (30, *EVERY_MINUTE),
    "poll": (50,),
    "flag": (50, *EVERY_MINUTE),
    "send": (50, *EVERY_MINUTE),
    "digest": (50, *EVERY_MINUTE),
    "feedback": (50, 21600, 2),
    "figures": (600, 21600, 20, 21600, 2),
    "comply": (540, 300, 3, 120, 0),
}
"""By function: its timeout in seconds; then, of the scheduler and of Lambda, for how many seconds
and how often an invocation is retried. What the next run does anyway is not retried for long."""


def test_timeouts_and_retries(template: Template, resources: dict[str, Any]) -> None:
    """After a moment without AWS, invocations are retried, but old ones do not pile up."""
    scheduler: dict[str, tuple[int, int]] = {}
    invoker: dict[str, tuple[int, int]] = {}
    for one in resources.values():
        match one:
            case {"Type": "AWS::Scheduler::Schedule", "Properties": {"Target": target}}:
                scheduler[target["Arn"]["Fn::GetAtt"][0]] = _limits(target["RetryPolicy"])
            case {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": config}:
                invoker[config["FunctionName"]["Ref"]] = _limits(config)
    found = {
        one.name: (one.timeout, *scheduler.get(one.resource, ()), *invoker.get(one.resource, ()))
        for one in template.functions.values()
    }
    assert found == TIMEOUT_AND_RETRIES


def _limits(policy: dict[str, Any]) -> tuple[int, int]:
    return policy["MaximumEventAgeInSeconds"], policy["MaximumRetryAttempts"]
