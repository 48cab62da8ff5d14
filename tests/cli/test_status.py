"""`pulse status` shows the state of each company, as it is in the table."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from pulse.audit.entries import LogEntry
from pulse.audit.store import AuditLog
from pulse.conversations.facts import ConversationKey, Flag, Mention
from pulse.conversations.store.conversations import ConversationStore
from pulse.dynamodb.table import Table
from pulse.kernel.policy import Level, Policy
from pulse.listening.cursor import Cursor
from pulse.listening.store import CursorStore
from pulse.outbox.entries import Entry
from pulse.outbox.mailbox import Completion, Mailbox
from pulse.outbox.store.outbox import Outbox
from pulse.x.access import Limit
from pulse.x.faults import OpenFault
from pulse_cli.simulated_aws.local_stack import LocalStack
from pulse_cli.stack.deployment import INDEX
from pulse_cli.stack.status_view import format_age
from tests.cli.command_runner import CommandResult, run
from tests.conversations.conversation_writers import company

MINUTE = timedelta(minutes=1)
POLICY = Policy(
    levels=(
        Level("warning", 15 * MINUTE, ("anna",)),
        Level("breach", 60 * MINUTE, ("anna",)),
        Level("critical", 240 * MINUTE, ("boris",)),
    ),
    groups={},
)


def lines(result: CommandResult) -> list[str]:
    return [" ".join(line.split()) for line in result.out.splitlines()]


@pytest.fixture
def pushed(deployed: LocalStack, pulse_yaml: Path) -> Table:
    """A stack with settings, and its table."""
    assert run("push").code == 0
    return Table(boto3.client("dynamodb"), deployed.table, INDEX)


@pytest.fixture
def busy(pushed: Table) -> datetime:
    """A busy stack: three waits, a fault, a gap, quarantined posts, postponed and refused mail."""
    now = datetime.now(UTC)
    healthy = Cursor(
        "700000001",
        watched_from=now - timedelta(days=2),
        last_ok=now - MINUTE,
        limits={"mentions": Limit(287, now + 5 * MINUTE), "posts": Limit(1, now - MINUTE)},
    )
    since = now - 30 * MINUTE
    faulty = Cursor(
        "700000002",
        watched_from=now - timedelta(days=2),
        last_ok=since,
        faults={"mentions": OpenFault("credits", "402 [none]", since, 3, now + MINUTE)},
    )
    for cursor in (healthy, faulty):
        CursorStore(pushed).save(cursor)
    facts = {}
    for number, minutes in ((1, 400), (2, 90), (3, 1)):
        at = now - minutes * MINUTE
        key = ConversationKey("svyaz", str(number), "9")
        facts[key] = [Mention(str(number), str(number), at, "help", frozenset({"700000001"}))]
    facts[ConversationKey("svyaz", "1", "9")].append(Flag("critical", frozenset({"1"}), now, now))
    ConversationStore(pushed).add(facts, company(POLICY, None, "svyaz"))
    outbox = Outbox(pushed)
    for person, kind in (("anna", "alert"), ("boris", "trouble")):
        outbox.put(Entry("1", "svyaz", person, kind, now - 7 * MINUTE))
    claimed = outbox.claim("svyaz", "anna", now, now + MINUTE) or Mailbox("svyaz", "anna")
    postponed = replace(claimed, not_before=now + 4 * MINUTE, failures=2)
    outbox.complete(Completion(postponed))
    refused = {"person": "anna", "address": "anna@example.com", "detail": "no", "final": True}
    gap = {
        "account": "svyaz",
        "start": (now - 99 * MINUTE).isoformat(),
        "end": (now - 90 * MINUTE).isoformat(),
        "reason": "blind",
    }
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    rows = [
        LogEntry("undelivered", now - MINUTE, refused),
        LogEntry("undelivered", now - 2 * MINUTE, refused | {"final": False}),
        LogEntry("gap", now - 90 * MINUTE, gap),
        *(
            LogEntry("aside", midnight, {"account": "svyaz", "reason": "`id` is 7", "raw": n})
            for n in range(2)
        ),
    ]
    AuditLog(pushed).append("svyaz", rows)
    return now


def test_before_anything_was_pushed(deployed: LocalStack) -> None:
    result = run("status")
    assert result.code == 1
    assert result.err == "pulse: no settings are in force on pulse; run pulse push pulse.yaml\n"


def test_before_the_first_poll(pushed: Table) -> None:
    result = run("status")
    assert result.code == 0
    output = lines(result)
    assert "@svyaz_help support never unknown none" in output
    assert "Waiting nobody; everyone has been answered" in output
    assert "Outbox nothing is queued" in output


def test_a_busy_stack_in_80_columns(busy: datetime) -> None:
    result = run("status", "--company", "svyaz")
    assert result.code == 0
    assert max(map(len, result.out.splitlines())) <= 80
    output = lines(result)
    joined = " ".join(output)
    assert "@svyaz_help support 1 min ago 287 mentions none" in output
    assert "mentions: credits since" in joined
    assert "[none]" in joined
    assert "Waiting 3, longest 6 h 40 min" in output
    assert "under 15 min 1 · 15-60 min 0 · 1-4 h 1 · 4-24 h 1 · over 24 h 0" in output
    assert "critical 1 · breach 0 · warning 0 · not alerted 2" in output
    assert "Outbox 2 queued (1 alert, 1 trouble), oldest 7 min" in output
    assert "anna: postponed until" in joined
    assert "after 2 failed attempts" in joined
    assert "gap: @svyaz" in joined
    assert "2 x `id` is 7" in output
    assert "anna <anna@example.com>: no" in joined


def test_control_characters_from_others_are_not_printed(busy: datetime, pushed: Table) -> None:
    """Texts of X and of a mail server are printed without their control characters."""
    controls = "\x1b[2J\x1b]0;owned\x07\x9b31m"
    refused = {
        "person": "anna",
        "address": "a@b.example",
        "detail": f"550{controls}",
        "final": True,
    }
    AuditLog(pushed).append("svyaz", [LogEntry("undelivered", busy, refused)])
    open_fault = OpenFault("unavailable", f"503{controls}", busy, 1, busy)
    cursor = CursorStore(pushed).load(["700000002"])["700000002"]
    CursorStore(pushed).save(replace(cursor, faults={"mentions": open_fault}))
    result = run("status")
    assert "550[2J" in result.out
    assert "503[2J" in "".join(result.out.split())
    assert not {"\x1b", "\x07", "\x9b"} & set(result.out)


def test_json_says_the_same(busy: datetime) -> None:
    result = run("status", "--json")
    assert result.json["settings_version"] == 1
    [company] = result.json["companies"]
    healthy, faulty = company["accounts"]
    assert healthy["limits"].keys() == {"mentions"}
    assert faulty["troubles"][0]["kind"] == "credits"
    assert company["backlog"]["levels"] == {"critical": 1, "breach": 0, "warning": 0}
    assert company["outbox"]["by_kind"] == {"alert": 1, "trouble": 1}
    assert company["watch"]["minutes"] == 1440
    assert company["watch"]["watched"] == pytest.approx(1440 - 9 - 29, abs=2)
    assert company["aside"]["posts"] == 2
    assert len(company["undelivered"]) == 1


def test_an_unknown_company(busy: datetime) -> None:
    result = run("status", "--company", "acme")
    assert result.code == 1
    assert "no company 'acme'; available: svyaz" in result.err


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (59.9, "59 s"), (61, "1 min"), (7260, "2 h 1 min"), (90_061, "1 day 1 h")],
)
def test_how_long_ago(seconds: float, expected: str) -> None:
    assert format_age(seconds) == expected
