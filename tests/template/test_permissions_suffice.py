"""What the handlers ask of AWS in an hour with waits, alerts and a digest, they may."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from pulse_cli.laptop.sam import ROOT
from pulse_cli.simulated_x import Archive
from pulse_cli.stand_in.stack import create, load_template

from .rehearsal import Rehearsal
from .test_permissions import _listed, statements

ARCHIVE = ROOT / "infra" / "archive"
# What an hour does not show, and must be allowed all the same.
SELDOM = {
    # Lambda takes the messages, in the name of the function.
    "poll": {
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "dynamodb:DeleteItem",  # a post that is gone on X
    },
    # A new policy may change when what is finished goes; a critical wait comes after four hours.
    "flag": {"dynamodb:UpdateItem"},
    "send": {"sns:Publish"},
}

DEAD_LETTERS = {"Fn::GetAtt": ["DeadLetters", "Arn"]}
BEGIN = datetime(2026, 11, 2, 8, 55, tzinfo=UTC)


@pytest.fixture(scope="module")
def rehearsal() -> Iterator[Rehearsal]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("POWERTOOLS_SERVICE_NAME", "pulse")
        patch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Pulse")
        with mock_aws():
            boto3.setup_default_session()
            boto3.client("sesv2").create_email_identity(EmailIdentity="pulse@example.com")
            yield _an_hour(Rehearsal(create(load_template()), Archive.load(ARCHIVE), BEGIN))
            boto3.DEFAULT_SESSION = None


def _an_hour(rehearsal: Rehearsal) -> Rehearsal:
    companies = json.loads((ARCHIVE / "companies.json").read_text())
    rehearsal.push(companies, keep="30 d")
    for _ in range(16):
        rehearsal.minute(timedelta(minutes=5))
    start = (rehearsal.now - timedelta(hours=2)).isoformat()
    rehearsal.run("digest", {"now": {"company": "svyaz", "to": ["head"], "start": start}})
    rehearsal.run("send", {})
    rehearsal.now += timedelta(days=1)
    rehearsal.run("figures", {})
    return rehearsal


def test_every_function_asked_for_something(rehearsal: Rehearsal) -> None:
    assert set(rehearsal.asked) == set(rehearsal.stack.functions)
    assert ("ses:SendRawEmail", False) in rehearsal.asked["send"]


@pytest.fixture
def allowed(resources: dict[str, Any], name: str) -> set[tuple[str, bool]]:
    """Give what a function may do, and whether on the index; what Lambda needs itself apart."""
    given = statements(resources[f"{name.capitalize()}Role"]["Properties"])
    return {
        (action, on_index)
        for one in given
        if one["Resource"] != DEAD_LETTERS
        for action in _listed(one["Action"])
        for on_index in (False, True)
        if not on_index or "/index/" in str(one["Resource"])
    }


NAMES = sorted(load_template().functions)


@pytest.mark.parametrize("name", NAMES)
def test_it_may(rehearsal: Rehearsal, allowed: set[tuple[str, bool]], name: str) -> None:
    assert rehearsal.asked[name] <= allowed


@pytest.mark.parametrize("name", NAMES)
def test_it_may_no_more(rehearsal: Rehearsal, allowed: set[tuple[str, bool]], name: str) -> None:
    asked = {action for action, _ in rehearsal.asked[name]}
    assert {action for action, _ in allowed} - asked == SELDOM.get(name, set())
