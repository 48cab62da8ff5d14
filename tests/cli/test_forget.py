"""`pulse forget` removes one person's posts and leaves everybody else's."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from pulse.audit.entries import LogEntry
from pulse.audit.store import AuditLog
from pulse.authors.store import AuthorCache
from pulse.conversations.facts import NOBODY, ConversationKey, Flag, Mention, Position, Reply
from pulse.conversations.store.conversations import ConversationStore
from pulse.dynamodb.codec import Item
from pulse.dynamodb.table import Table
from pulse.kernel.policy import Level, Policy
from pulse.kernel.posts import Author
from pulse.outbox.entries import Entry, fingerprint
from pulse.outbox.mailbox import Completion
from pulse.outbox.message import SentMail
from pulse.outbox.store.outbox import Outbox
from pulse.x.access import Token
from pulse.x.credentials import TokenStore
from pulse_cli.simulated_aws.local_stack import LocalStack
from pulse_cli.stack.deployment import INDEX
from tests.cli.command_runner import always, run
from tests.conversations.conversation_writers import company
from tests.stored import readable

NOW = datetime.now(UTC).replace(microsecond=0)
POLICY = Policy(levels=(Level("warning", timedelta(minutes=15), ()),), groups={})
SVYAZ = company(POLICY, timedelta(days=90), "svyaz")
SECOND_COMPANY = """\
  - name: other
    accounts:
      - {username: other, id: "700000003", token: svyaz_help}
    people: {zoe: {email: zoe@example.com}}
    policy: {levels: [{name: warning, after: 15 min, tell: [zoe]}]}
    owner: zoe
"""


def mention(
    number: int, days_ago: float = 1, version: int | None = None, who: str = "Ivan"
) -> Mention:
    at = NOW - timedelta(days=days_ago)
    words = f"I am {who}, number {number}"
    return Mention(str(number), str(version or number), at, words, frozenset({"700000001"}))


def reply(number: int, days_ago: float = 1) -> Reply:
    at = NOW - timedelta(days=days_ago)
    return Reply(str(number), str(number), at, "Dear Ivan", "700000001")


@pytest.fixture
def table(deployed: LocalStack) -> Table:
    return Table(boto3.client("dynamodb"), deployed.table, INDEX)


@pytest.fixture
def full(pulse_yaml: Any, table: Table) -> Table:
    """Two companies; Ivan (5) wrote to both, Olga (6) to one."""
    pulse_yaml.write_text(pulse_yaml.read_text() + SECOND_COMPANY)
    assert run("push").code == 0
    conversations = ConversationStore(table)
    flag = Flag("warning", frozenset({"10"}), NOW, NOW)
    position = Position("p1", "refused", frozenset({"10"}), "anna", NOW, "Ivan was rude")
    facts = {
        ConversationKey("svyaz", "10", "5"): [
            mention(10, 9),
            mention(10, 9, 11),
            reply(12),
            flag,
            position,
        ],
        ConversationKey("svyaz", "20", "5"): [mention(20, 2)],
        ConversationKey("svyaz", "30", "5"): [reply(31)],
        ConversationKey("svyaz", "10", "6"): [mention(15, who="Olga")],
        ConversationKey("other", "40", "5"): [mention(40)],
    }
    conversations.add(facts, SVYAZ)
    AuthorCache(table).put([Author("5", "Ivan_K", "Ivan"), Author("6", "olga", "Olga")], NOW)
    own = Reply("50", "50", NOW, "Thanks @Ivan_K", "700000001", named=frozenset({"5"}))
    news = {ConversationKey("svyaz", "50", NOBODY): [own]}
    conversations.add(news, replace(SVYAZ, retention=None))
    rows = [{"reason": "odd", "raw": {"author_id": who, "text": who}} for who in ("5", "6")]
    AuditLog(table).append("svyaz", [LogEntry("aside", NOW, row) for row in rows])
    return table


def stored(table: Table) -> list[Item]:
    return [i for i in table.scan() if i["pk"] != "settings"]


def about(table: Table, *patterns: str) -> list[str]:
    """Return the keys of the items that match one of these patterns."""
    return sorted(
        f"{i['pk']} {i['sk']}"
        for i in stored(table)
        if any(re.search(pattern, readable([i])) for pattern in patterns)
    )


def test_one_person_is_erased_and_nobody_else(full: Table) -> None:
    """Ivan is erased from both companies; only the own post that mentions him stays."""
    others = [i for i in stored(full) if i["pk"].endswith("#6") or i["pk"] == "c#svyaz#50#"]
    result = run("forget", "id:5", "--yes", "--wait", "0")
    assert result.code == 0
    nine, two = (f"{NOW - timedelta(days=n):%Y-%m-%d}" for n in (9, 2))
    lines = result.out.splitlines()
    assert lines[0].startswith("other: 1 post in 1 conversation")
    summary = f"svyaz: 2 posts in 3 conversations, {nine} to {two}, and 2 replies of your own"
    assert lines[1] == f"{summary}, 1 in quarantine"
    assert "1 post of your own mentioning this person stays" in result.out
    assert "35 days" in result.out
    assert about(full, r"#5\b", "Ivan") == ["c#svyaz#50# doc"]
    conversations = [i["pk"] for i in stored(full) if i["pk"].startswith("c#")]
    assert set(conversations) == {"c#svyaz#10#6", "c#svyaz#50#"}
    assert [i for i in stored(full) if i in others] == others
    [redacted, unchanged] = sorted(
        (i["what"] for i in full.query("journal#svyaz") if "#aside#" in i["sk"]), key=len
    )
    assert json.loads(redacted) == {"reason": "odd", "raw": None}
    assert json.loads(unchanged)["raw"]["author_id"] == "6"
    assert set(AuthorCache(full).find(["5", "6"])) == {"6"}


def test_a_quarantined_reply_to_the_person_is_removed(full: Table) -> None:
    """The text of a quarantined reply to Ivan is removed as well."""
    raw = {"author_id": "700000001", "in_reply_to_user_id": "5", "text": "Dear Ivan, 5551234"}
    AuditLog(full).append("svyaz", [LogEntry("aside", NOW, {"reason": "odd", "raw": raw})])
    result = run("forget", "id:5", "--yes", "--wait", "0")
    assert "2 in quarantine" in result.out
    assert about(full, "5551234") == []


def test_entries_and_records_of_mails_are_removed_without_any_posts(full: Table) -> None:
    """Waiting entries and records of mails lose the id, even if the conversation has expired."""
    outbox, keys = (
        Outbox(full),
        (ConversationKey("svyaz", "900", "77"), ConversationKey("svyaz", "10", "6")),
    )
    entry = Entry("a", "svyaz", "anna", "alert", NOW, keys)
    mailbox = outbox.claim("svyaz", "anna", NOW, NOW + timedelta(minutes=3))
    assert mailbox is not None
    sent = SentMail(
        "svyaz", NOW, "alert", "anna", "anna@a.b", "2 wait", "m", fingerprint([entry]), entry
    )
    outbox.put(entry)
    outbox.complete(Completion(mailbox, [entry], sent))
    for person, entry_keys in (("anna", keys), ("boris", keys[:1])):
        outbox.put(Entry("b", "svyaz", person, "alert", NOW, entry_keys))
    result = run("forget", "id:77", "--yes", "--wait", "0")
    assert result.code == 0
    assert "3 queued emails about them" in result.out
    assert {where.partition("#")[0] for where in about(full, r"\b77\b")} == {"forgotten"}
    assert [(e.person, e.keys) for e in outbox.waiting("svyaz")] == [("anna", keys[1:])]
    mail = outbox.find_sent("svyaz", "m", NOW)
    assert mail is not None
    assert mail.covered == entry.restricted_to(keys[1:])


def test_an_erasure_is_logged_without_the_person(full: Table) -> None:
    """The audit log only counts the removed posts; the id is stored for 30 days."""
    run("forget", "id:5", "--yes", "--wait", "0")
    end = datetime.now(UTC) + timedelta(minutes=1)
    rows = AuditLog(full).read("svyaz", NOW - timedelta(minutes=1), end)
    forgotten = [r.what for r in rows if r.kind == "forgotten"]
    assert {what for row in forgotten for what in row} == {"posts"}
    assert sum(row["posts"] for row in forgotten) == 5
    for name in ("svyaz", "other"):
        [item] = full.query(f"forgotten#{name}")
        assert item["sk"] == "5"
        days = (datetime.fromtimestamp(item["ttl"], UTC) - NOW).total_seconds() / 86400
        assert 29.9 < days < 30.1


def test_of_one_company_only(full: Table) -> None:
    """With --company, the other company keeps its posts, and the name stays with them."""
    result = run("forget", "id:5", "--company", "other", "--yes", "--wait", "0", "--json")
    assert result.code == 0
    answer = result.json
    assert (answer["person"], answer["removed"], list(answer["companies"])) == (
        "5",
        True,
        ["other"],
    )
    assert answer["companies"]["other"]["mentions"] == 1
    assert answer["companies"]["other"]["conversations"] == 1
    pks = {i["pk"] for i in stored(full)}
    assert "c#other#40#5" not in pks
    assert "c#svyaz#10#5" in pks
    assert AuthorCache(full).find(["5"])
    assert not list(full.query("forgotten#svyaz"))


@pytest.mark.parametrize(("arguments", "stdin"), [(("--dry-run",), None), ((), "n\n")])
def test_nothing_is_removed_without_a_yes(
    full: Table, arguments: tuple[str, ...], stdin: str | None
) -> None:
    """With --dry-run or after a no, it prints what is stored and removes nothing."""
    before = stored(full)
    result = run("forget", "id:5", "--wait", "0", *arguments, stdin=stdin)
    assert result.code == (1 if stdin else 0)
    assert "svyaz: 2 posts in 3 conversations" in result.out
    assert stored(full) == before


def test_nothing_to_forget(full: Table) -> None:
    """It says that nothing is stored of somebody; the erasure is recorded all the same."""
    result = run("forget", "id:77", "--yes", "--wait", "0")
    assert result.code == 0
    assert "No data of 77 is stored." in result.out
    assert [i["sk"] for i in full.query("forgotten#other")] == ["77"]


def test_a_second_time_changes_nothing(full: Table) -> None:
    run("forget", "id:5", "--yes", "--wait", "0")
    before = [i for i in stored(full) if not i["pk"].startswith("forgotten")]
    assert run("forget", "id:5", "--yes", "--wait", "0").code == 0
    assert [i for i in stored(full) if not i["pk"].startswith("forgotten")] == before


def test_an_unknown_handle_is_looked_up_only_with_ask_x(
    full: Table, deployed: LocalStack, x: Any
) -> None:
    """X is asked for an unknown handle only with --ask-x."""
    sim = x()
    TokenStore(boto3.client("ssm"), deployed.outputs["TokensPath"]).put(
        "svyaz_help", Token("bearer")
    )
    result = run("forget", "@user1", "--yes", "--wait", "0")
    assert result.code == 1
    assert "id:NUMBER, or use --ask-x" in result.err
    assert not sim.requests
    result = run("forget", "@user1", "--ask-x", "--yes", "--wait", "0", "--json")
    assert (result.code, result.json["person"]) == (0, "800000001")
    missing = run("forget", "@nobody", "--ask-x", "--yes", "--wait", "0")
    assert missing.code == 1
    assert "give id:NUMBER" in missing.err


@pytest.fixture
def x_with_users(full: Table, deployed: LocalStack, x: Any) -> Any:
    """An X with the users user1 to user3, and a token for it."""
    TokenStore(boto3.client("ssm"), deployed.outputs["TokensPath"]).put(
        "svyaz_help", Token("bearer")
    )
    return x()


def test_a_handle_that_still_belongs_to_the_same_person(full: Table, x_with_users: Any) -> None:
    """X is asked once whether a handle that a mail has shown still belongs to that person."""
    AuthorCache(full).put([Author("800000001", "User1", "One")], NOW - timedelta(days=21))
    result = run("forget", "@user1", "--yes", "--wait", "0", "--json")
    assert (result.code, result.json["person"]) == (0, "800000001")
    assert dict(x_with_users.requests) == {("users", "200"): 1}
    assert not AuthorCache(full).find(["800000001"])


def test_a_handle_that_changed_hands_erases_nobody_else(full: Table, x_with_users: Any) -> None:
    """If a handle has changed hands since a mail showed it, nobody is erased."""
    seen = NOW - timedelta(days=21)
    AuthorCache(full).put([Author("6", "user2", "Ol\x1b[2Jga")], seen)
    before = stored(full)
    result = run("forget", "@user2", "--yes", "--wait", "0")
    assert result.code == 1
    assert (
        f"6 (Ol[2Jga) was @user2 on {seen:%Y-%m-%d}, but 800000002 has that handle now"
        in result.err
    )
    assert "give id:6 or id:800000002" in result.err
    assert stored(full) == before


@pytest.mark.parametrize("why", ["no token", "X is down", "nobody has it"])
def test_a_handle_that_x_does_not_confirm(
    full: Table, deployed: LocalStack, x: Any, why: str
) -> None:
    """If X cannot confirm a handle, --yes is refused, and the question comes with a warning."""
    if why != "no token":
        tokens = TokenStore(boto3.client("ssm"), deployed.outputs["TokensPath"])
        tokens.put("svyaz_help", Token("bearer"))
        x(faults=always(503, "down \x1b[2J") if why == "X is down" else ())
    before = stored(full)
    result = run("forget", "@ivan_k", "--yes", "--wait", "0")
    assert result.code == 1
    warning = f"5 (Ivan) was @Ivan_K on {NOW:%Y-%m-%d}; X could not confirm that it still is"
    assert warning in result.err
    assert result.err.endswith("; give the id:NUMBER of the person you mean\n")
    assert "\x1b" not in result.err
    assert stored(full) == before
    assert run("forget", "@ivan_k", "--dry-run").code == 0
    assert stored(full) == before
    confirmed = run("forget", "@ivan_k", "--wait", "0", stdin="y\n")
    assert confirmed.code == 0
    assert confirmed.err.index(warning) < confirmed.err.index("Permanently remove the data of 5?")
    assert about(full, "Ivan_K") == ["c#svyaz#50# doc"]


def test_a_handle_that_two_people_had(full: Table) -> None:
    """If two people are stored with the same handle, neither is erased."""
    AuthorCache(full).put([Author("8", "ivan_k", "Another")], NOW)
    result = run("forget", "@Ivan_K", "--yes", "--wait", "0")
    assert result.code == 1
    assert "id:5 or id:8" in result.err or "id:8 or id:5" in result.err


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (("ivan k",), 2, "is not a person on X; write @handle"),
        (("id:x",), 2, "is not a person on X"),
        (("id:5", "--company", "acme"), 1, "no company 'acme'; available: svyaz, other"),
    ],
)
def test_called_wrongly(full: Table, arguments: tuple[str, ...], code: int, expected: str) -> None:
    answer = run("forget", *arguments)
    assert answer.code == code
    assert expected in answer.err


def test_before_the_first_push(deployed: LocalStack) -> None:
    answer = run("forget", "id:5")
    assert answer.code == 1
    assert "no settings are in force" in answer.err
