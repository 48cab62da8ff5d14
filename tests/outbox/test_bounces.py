"""Events of SES: of every kind, repeated, concurrent, early, and about mail of others."""

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


def test_every_mail_names_the_configuration_set_of_the_stack(
    posts: Posts, small_company: Build
) -> None:
    """SES sends events to `feedback` only for mails that name this configuration set."""
    posts.mention(0.5)
    here = small_company()
    names: list[str] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        names.append(json.loads(params["body"])["ConfigurationSetName"])

    boto3.DEFAULT_SESSION.events.register("before-call.sesv2.SendEmail", note)
    here.run_minutes(1, 16, 61)
    assert names == [here.world.stack.outputs["ConfigurationSetName"]] * 2


@pytest.mark.parametrize("make_event", [bounce, complaint, reject])
@pytest.mark.parametrize(
    "shape", [lambda message: message, of_identity], ids=["event", "notification"]
)
def test_the_same_event_twice_changes_nothing_more(
    posts: Posts, small_company: Build, make_event: MakeEvent, shape: MakeEvent
) -> None:
    """An event that SNS delivers twice, and once more later, changes nothing the second time."""
    posts.mention(0.5)
    here = small_company().run_minutes(1, 16)
    message = shape(event_about_mail(here, make_event))
    deliver_event(here, message)
    after_once = sorted(str(item) for item in here.world.app.db.table.scan())
    again = deliver_event(here, message)
    assert (again["taken"][0]["blocked"], again["taken"][0]["passed_on"]) == (0, 0)
    assert sorted(str(item) for item in here.world.app.db.table.scan()) == after_once
    here.flag_and_send_at(17, 18)
    before = len(here.mails)
    deliver_event(here, message)
    here.flag_and_send_at(60)
    assert len([m for m in here.mails if m.who == "vera"]) == before - 1
    assert here.failures == []


def test_two_mails_that_bounce_report_the_address_once(posts: Posts, small_company: Build) -> None:
    """When two alerts bounce, the owner gets both waits, and one report about the address."""
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
    """When a reader marks an alert as spam, the report to the owner and the digest say so."""
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
def test_a_temporary_problem_is_only_logged(
    posts: Posts, small_company: Build, how: dict[str, str]
) -> None:
    """After an absence note or a full mailbox, mail is still sent; the audit log has one entry."""
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


def test_a_mail_that_ses_accepted_and_did_not_send(posts: Posts, small_company: Build) -> None:
    """The next in line gets the alert, and the address is not suppressed."""
    posts.mention(0.5)
    here = small_company().run_minutes(1, 16)
    deliver_event(here, event_about_mail(here, reject))
    here.flag_and_send_at(17)
    assert subjects(here, "vera") == [(17, "alert"), (17, "refused")]
    assert suppressed(here) == {}


def test_two_events_at_once_end_like_one_after_the_other(
    posts: Posts, small_company: Build
) -> None:
    """When bounces of two mails are handled at the same time, the address is reported once."""
    asked = [posts.mention(0.5, "7"), posts.mention(31, "8")]
    here = small_company().run_minutes(1, 16, 31).flag_and_send_at(46)
    assert here.mails_to() == [(16, "anna"), (46, "anna")]
    first, second = (event_about_mail(here, number=n) for n in (0, 1))
    begun: list[Any] = []

    def handle_first(**_: Any) -> None:
        if not begun:
            begun.append(None)
            begun.append(deliver_event(here, first)["taken"][0])

    client = here.world.app.db.table.client
    client.meta.events.register("before-call.dynamodb.TransactWriteItems", handle_first)
    done = deliver_event(here, second)["taken"][0]
    assert (begun[1]["blocked"], begun[1]["passed_on"]) == (1, 1)
    assert (done["blocked"], done["passed_on"]) == (0, 1)
    here.flag_and_send_at(47)
    assert sorted(subjects(here, "vera")) == [(47, "alert"), (47, "bounce")]
    assert {p for m in here.mails if m.who == "vera" for p in m.posts} == set(asked)
    assert here.failures == []


def test_an_address_in_two_spellings_is_one(posts: Posts, small_company: Build) -> None:
    """A bounce that names a forwarding address suppresses the address that we wrote to."""
    posts.mention(0.5)
    here = small_company(settings(people={"anna": "Anna@Acme.example"})).run_minutes(1, 16)
    deliver_event(here, event_about_mail(here, said_of="a.other@elsewhere.example"))
    assert suppressed(here) == {"anna@acme.example": "bounce"}
    here.flag_and_send_at(61, 76)
    assert "anna" not in [m.who.lower() for m in here.mails[1:]]


def test_an_event_before_the_mail_is_recorded_is_retried(
    posts: Posts, small_company: Build
) -> None:
    """An event about a mail that is not recorded yet fails and succeeds when it is retried."""
    posts.mention(0.5)
    here = small_company().run_minutes(1)
    taken: list[Any] = []

    def bounce_before_the_record(**_: Any) -> None:
        if here.world.mails() and not taken:
            taken.append(None)
            mail = here.world.mails()[0]
            message = bounce(mail.id, mail.destinations[0], here.world.now())
            taken.append(here.world.lambdas.invoke_scheduled("feedback", event(message)))

    client = here.world.app.db.table.client
    client.meta.events.register("before-call.dynamodb.TransactWriteItems", bounce_before_the_record)
    here.run_minute(16)
    assert taken == [None, None]
    assert suppressed(here) == {}
    here.run_minutes(17)
    assert subjects(here, "vera") == [(17, "alert"), (17, "bounce")]
    assert [f.partition(":")[0] for f in here.failures] == ["feedback"]
    assert "MailNotRecordedError" in here.failures[0]


def test_a_mail_that_is_not_ours(posts: Posts, small_company: Build) -> None:
    """A bounce of somebody else's mail suppresses an address only if it is one of ours."""
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


def test_the_notice_of_ses_and_an_unreadable_event(posts: Posts, small_company: Build) -> None:
    """SES's notice at deployment is ignored; an unreadable event fails each time it is retried."""
    here = small_company().run_minutes(0)
    assert deliver_event(here, NOTICE) == {"taken": []}
    deliver_event(here, "nonsense")
    here.run_minutes(1, 2, 3, 4)
    assert [f.partition(":")[0] for f in here.failures] == ["feedback"] * 3
    assert all("UnreadableEventError" in f for f in here.failures)


def test_the_record_of_a_mail_holds_no_text(posts: Posts, small_company: Build) -> None:
    """The record of an alert has the conversations and the level, but nothing customers wrote."""
    posts.mention(0.5)
    here = small_company().run_minutes(1, 16)
    [record] = here.world.app.db.outbox.sent("acme", at(0), at(20))
    assert "help me" not in str(record)
    mail = here.world.app.db.outbox.find_sent("acme", record.message_id, at(18))
    assert mail is not None
    assert isinstance(mail.covered, Entry)
    assert mail.covered.detail("level") == "warning"
    assert here.world.app.db.outbox.find_sent("acme", record.message_id, at(60)) is None
