"""`pulse doctor` on mail: sandbox, quota, senders, recipients, the test mail."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from pulse_cli.doctor.ses import judge_account, judge_identity
from pulse_cli.simulated_aws.local_stack import LocalStack
from pulse_cli.simulated_x import SimulatedX
from tests.cli.command_runner import SETTINGS, run
from tests.cli.healthy_stack import VERIFIED, findings, mails

Posts = Callable[..., SimulatedX]
HEALTHY = {
    "EnforcementStatus": "HEALTHY",
    "ProductionAccessEnabled": True,
    "SendingEnabled": True,
    "SendQuota": {"Max24HourSend": 50_000.0, "SentLast24Hours": 3.0},
}


def test_the_test_mail_goes_to_the_given_address(healthy_stack: LocalStack) -> None:
    result = run("doctor", "--mail", "me@example.org", "--json")
    assert result.json["ok"] is True
    assert "test email to me@example.org" in findings(result)
    assert set(mails()[0].destinations) == {"me@example.org"}


def test_no_mail_when_none_is_wanted(healthy_stack: LocalStack) -> None:
    assert run("doctor", "--no-mail").code == 0
    assert not mails()


def test_in_the_sandbox_every_recipient_must_be_verified(
    healthy_stack: LocalStack, ses_account: Callable[..., None], pulse_yaml: Path
) -> None:
    ses_account(production=False)
    pulse_yaml.write_text(SETTINGS.replace("anna@example.com", "anna@example.org"), "utf-8")
    run("push")
    result = run("doctor", "--json")
    by_name = findings(result)
    assert by_name["SES sandbox"][0] == "WARN"
    assert by_name["recipient anna@example.org"] == (
        "FAIL",
        "the address is not verified and SES is in the sandbox, so email to it is refused",
        "aws sesv2 create-email-identity --email-identity anna@example.org",
    )
    assert "recipient boris@example.com" not in by_name


def test_shadow_mode_is_reported_and_gets_the_test_mail(
    healthy_stack: LocalStack, pulse_yaml: Path
) -> None:
    until = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    shadow = f"    shadow: {{to: anna, until: {until}}}\n"
    pulse_yaml.write_text(SETTINGS + shadow, "utf-8")
    assert run("push").code == 0
    result = run("doctor", "--json")
    assert findings(result)["shadow mode of svyaz"][0] == "WARN"
    assert set(mails()[0].destinations) == {"anna@example.com"}


def test_a_sender_that_the_stack_may_not_use(healthy_stack: LocalStack, pulse_yaml: Path) -> None:
    pulse_yaml.write_text(SETTINGS + "    sender: Svyaz <care@example.com>\n", "utf-8")
    run("push")
    status, text, fix = findings(run("doctor", "--json", "--no-mail"))["sender care@example.com"]
    assert (status, text) == (
        "FAIL",
        "svyaz sends from this address, but the stack is not allowed to",
    )
    assert fix == "deploy again with Senders=pulse@example.com,care@example.com"


def test_a_mail_that_ses_refuses(healthy_stack: LocalStack) -> None:
    boto3.client("sesv2").delete_email_identity(EmailIdentity="example.com")
    by_name = findings(run("doctor", "--json"))
    status, text, fix = by_name["test email to boris@example.com"]
    assert status == "FAIL"
    assert text.startswith("SES refused the email: MessageRejected")
    assert fix


@pytest.mark.parametrize(
    ("changes", "what", "status"),
    [
        ({}, "SES sandbox", "OK"),
        ({"ProductionAccessEnabled": False}, "SES sandbox", "WARN"),
        ({"SendingEnabled": False}, "SES account", "FAIL"),
        ({"EnforcementStatus": "PROBATION"}, "SES account", "WARN"),
        ({"EnforcementStatus": "SHUTDOWN"}, "SES account", "FAIL"),
        ({"SendQuota": {"Max24HourSend": 200, "SentLast24Hours": 159}}, "SES quota", "OK"),
        ({"SendQuota": {"Max24HourSend": 200, "SentLast24Hours": 160}}, "SES quota", "WARN"),
        ({"SendQuota": {"Max24HourSend": 200, "SentLast24Hours": 200}}, "SES quota", "FAIL"),
        ({"SendQuota": {"Max24HourSend": -1, "SentLast24Hours": 200}}, "SES quota", "OK"),
    ],
)
def test_the_account_as_ses_describes_it(changes: dict[str, Any], what: str, status: str) -> None:
    judged = {finding.what: finding for finding in judge_account(HEALTHY | changes)}
    assert judged[what].status == status
    assert (judged[what].fix is None) == (status == "OK")


@pytest.mark.parametrize(
    ("name", "changes", "status", "fix"),
    [
        ("example.com", {}, "OK", None),
        (None, {}, "FAIL", "--email-identity example.com"),
        (
            "a@example.com",
            {"VerifiedForSendingStatus": False, "VerificationStatus": "PENDING"},
            "FAIL",
            "open the link",
        ),
        (
            "example.com",
            {"VerifiedForSendingStatus": False, "VerificationStatus": "FAILED"},
            "FAIL",
            "to the domain's DNS",
        ),
        ("a@example.com", {"DkimAttributes": {"Status": "NOT_STARTED"}}, "WARN", "with DKIM"),
    ],
)
def test_a_sender_as_ses_describes_it(
    name: str | None, changes: dict[str, Any], status: str, fix: str | None
) -> None:
    [finding] = judge_identity("sender", "a@example.com", name, VERIFIED | changes)
    assert finding.status == status
    assert (fix is None and finding.fix is None) or (fix and fix in str(finding.fix))
