"""`pulse status`: how it stands, as it lies in the table."""

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


def lines(said: CommandResult) -> list[str]:
    return [" ".join(line.split()) for line in said.out.splitlines()]


@pytest.fixture
def pushed(deployed: LocalStack, pulse_yaml: Path) -> Table:
    """A stack with settings, and its table."""
    assert run("push").code == 0
    return Table(boto3.client("dynamodb"), deployed.table, INDEX)


@pytest.fixture
def busy(pushed: Table) -> datetime:
    """A stack that has seen things: three who wait, trouble, a gap, mail put off and refused."""
    now = datetime.now(UTC)
    fine = Cursor(
        "700000001",
        watched_from=now - timedelta(days=2),
        last_ok=now - MINUTE,
        limits={"mentions": Limit(287, now + 5 * MINUTE), "posts": Limit(1, now - MINUTE)},
    )
    since = now - 30 * MINUTE
    ill = Cursor(
        "700000002",
        watched_from=now - timedelta(days=2),
        last_ok=since,
        faults={"mentions": OpenFault("credits", "402 [none]", since, 3, now + MINUTE)},
    )
    for cursor in (fine, ill):
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
    claimed = outbox.claim("svyaz", "anna", now, now + MINUTE) or Mailbox()
    put_off = replace(claimed, not_before=now + 4 * MINUTE, failures=2)
    outbox.complete("svyaz", "anna", Completion(put_off))
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
    said = run("status")
    assert said.code == 1
    assert said.err == "pulse: no settings are in force on pulse; run pulse push pulse.yaml\n"


def test_before_the_first_poll(pushed: Table) -> None:
    said = run("status")
    assert said.code == 0
    told = lines(said)
    assert "@svyaz_help support never unknown none" in told
    assert "Waiting nobody; everyone has been answered" in told
    assert "Outbox nothing is queued" in told


def test_a_busy_stack_in_80_columns(busy: datetime) -> None:
    said = run("status", "--company", "svyaz")
    assert said.code == 0
    assert max(map(len, said.out.splitlines())) <= 80
    told = lines(said)
    whole = " ".join(told)
    assert "@svyaz_help support 1 min ago 287 mentions none" in told
    assert "mentions: credits since" in whole
    assert "[none]" in whole
    assert "Waiting 3, longest 6 h 40 min" in told
    assert "under 15 min 1 · 15-60 min 0 · 1-4 h 1 · 4-24 h 1 · over 24 h 0" in told
    assert "critical 1 · breach 0 · warning 0 · not alerted 2" in told
    assert "Outbox 2 queued (1 alert, 1 trouble), oldest 7 min" in told
    assert "anna: postponed until" in whole
    assert "after 2 failed attempts" in whole
    assert "gap: @svyaz" in whole
    assert "2 x `id` is 7" in told
    assert "anna <anna@example.com>: no" in whole


def test_what_others_wrote_moves_no_cursor(busy: datetime, pushed: Table) -> None:
    """Given words of X and of a mail server that would paint the screen, then they do not."""
    paint = "\x1b[2J\x1b]0;owned\x07\x9b31m"
    refused = {"person": "anna", "address": "a@b.example", "detail": f"550{paint}", "final": True}
    AuditLog(pushed).append("svyaz", [LogEntry("undelivered", busy, refused)])
    ill = OpenFault("unavailable", f"503{paint}", busy, 1, busy)
    cursor = CursorStore(pushed).load(["700000002"])["700000002"]
    CursorStore(pushed).save(replace(cursor, faults={"mentions": ill}))
    said = run("status")
    assert "550[2J" in said.out
    assert "503[2J" in "".join(said.out.split())
    assert not {"\x1b", "\x07", "\x9b"} & set(said.out)


def test_json_says_the_same(busy: datetime) -> None:
    said = run("status", "--json")
    assert said.json["settings_version"] == 1
    [company] = said.json["companies"]
    fine, ill = company["accounts"]
    assert fine["limits"].keys() == {"mentions"}
    assert ill["troubles"][0]["kind"] == "credits"
    assert company["backlog"]["levels"] == {"critical": 1, "breach": 0, "warning": 0}
    assert company["outbox"]["by_kind"] == {"alert": 1, "trouble": 1}
    assert company["watch"]["minutes"] == 1440
    assert company["watch"]["watched"] == pytest.approx(1440 - 9 - 29, abs=2)
    assert company["aside"]["posts"] == 2
    assert len(company["undelivered"]) == 1


def test_an_unknown_company(busy: datetime) -> None:
    said = run("status", "--company", "acme")
    assert said.code == 1
    assert "no company 'acme'; available: svyaz" in said.err


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.9, "59 s"), (61, "1 min"), (7260, "2 h 1 min"), (90_061, "1 day 1 h")],
)
def test_how_long_ago(seconds: float, words: str) -> None:
    assert format_age(seconds) == words
