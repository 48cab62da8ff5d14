"""`pulse addresses`: whom mail does not reach, and how it does again; what others say of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from pulse.dynamodb.table import Table
from pulse.listening.cursor import Cursor
from pulse.listening.store import CursorStore
from pulse.outbox.store.outbox import Outbox
from pulse.outbox.suppressions import Suppression
from pulse_cli.simulated_aws.local_stack import LocalStack
from pulse_cli.stack.deployment import INDEX
from tests.cli.command_runner import SETTINGS, run
from tests.cli.healthy_stack import findings

from .test_status import lines, pushed  # noqa: F401 - a fixture

SINCE = datetime(2026, 11, 2, 9, 16, tzinfo=UTC)
ANNA = Suppression(
    "anna@example.com", "bounce", SINCE, "Permanent: smtp; 550\x1b[31m no user", "m1"
)
EVE = Suppression(
    "eve@else.example", "complaint", SINCE - timedelta(days=1), "Complaint abuse", "m2"
)


def stop(stack: LocalStack, *blocks: Suppression) -> None:
    table = Table(boto3.client("dynamodb"), stack.table, INDEX)
    for block in blocks:
        Outbox(table).mark_returned(None, "", [block])


def test_when_mail_reaches_everybody(deployed: LocalStack) -> None:
    """Given no address that bounced, also before the first push, then it says so."""
    said = run("addresses")
    assert (said.code, said.out) == (0, "Pulse writes to every address.\n")


def test_it_lists_who_since_when_and_why(pushed: Table, deployed: LocalStack) -> None:  # noqa: F811
    """Given two that came back, then each has its people, its day and what SES said."""
    stop(deployed, ANNA, EVE)
    said = run("addresses")
    assert said.code == 0
    assert said.out.splitlines() == [
        (
            "eve@else.example (nobody in the settings): "
            "email was marked as spam at 2026-11-01 09:16 UTC"
        ),
        "  Complaint abuse",
        "anna@example.com (anna of svyaz): email bounced at 2026-11-02 09:16 UTC",
        "  Permanent: smtp; 550[31m no user",
        "To allow email to an address again, run pulse addresses --lift ADDRESS.",
    ]
    listed = run("addresses", "--json").json
    assert listed["addresses"][1] == {
        "address": "anna@example.com",
        "people": ["anna of svyaz"],
        "kind": "bounce",
        "since": "2026-11-02T09:16:00+00:00",
        "said": ANNA.reason,
        "message_id": "m1",
    }


def test_it_gives_an_address_back_and_speaks_of_ses_s_own_list(deployed: LocalStack) -> None:
    """Given one address that is lifted, however spelt, then the other stays."""
    stop(deployed, ANNA, EVE)
    said = run("addresses", "--lift", "Anna@Example.com")
    assert said.code == 0
    assert "Pulse writes to anna@example.com again" in said.out
    assert "aws sesv2 delete-suppressed-destination --email-address anna@example.com" in said.out
    assert [row["address"] for row in run("addresses", "--json").json["addresses"]] == [EVE.address]
    again = run("addresses", "--lift", "anna@example.com")
    assert (again.code, again.out) == (1, "")
    assert again.err == (
        "pulse: email to anna@example.com was not stopped; "
        "run pulse addresses to list stopped addresses\n"
    )
    assert run("addresses", "--lift", EVE.address, "--json").json["lifted"] == EVE.address


def test_status_names_those_of_the_settings(pushed: Table, deployed: LocalStack) -> None:  # noqa: F811
    """Given one of ours and one of nobody, then only ours stands in the company's status."""
    assert "Email stopped nobody" in lines(run("status"))
    stop(deployed, ANNA, EVE)
    said = run("status")
    assert max(map(len, said.out.splitlines())) <= 80
    assert "anna@example.com since 02 Nov 09:16, bounce: Permanent" in " ".join(lines(said))
    assert EVE.address not in said.out
    [company] = run("status", "--json").json["companies"]
    assert [row["address"] for row in company["stopped"]] == [ANNA.address]


def test_doctor_says_how_to_mend_it(healthy_stack: LocalStack) -> None:
    """Given an address of ours that bounced, then the doctor fails on it."""
    assert findings(run("doctor", "--json", "--no-mail"))["addresses"] == (
        "OK",
        "Pulse writes to every address",
        None,
    )
    stop(healthy_stack, ANNA, EVE)
    said = run("doctor", "--json", "--no-mail")
    assert said.code == 1
    known = findings(said)
    status, words, mend = known[f"address {ANNA.address}"]
    assert status == "FAIL"
    assert "has not written to it since 2026-11-02 09:16 UTC, because email to it bounced" in words
    lift = "pulse addresses --lift anna@example.com"
    assert mend == f"change the address in pulse.yaml and push, or run {lift}"
    assert f"address {EVE.address}" not in known


@pytest.mark.parametrize(
    ("limit", "line"),
    [
        ("", "Reads from X 12,340 this month (UTC), 7 last month"),
        (
            "    reads_per_month: 15000\n",
            "Reads from X 12,340 of 15,000 this month (82 %), 7 last month",
        ),
    ],
)
def test_status_says_what_reading_came_to(
    deployed: LocalStack, pulse_yaml: Path, limit: str, line: str
) -> None:
    """Given reads of two months by two accounts, then they add up, against a budget if there is."""
    pulse_yaml.write_text(SETTINGS + limit, "utf-8")
    assert run("push").code == 0
    now = datetime.now(UTC)
    before = now.replace(day=1) - timedelta(days=1)
    accounts = CursorStore(Table(boto3.client("dynamodb"), deployed.table, INDEX))
    for account, count in (("700000001", 12_000), ("700000002", 340)):
        cursor = Cursor(account, now, last_ok=now).add_reads(count, now)
        reads = {**cursor.reads, f"{before:%Y-%m}": 7 if count == 340 else 0}
        accounts.save(Cursor(account, now, last_ok=now, reads=reads))
    assert line in lines(run("status"))
