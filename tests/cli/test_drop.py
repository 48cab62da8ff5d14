"""A company that is watched no more, as a shell sees it: not by mistake, and then whole."""

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

from .test_forget import NOW, POLICY, TWO, full, mention

__all__ = ["full"]

OTHERS = "700000003"


@pytest.fixture
def table(deployed: LocalStack) -> Table:
    return Table(boto3.client("dynamodb"), deployed.table, INDEX)


@pytest.fixture
def former_company(full: Table, pulse_yaml: Path) -> Table:
    """Two companies with everything, of which `other` is watched no more."""
    entry = Entry("e", "other", "anna", "alert", NOW, (ConversationKey("other", "40", "5"),))
    outbox = Outbox(full)
    acme = company(POLICY, None, "other")
    ConversationStore(full).add({ConversationKey("other", "41", "9"): [mention(41)]}, acme)
    AuthorCache(full).put([Author("9", "nina", "Nina")], NOW)
    outbox.put(entry)
    mailbox = outbox.claim("other", "anna", NOW, NOW + timedelta(minutes=3))
    assert mailbox is not None
    sent = SentMail("other", NOW, "alert", "anna", "a@b.c", "1 waits", "m", fingerprint([entry]))
    outbox.complete("other", "anna", Completion(mailbox, [entry], sent))
    outbox.put(entry)
    FigureStore(full).put("other", NOW.date(), {OTHERS: {"9": {"received": 1}}})
    PolicyProgress(full).mark_folded("other", 1, NOW)
    ErasureList(full).add("other", "8", NOW)
    for account in ("700000001", OTHERS):
        CursorStore(full).save(Cursor(account, NOW))
    pulse_yaml.write_text(pulse_yaml.read_text().replace(TWO, ""))
    assert run("push", "--without", "other").code == 0
    return full


@pytest.fixture
def later() -> Callable[[], Any]:
    """The clock, when no function can still run by the settings of before."""
    return lambda: time_machine.travel(datetime.now(UTC) + timedelta(minutes=11), tick=True)


def of(table: Table, company: str) -> list[str]:
    """Keys under which something of the company lies, but for its settings."""
    return [
        f"{i['pk']} {i['sk']}"
        for i in table.scan()
        if i["pk"] != "settings" and f"#{company}" in f"{i['pk']}#"
    ]


def test_a_push_without_a_company_is_refused(full: Table, pulse_yaml: Path) -> None:
    """Given a file without a company in force, then it is refused, and says what there is to do."""
    pulse_yaml.write_text(pulse_yaml.read_text().replace(TWO, ""))
    said = run("push")
    assert said.code == 1
    assert "other is in force but not in pulse.yaml, so nothing was pushed" in said.err
    assert "pulse push --without other" in said.err
    assert run("push", "--without", "svyaz").code == 1
    assert (SettingsStore(full).current() or ({}, 0))[1] == 1


def test_all_data_of_the_company_is_removed_and_nothing_else(
    former_company: Table, later: Any
) -> None:
    """Given a former company, when dropped, then nothing of it is left, all else stays."""
    going = {f"account#{OTHERS}", "author#9"}
    others = [i for i in former_company.scan() if "other" not in i["pk"] and i["pk"] not in going]
    assert len(of(former_company, "other")) > 6
    with later():
        said = run("drop", "other", "--yes", "--json")
    assert said.code == 0, said.err
    assert said.json["items"] == {
        "conversations": 2,
        "posts, positions and flags": 2,
        "mails waiting": 1,
        "records of mails sent": 1,
        "days of figures": 1,
        "other": 3,
    }
    assert of(former_company, "other") == []
    assert list(former_company.scan()) == others
    assert set(AuthorCache(former_company).find(["5", "6", "9"])) == {"5", "6"}
    assert set(CursorStore(former_company).load(["700000001", OTHERS])) == {"700000001"}
    with later():
        assert "No data of other is stored." in run("drop", "other").out


def test_while_functions_may_be_under_way_nothing_goes(former_company: Table) -> None:
    """Given a push of just now, then it says from when on."""
    before = of(former_company, "other")
    said = run("drop", "other", "--yes")
    assert said.code == 1
    assert "functions that are still running may write data of other; try again after " in said.err
    assert of(former_company, "other") == before


def test_saying_no_or_dry_run_removes_nothing(former_company: Table, later: Any) -> None:
    """Given a question that is not answered with yes, then all of it stays."""
    before = of(former_company, "other")
    with later():
        assert run("drop", "other", given="n\n").code == 1
    said = run("drop", "other", "--dry-run")
    assert said.code == 0
    assert "        2  conversations" in said.out
    assert "Nothing was removed" in said.out
    assert of(former_company, "other") == before


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("svyaz", "svyaz is still watched; remove it from pulse.yaml"),
        ("acme", "those that were: other"),
    ],
)
def test_what_cannot_be_dropped(former_company: Table, name: str, words: str) -> None:
    """Given a company that is watched, or none at all, then it says so."""
    said = run("drop", name, "--yes")
    assert said.code == 1
    assert words in said.err


def test_what_is_kept_of_it_can_be_given_out(former_company: Table, tmp_path: Path) -> None:
    """Given a former company, then it is exported by its last settings."""
    said = run("export", "other", "--out", "out", "--json")
    assert said.code == 0, said.err
    assert said.json["lines"]["posts.ndjson"] == 2
    settings = json.loads((tmp_path / "out" / "settings.json").read_text("utf-8"))
    assert [one["name"] for one in settings["companies"]] == ["other"]


def test_the_doctor_names_what_is_kept_and_checked_no_more(
    former_company: Table, later: Any
) -> None:
    """Given a former company, then it is a finding until it is dropped."""
    said = run("doctor", "--no-mail")
    assert "posts of other: the company is no longer in the settings" in said.out
    with later():
        assert run("drop", "other", "--yes").code == 0
    assert "posts of other" not in run("doctor", "--no-mail").out
