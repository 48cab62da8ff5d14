"""SES's word: of every kind, twice, at once, too early, of nobody's mail."""

import json
from typing import Any

import boto3
import pytest

from pulse.outbox.entries import Entry
from tests.outbox.ses_feedback import (
    MakeEvent,
    deliver_event,
    event_about_mail,
    subjects,
    suppressed,
)
from tests.ses import NOTICE, bounce, complaint, event, of_identity, reject
from tests.small_company import Build, Posts, at, settings


def test_every_mail_goes_under_the_set_whose_word_comes_back(
    posts: Posts, small_company: Build
) -> None:
    """Given a stack that made its own configuration set, then SES is told of it each time."""
    posts.mention(0.5)
    here = small_company()
    told: list[str] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        told.append(json.loads(params["body"])["ConfigurationSetName"])

    boto3.DEFAULT_SESSION.events.register("before-call.sesv2.SendEmail", note)
    here.run_minutes(1, 16, 61)
    assert told == [here.world.stack.outputs["ConfigurationSetName"]] * 2


@pytest.mark.parametrize("say", [bounce, complaint, reject])
@pytest.mark.parametrize("shape", [lambda said: said, of_identity], ids=["event", "notification"])
def test_the_same_event_twice_changes_nothing_more(
    posts: Posts, small_company: Build, say: MakeEvent, shape: MakeEvent
) -> None:
    """Given SNS, which may deliver twice and later again, then the second changes nothing."""
    posts.mention(0.5)
    here = small_company().run_minutes(1, 16)
    said = shape(event_about_mail(here, say))
    deliver_event(here, said)
    after_once = sorted(str(item) for item in here.world.app.db.table.scan())
    again = deliver_event(here, said)
    assert (again["taken"][0]["blocked"], again["taken"][0]["passed_on"]) == (0, 0)
    assert sorted(str(item) for item in here.world.app.db.table.scan()) == after_once
    here.flag_and_send_at(17, 18)
    before = len(here.mails)
    deliver_event(here, said)
    here.flag_and_send_at(60)
    assert len([m for m in here.mails if m.who == "vera"]) == before - 1
    assert here.failures == []


def test_two_mails_that_bounce_tell_of_the_address_once(posts: Posts, small_company: Build) -> None:
    """Given two alerts on their way when the first bounces, then both move on, told once."""
    asked = [posts.mention(0.5, "7"), posts.mention(31, "8")]
    here = small_company().run_minutes(1, 16, 31).flag_and_send_at(46, 47)
    assert here.mails_to() == [(16, "anna"), (46, "anna")]
    deliver_event(here, event_about_mail(here, number=0))
    deliver_event(here, event_about_mail(here, number=1))
    here.flag_and_send_at(48)
    assert sorted(subjects(here, "vera")) == [(48, "alert"), (48, "bounce")]
    [alert] = (m for m in here.mails if m.who == "vera" and m.posts)
    assert set(alert.posts) == set(asked)


def test_a_complaint_stops_mail_as_well(posts: Posts, small_company: Build) -> None:
    """Given a reader who marks an alert as spam, then the owner hears that in other words."""
    posts.mention(0.5)
    here = small_company().run_minutes(1, 16)
    deliver_event(here, event_about_mail(here, complaint))
    here.flag_and_send_at(17)
    assert subjects(here, "vera") == [(17, "alert"), (17, "complaint")]
    assert suppressed(here) == {"anna@acme.example": "complaint"}
    assert here.log_entries("undelivered") == []
    digest = here.digest(18, 0)
    assert (
        "no email has been sent to anna@acme.example since 09:16: email was marked as spam"
        in digest.text
    )


@pytest.mark.parametrize(
    "how",
    [
        {"kind": "Transient", "sub": "General"},
        {"kind": "Transient", "sub": "MailboxFull"},
        {"kind": "Undetermined", "sub": "Undetermined"},
    ],
)
def test_what_may_pass_is_noted_and_no_more(
    posts: Posts, small_company: Build, how: dict[str, str]
) -> None:
    """Given an absence note or a full mailbox, then mail goes on, and the journal knows."""
    posts.mention(0.5)
    here = small_company().run_minutes(1, 16)
    for _ in range(2):
        deliver_event(here, event_about_mail(here, **how))
    assert suppressed(here) == {}
    [row] = here.log_entries("undelivered")
    assert row.what["address"] == "anna@acme.example"
    assert row.what["final"] is False
    here.flag_and_send_at(60, 61)
    assert here.mails_to() == [(16, "anna"), (61, "boris")]


def test_a_mail_that_ses_then_did_not_send(posts: Posts, small_company: Build) -> None:
    """Given a mail that SES took and rejected, then the next hears, and the address stays."""
    posts.mention(0.5)
    here = small_company().run_minutes(1, 16)
    deliver_event(here, event_about_mail(here, reject))
    here.flag_and_send_at(17)
    assert subjects(here, "vera") == [(17, "alert"), (17, "refused")]
    assert suppressed(here) == {}


def test_two_events_at_once_end_like_one_after_the_other(
    posts: Posts, small_company: Build
) -> None:
    """Given bounces of two mails that are dealt with at the same time, then it is told once."""
    asked = [posts.mention(0.5, "7"), posts.mention(31, "8")]
    here = small_company().run_minutes(1, 16, 31).flag_and_send_at(46)
    assert here.mails_to() == [(16, "anna"), (46, "anna")]
    first, second = (event_about_mail(here, number=n) for n in (0, 1))
    begun: list[Any] = []

    def meanwhile(**_: Any) -> None:
        if not begun:
            begun.append(None)
            begun.append(deliver_event(here, first)["taken"][0])

    client = here.world.app.db.table.client
    client.meta.events.register("before-call.dynamodb.TransactWriteItems", meanwhile)
    done = deliver_event(here, second)["taken"][0]
    assert (begun[1]["blocked"], begun[1]["passed_on"]) == (1, 1)
    assert (done["blocked"], done["passed_on"]) == (0, 1)
    here.flag_and_send_at(47)
    assert sorted(subjects(here, "vera")) == [(47, "alert"), (47, "bounce")]
    assert {p for m in here.mails if m.who == "vera" for p in m.posts} == set(asked)
    assert here.failures == []


def test_an_address_in_two_spellings_is_one(posts: Posts, small_company: Build) -> None:
    """Given a server that names the reader in capitals, or whom it forwarded to, it is the same."""
    posts.mention(0.5)
    here = small_company(settings(people={"anna": "Anna@Acme.example"})).run_minutes(1, 16)
    deliver_event(here, event_about_mail(here, said_of="a.other@elsewhere.example"))
    assert suppressed(here) == {"anna@acme.example": "bounce"}
    here.flag_and_send_at(61, 76)
    assert "anna" not in [m.who.lower() for m in here.mails[1:]]


def test_ses_may_be_faster_than_our_own_note(posts: Posts, small_company: Build) -> None:
    """Given word of a mail whose record is not written yet, then it is asked for again."""
    posts.mention(0.5)
    here = small_company().run_minutes(1)
    taken: list[Any] = []

    def before_the_mark(**_: Any) -> None:
        if here.world.mails() and not taken:
            taken.append(None)
            mail = here.world.mails()[0]
            said = bounce(mail.id, mail.destinations[0], here.world.now())
            taken.append(here.world.lambdas.invoke_scheduled("feedback", event(said)))

    client = here.world.app.db.table.client
    client.meta.events.register("before-call.dynamodb.TransactWriteItems", before_the_mark)
    here.run_minute(16)
    assert taken == [None, None]
    assert suppressed(here) == {}
    here.run_minutes(17)
    assert subjects(here, "vera") == [(17, "alert"), (17, "bounce")]
    assert [f.partition(":")[0] for f in here.failures] == ["feedback"]
    assert "MailNotRecordedError" in here.failures[0]


def test_a_mail_that_is_not_ours(posts: Posts, small_company: Build) -> None:
    """Given a mail that somebody else sent, then it stops mail if it was to one of ours."""
    here = small_company().run_minutes(0)
    long_ago = {"sent_at": at(-60)}
    done = deliver_event(here, bounce("foreign", "bob@else.example", at(0), **long_ago))
    assert done["taken"][0]["ours"] is False
    assert suppressed(here) == {}
    done = deliver_event(here, bounce("foreign", "anna@acme.example", at(0), **long_ago))
    assert done["taken"][0]["blocked"] == 1
    here.flag_and_send_at(1)
    assert subjects(here, "vera") == [(1, "bounce")]
    assert here.log_entries("undelivered") == []


def test_the_greeting_of_ses_and_what_cannot_be_read(posts: Posts, small_company: Build) -> None:
    """Given SES's greeting, then nothing; given nonsense, then it fails, and fails again."""
    here = small_company().run_minutes(0)
    assert deliver_event(here, NOTICE) == {"taken": []}
    deliver_event(here, "nonsense")
    here.run_minutes(1, 2, 3, 4)
    assert [f.partition(":")[0] for f in here.failures] == ["feedback"] * 3
    assert all("UnreadableEventError" in f for f in here.failures)


def test_what_is_kept_of_a_mail_holds_no_text(posts: Posts, small_company: Build) -> None:
    """Given an alert that went out, then its record knows whom it told of, not what they said."""
    posts.mention(0.5)
    here = small_company().run_minutes(1, 16)
    [record] = here.world.app.db.outbox.sent("acme", at(0), at(20))
    assert "help me" not in str(record)
    mail = here.world.app.db.outbox.find_sent("acme", record.message_id, at(18))
    assert mail is not None
    assert isinstance(mail.covered, Entry)
    assert mail.covered.detail("level") == "warning"
    assert here.world.app.db.outbox.find_sent("acme", record.message_id, at(60)) is None
