"""Mail that SES refuses goes to the next in line; mail that SES defers is retried."""

from datetime import timedelta

import pytest

from pulse.conversations.facts import ConversationKey, Flag
from pulse.outbox.entries import Entry
from tests.alerting.trouble_entries import trouble_entry
from tests.outbox.ses_feedback import deliver_event, event_about_mail
from tests.small_company import Build, Posts, at, settings


def test_mail_for_a_refused_address_goes_to_the_next_in_line(
    posts: Posts, small_company: Build
) -> None:
    """When SES refuses an agent's address, the owner gets the alert and a report of the address."""
    asked = posts.mention(0)
    here = small_company()
    here.refuse_mail(lambda to: "MessageRejected" if to.startswith("anna") else None)
    here.run_minutes(0, 15, 16, 17)
    assert here.mails_to() == [(16, "vera"), (16, "vera")]
    alert, report = here.mails
    assert alert.posts == [asked]
    assert "anna@acme.example" in report.subject + report.text
    [row] = here.log_entries("undelivered")
    assert (row.what["address"], row.what["final"]) == ("anna@acme.example", True)
    assert here.waiting() == []


def test_when_every_address_is_refused_the_topic_is_notified(
    posts: Posts, small_company: Build
) -> None:
    """When SES refuses everybody, the alert goes to the topic, and no entry is left."""
    asked = posts.mention(0)
    here = small_company()
    topic_messages = here.subscribe_to_critical_topic()
    here.refuse_mail(lambda _: "MessageRejected")
    here.run_minutes(0).flag_and_send_at(*range(15, 25))
    assert here.mails == []
    [message] = topic_messages()
    assert asked in message["Message"]
    assert here.waiting() == []


def test_many_alerts_for_a_refused_address_all_move_on(posts: Posts, small_company: Build) -> None:
    """Eighty entries for a refused address go to the next in line together, in one mail."""
    asked = posts.mention(0)
    here = small_company()
    here.refuse_mail(lambda to: "MessageRejected" if to.startswith("anna") else None)
    here.run_minutes(0)
    key = ConversationKey("acme", asked, "7")
    here.add_facts(asked, Flag("warning", frozenset([asked]), at(0), at(0)))
    for n in range(80):
        here.world.app.db.outbox.put(Entry(f"e{n}", "acme", "anna", "alert", at(0), (key,)))
    here.flag_and_send_at(1, 2)
    assert here.failures == []
    assert here.waiting() == []
    assert [m.posts for m in here.mails] == [[asked], []]
    assert {m.who for m in here.mails} == {"vera"}


@pytest.mark.parametrize("code", ["TooManyRequestsException", "SendingPausedException"])
def test_mail_that_ses_defers_is_sent_later(posts: Posts, small_company: Build, code: str) -> None:
    """While SES defers mail, it is asked less and less often; then one mail covers all waits."""
    first, second = posts.mention(0, "7"), posts.mention(4, "8")
    tried: list[float] = []
    here = small_company()

    def throttled(to: str) -> str | None:
        tried.append((here.world.now() - at(0)) / timedelta(minutes=1))
        return code if here.world.now() < at(25) else None

    here.refuse_mail(throttled)
    here.run_minutes(0, 4).flag_and_send_at(*range(15, 40))
    assert tried == [15, 16, 18, 22, 30]
    [mail] = here.mails
    assert (mail.minute, mail.who, mail.posts) == (30, "anna", [first, second])
    assert [row.what["final"] for row in here.log_entries("undelivered")] == [False] * 4
    assert here.waiting() == []


def test_after_a_successful_mail_retry_delays_start_over(
    posts: Posts, small_company: Build
) -> None:
    """When SES is busy twice, an hour apart, the second round of retries is like the first."""
    tried: list[float] = []
    busy = [*range(15, 18), *range(60, 63)]
    here = small_company()

    def throttled(to: str) -> str | None:
        tried.append((here.world.now() - at(0)) / timedelta(minutes=1))
        return "TooManyRequestsException" if tried[-1] in busy else None

    here.refuse_mail(throttled)
    for n in (15, 60):
        here.world.app.db.outbox.put(trouble_entry(f"t{n}", n))
        here.flag_and_send_at(*range(n, n + 8))
    assert tried == [15, 16, 18, 60, 61, 63]
    assert here.mails_to() == [(18, "vera"), (63, "vera")]


def test_a_mailbox_in_backoff_gets_no_further_mail(posts: Posts, small_company: Build) -> None:
    """When SES defers the first of two mails to one person, the second is not tried either."""
    here = small_company()
    tried: list[str] = []

    def throttled(to: str) -> str | None:
        tried.append(to)
        return "TooManyRequestsException" if here.world.now() < at(2) else None

    here.refuse_mail(throttled)
    for n in range(2):
        here.world.app.db.outbox.put(trouble_entry(f"t{n}"))
    here.flag_and_send_at(1)
    assert len(tried) == 1
    here.flag_and_send_at(2)
    assert here.mails_to() == [(2, "vera"), (2, "vera")]


def test_a_claimed_mailbox_gets_no_mail_from_another_sender(
    posts: Posts, small_company: Build
) -> None:
    """The claim of a mailbox lasts until the last of three mails is sent, and then ends."""
    here = small_company()
    outbox = here.world.app.db.outbox
    claimed: list[bool] = []

    def note_claim(_: str = "") -> None:
        claimed.append(outbox.mailboxes("acme", ["vera"])["vera"].claimed_until is not None)

    here.refuse_mail(note_claim)
    for n in range(3):
        outbox.put(trouble_entry(f"t{n}"))
    here.flag_and_send_at(1)
    note_claim()
    assert claimed == [True, True, True, False]


def test_a_suppressed_address_is_recognised_in_any_spelling(
    posts: Posts, small_company: Build
) -> None:
    """When an address in capital letters has bounced, nothing more is sent to it."""
    posts.mention(0, "7")
    second = posts.mention(31, "8")
    here = small_company(settings(people={"anna": "Anna <Anna@ACME.example>"})).run_minutes(0, 15)
    assert [m.to for m in here.mails] == ["Anna@ACME.example"]
    deliver_event(here, event_about_mail(here))
    here.run_minutes(31).flag_and_send_at(46, 47, 61)
    later = [(m.who, m.posts) for m in here.mails if m.minute > 40]
    assert ("vera", [second]) in later
    assert "Anna" not in dict(later)


def test_an_error_for_one_person_is_reported_and_delays_nobody_else(
    posts: Posts, small_company: Build
) -> None:
    """When mail to one person raises an error, the others get theirs, and then the run fails."""
    posts.mention(0)
    here = small_company(
        settings(
            policy={"levels": [{"name": "warning", "after": "15 min", "tell": ["anna", "boris"]}]}
        )
    )
    here.refuse_mail(lambda to: 1 / 0 if to.startswith("anna") else None)
    here.run_minutes(0, 15)
    assert here.mails_to() == [(15, "boris")]
    assert len(here.failures) == 1
    assert here.failures[0].startswith("send: ")


def test_while_the_sender_is_not_verified_everything_waits(
    posts: Posts, small_company: Build
) -> None:
    """While SES accepts no mail from our sender, alerts wait, and no address is suppressed."""
    asked = posts.mention(0)
    here = small_company()
    topic_messages = here.subscribe_to_critical_topic()
    unverified = (
        "MessageRejected: Email address is not verified. The following identities failed the "
        "check in region US-EAST-1: pulse@example.com"
    )
    here.refuse_mail(lambda _: unverified if here.world.now() < at(25) else None)
    here.run_minutes(0).flag_and_send_at(*range(15, 25))
    assert (here.mails, topic_messages()) == ([], [])
    assert [entry.person for entry in here.waiting()] == ["anna"]
    here.flag_and_send_at(*range(25, 40))
    [mail] = here.mails
    assert (mail.who, mail.posts) == ("anna", [asked])
    assert here.waiting() == []


def test_a_person_throttled_by_ses_delays_nobody_else(posts: Posts, small_company: Build) -> None:
    """While SES defers the agent's mail, the manager's mail is sent."""
    posts.mention(0)
    here = small_company()
    here.refuse_mail(lambda to: "TooManyRequestsException" if to.startswith("anna") else None)
    here.run_minutes(0, 15, 60)
    assert here.mails_to() == [(60, "boris")]


def test_in_shadow_mode_everything_goes_to_one_address(posts: Posts, small_company: Build) -> None:
    """In shadow mode, one address gets all mails, and each says for whom it was meant."""
    posts.mention(0)
    document = settings(shadow={"to": "boss@acme.example", "until": "2030-05-14T12:00:00"})
    here = small_company(document)
    topic_messages = here.subscribe_to_critical_topic()
    here.run_minutes(0, 15, 60)
    assert [m.to for m in here.mails] == ["boss@acme.example"] * 2
    assert "anna@acme.example" in here.mails[0].text
    assert "boris@acme.example" in here.mails[1].text
    here.run_minutes(240)
    assert here.mails[-1].to == "vera@acme.example"
    assert len(topic_messages()) == 1


def test_in_shadow_mode_the_topic_is_silent(posts: Posts, small_company: Build) -> None:
    """In shadow mode, a critical wait sends no message to the topic."""
    posts.mention(0)
    here = small_company(
        settings(shadow={"to": "boss@acme.example", "until": "2030-06-01T00:00:00"})
    )
    topic_messages = here.subscribe_to_critical_topic()
    here.run_minutes(0, 240, 241)
    assert topic_messages() == []
    assert here.waiting() == []
