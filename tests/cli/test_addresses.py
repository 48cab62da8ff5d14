"""`pulse addresses` lists and lifts suppressions; `status` and `doctor` report them as well."""

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


def suppress(stack: LocalStack, *suppressions: Suppression) -> None:
    table = Table(boto3.client("dynamodb"), stack.table, INDEX)
    for suppression in suppressions:
        Outbox(table).mark_returned(None, "", [suppression])


def test_when_mail_reaches_everybody(deployed: LocalStack) -> None:
    """If no address is suppressed, it says so, even before the first push."""
    result = run("addresses")
    assert (result.code, result.out) == (0, "Pulse writes to every address.\n")


def test_it_lists_who_since_when_and_why(pushed: Table, deployed: LocalStack) -> None:  # noqa: F811
    """Each suppressed address has its people, its time and the reason that SES gave."""
    suppress(deployed, ANNA, EVE)
    result = run("addresses")
    assert result.code == 0
    assert result.out.splitlines() == [
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


def test_it_lifts_an_address_and_mentions_the_suppression_list_of_ses(deployed: LocalStack) -> None:
    """Lifting ignores upper case and leaves the other address; lifting twice is an error."""
    suppress(deployed, ANNA, EVE)
    result = run("addresses", "--lift", "Anna@Example.com")
    assert result.code == 0
    assert "Pulse writes to anna@example.com again" in result.out
    assert "aws sesv2 delete-suppressed-destination --email-address anna@example.com" in result.out
    assert [row["address"] for row in run("addresses", "--json").json["addresses"]] == [EVE.address]
    again = run("addresses", "--lift", "anna@example.com")
    assert (again.code, again.out) == (1, "")
    assert again.err == (
        "pulse: email to anna@example.com was not stopped; "
        "run pulse addresses to list stopped addresses\n"
    )
    assert run("addresses", "--lift", EVE.address, "--json").json["lifted"] == EVE.address


def test_status_shows_addresses_of_the_settings(pushed: Table, deployed: LocalStack) -> None:  # noqa: F811
    """The status of the company shows its own suppressed address, but not one that nobody has."""
    assert "Email stopped nobody" in lines(run("status"))
    suppress(deployed, ANNA, EVE)
    result = run("status")
    assert max(map(len, result.out.splitlines())) <= 80
    assert "anna@example.com since 02 Nov 09:16, bounce: Permanent" in " ".join(lines(result))
    assert EVE.address not in result.out
    [company] = run("status", "--json").json["companies"]
    assert [row["address"] for row in company["stopped"]] == [ANNA.address]


def test_doctor_says_how_to_fix_it(healthy_stack: LocalStack) -> None:
    """The doctor reports an address of ours that bounced as failed."""
    assert findings(run("doctor", "--json", "--no-mail"))["addresses"] == (
        "OK",
        "Pulse writes to every address",
        None,
    )
    suppress(healthy_stack, ANNA, EVE)
    result = run("doctor", "--json", "--no-mail")
    assert result.code == 1
    known = findings(result)
    status, text, fix = known[f"address {ANNA.address}"]
    assert status == "FAIL"
    assert "has not written to it since 2026-11-02 09:16 UTC, because email to it bounced" in text
    lift = "pulse addresses --lift anna@example.com"
    assert fix == f"change the address in pulse.yaml and push, or run {lift}"
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
def test_status_shows_billed_reads(
    deployed: LocalStack, pulse_yaml: Path, limit: str, line: str
) -> None:
    """Reads of both accounts are added up by month and shown against the budget, if any."""
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
