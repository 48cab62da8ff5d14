"""`pulse drop` removes a former company: never by mistake, and then completely."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
import time_machine

from pulse.alerting.store import PolicyProgress
from pulse.authors.store import AuthorCache, ErasureList
from pulse.conversations.facts import ConversationKey
from pulse.conversations.store.conversations import ConversationStore
from pulse.dynamodb.table import Table
from pulse.kernel.posts import Author
from pulse.listening.cursor import Cursor
from pulse.listening.store import CursorStore
from pulse.outbox.entries import Entry, fingerprint
from pulse.outbox.mailbox import Completion
from pulse.outbox.message import SentMail
from pulse.outbox.store.outbox import Outbox
from pulse.reporting.store import FigureStore
from pulse.settings.store import SettingsStore
from pulse_cli.simulated_aws.local_stack import LocalStack
from pulse_cli.stack.deployment import INDEX
from tests.cli.command_runner import run
from tests.conversations.conversation_writers import company

from .test_forget import NOW, POLICY, SECOND_COMPANY, full, mention

__all__ = ["full"]

OTHER_ACCOUNT = "700000003"


@pytest.fixture
def table(deployed: LocalStack) -> Table:
    return Table(boto3.client("dynamodb"), deployed.table, INDEX)


@pytest.fixture
def former_company(full: Table, pulse_yaml: Path) -> Table:
    """Two companies with data of every kind; `other` is no longer in the settings."""
    entry = Entry("e", "other", "anna", "alert", NOW, (ConversationKey("other", "40", "5"),))
    outbox = Outbox(full)
    acme = company(POLICY, None, "other")
    ConversationStore(full).add({ConversationKey("other", "41", "9"): [mention(41)]}, acme)
    AuthorCache(full).put([Author("9", "nina", "Nina")], NOW)
    outbox.put(entry)
    mailbox = outbox.claim("other", "anna", NOW, NOW + timedelta(minutes=3))
    assert mailbox is not None
    sent = SentMail("other", NOW, "alert", "anna", "a@b.c", "1 waits", "m", fingerprint([entry]))
    outbox.complete(Completion(mailbox, [entry], sent))
    outbox.put(entry)
    FigureStore(full).put("other", NOW.date(), {OTHER_ACCOUNT: {"9": {"received": 1}}})
    PolicyProgress(full).mark_folded("other", 1, NOW)
    ErasureList(full).add("other", "8", NOW)
    for account in ("700000001", OTHER_ACCOUNT):
        CursorStore(full).save(Cursor(account, NOW))
    pulse_yaml.write_text(pulse_yaml.read_text().replace(SECOND_COMPANY, ""))
    assert run("push", "--without", "other").code == 0
    return full


@pytest.fixture
def later() -> Callable[[], Any]:
    """Move the clock to when no function can still run with the earlier settings."""
    return lambda: time_machine.travel(datetime.now(UTC) + timedelta(minutes=11), tick=True)


def keys_of(table: Table, company: str) -> list[str]:
    """Return the keys of all items of the company, except those of the settings."""
    return [
        f"{i['pk']} {i['sk']}"
        for i in table.scan()
        if i["pk"] != "settings" and f"#{company}" in f"{i['pk']}#"
    ]


def test_a_push_without_a_company_is_refused(full: Table, pulse_yaml: Path) -> None:
    """A file that omits a current company is refused, with the option that allows it."""
    pulse_yaml.write_text(pulse_yaml.read_text().replace(SECOND_COMPANY, ""))
    result = run("push")
    assert result.code == 1
    assert "other is in force but not in pulse.yaml, so nothing was pushed" in result.err
    assert "pulse push --without other" in result.err
    assert run("push", "--without", "svyaz").code == 1
    assert (SettingsStore(full).current() or ({}, 0))[1] == 1


def test_all_data_of_the_company_is_removed_and_nothing_else(
    former_company: Table, later: Any
) -> None:
    """`pulse drop` removes all items of a former company and leaves all others as they were."""
    removed = {f"account#{OTHER_ACCOUNT}", "author#9"}
    others = [i for i in former_company.scan() if "other" not in i["pk"] and i["pk"] not in removed]
    assert len(keys_of(former_company, "other")) > 6
    with later():
        result = run("drop", "other", "--yes", "--json")
    assert result.code == 0, result.err
    assert result.json["items"] == {
        "conversations": 2,
        "posts, positions and flags": 2,
        "mails waiting": 1,
        "records of mails sent": 1,
        "days of figures": 1,
        "other": 3,
    }
    assert keys_of(former_company, "other") == []
    assert list(former_company.scan()) == others
    assert set(AuthorCache(former_company).find(["5", "6", "9"])) == {"5", "6"}
    assert set(CursorStore(former_company).load(["700000001", OTHER_ACCOUNT])) == {"700000001"}
    with later():
        assert "No data of other is stored." in run("drop", "other").out


def test_nothing_is_removed_while_functions_may_be_running(former_company: Table) -> None:
    """Directly after a push, the command is refused and says when to try again."""
    before = keys_of(former_company, "other")
    result = run("drop", "other", "--yes")
    assert result.code == 1
    assert (
        "functions that are still running may write data of other; try again after " in result.err
    )
    assert keys_of(former_company, "other") == before


def test_saying_no_or_dry_run_removes_nothing(former_company: Table, later: Any) -> None:
    """Unless the question is answered with yes, nothing is removed; --dry-run does not ask."""
    before = keys_of(former_company, "other")
    with later():
        assert run("drop", "other", stdin="n\n").code == 1
    result = run("drop", "other", "--dry-run")
    assert result.code == 0
    assert "        2  conversations" in result.out
    assert "Nothing was removed" in result.out
    assert keys_of(former_company, "other") == before


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("svyaz", "svyaz is still watched; remove it from pulse.yaml"),
        ("acme", "those that were: other"),
    ],
)
def test_what_cannot_be_dropped(former_company: Table, name: str, expected: str) -> None:
    """A company that is still watched, or that is unknown, is refused with the reason."""
    result = run("drop", name, "--yes")
    assert result.code == 1
    assert expected in result.err


def test_a_former_company_can_be_exported(former_company: Table, tmp_path: Path) -> None:
    """A former company is exported with its last settings."""
    result = run("export", "other", "--out", "out", "--json")
    assert result.code == 0, result.err
    assert result.json["lines"]["posts.ndjson"] == 2
    settings = json.loads((tmp_path / "out" / "settings.json").read_text("utf-8"))
    assert [one["name"] for one in settings["companies"]] == ["other"]


def test_the_doctor_reports_posts_of_a_former_company(former_company: Table, later: Any) -> None:
    """The doctor reports the posts of a former company until it is dropped."""
    result = run("doctor", "--no-mail")
    assert "posts of other: the company is no longer in the settings" in result.out
    with later():
        assert run("drop", "other", "--yes").code == 0
    assert "posts of other" not in run("doctor", "--no-mail").out
