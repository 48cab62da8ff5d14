"""Mail that comes back: the next in line hears what it said, and of the address, once."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from pulse.domain.outbox import Entry
from tests.ses import NOTICE, bounce, complaint, event, of_identity, reject

from .town import Posts, Town, alone, at, settings

Build = Callable[..., Town]
Say = Callable[..., dict[str, Any]]


def tell(here: Town, said: dict[str, Any] | str) -> Any:
    """SES says it, by way of SNS; what fails is tried again, as Lambda does."""
    with here.world.functions() as lambdas:
        return lambdas.scheduled("feedback", event(said))


def of_mail(here: Town, say: Say = bounce, number: int = -1, **more: Any) -> dict[str, Any]:
    """What SES says now of a mail that went out."""
    mail = here.world.mails()[number]
    when = {"sent_at": at(here.mails[number].minute)} if say is not reject else {}
    return say(mail.id, mail.destinations[0], here.world.now(), **when, **more)


def stopped(here: Town) -> dict[str, str]:
    return {block.address: block.kind for block in here.world.app.addresses.blocked().values()}


def subjects(here: Town, who: str) -> list[tuple[float, str]]:
    """What a person got, by minute: an alert by its first word, else of what it is."""
    kinds = {"comes back": "bounce", "spam": "complaint", "is refused": "refused"}
    return [
        (m.minute, next((k for words, k in kinds.items() if words in m.subject), "alert"))
        for m in here.mails
        if m.who == who
    ]


def test_an_address_that_bounces_falls_to_the_next(posts: Posts, town: Build) -> None:
    """Given a bounced alert, then the owner hears it, once of the address, and all that follows."""
    first, second = posts.mention(0.5, "7"), posts.mention(29.5, "8")
    here = town().go(1, 16)
    assert here.told() == [(16, "anna")]
    done = tell(here, of_mail(here))
    assert done["taken"][0] | {"message_id": ""} == {
        "said": "Permanent (General): smtp; 550 5.1.1 user unknown",
        "message_id": "",
        "ours": True,
        "blocked": 1,
        "passed_on": 1,
    }
    here.go(17, 30, 45, 46, 47)
    assert subjects(here, "anna") == [(16, "alert")]
    assert subjects(here, "vera") == [(17, "alert"), (17, "bounce"), (47, "alert")]
    alert, _, later = (m for m in here.mails if m.who == "vera")
    assert alert.posts == [first]
    assert second in later.posts
    assert here.waiting() == []
    assert here.failures == []


def test_every_mail_goes_under_the_set_whose_word_comes_back(posts: Posts, town: Build) -> None:
    """Given a stack that made its own configuration set, then SES is told of it each time."""
    posts.mention(0.5)
    here = town()
    told: list[str] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        told.append(json.loads(params["body"])["ConfigurationSetName"])

    boto3.DEFAULT_SESSION.events.register("before-call.sesv2.SendEmail", note)
    here.go(1, 16, 61)
    assert told == [here.world.stack.outputs["ConfigurationSetName"]] * 2


def test_the_next_digest_says_so(posts: Posts, town: Build) -> None:
    """Given an address that bounced, then the digest says so below and at its top."""
    posts.mention(0.5)
    here = town().go(*range(17))
    assert "Nothing was missed" in here.digest(16, 0).text
    tell(here, of_mail(here, number=0))
    digest = here.digest(17, 0)
    assert "nothing has been sent to anna@acme.example since 09:16: mail came back" in digest.text
    assert "1 mail could not be delivered" in digest.text
    assert "the watch had gaps" in digest.text
    assert "Nothing was missed" not in digest.text


@pytest.mark.parametrize("say", [bounce, complaint, reject])
@pytest.mark.parametrize("shape", [lambda said: said, of_identity], ids=["event", "notification"])
def test_the_same_word_twice_changes_nothing_more(
    posts: Posts, town: Build, say: Say, shape: Say
) -> None:
    """Given SNS, which may deliver twice and later again, then the second changes nothing."""
    posts.mention(0.5)
    here = town().go(1, 16)
    said = shape(of_mail(here, say))
    tell(here, said)
    after_once = sorted(str(item) for item in here.world.app.table.all())
    again = tell(here, said)
    assert (again["taken"][0]["blocked"], again["taken"][0]["passed_on"]) == (0, 0)
    assert sorted(str(item) for item in here.world.app.table.all()) == after_once
    here.later(17, 18)
    before = len(here.mails)
    tell(here, said)
    here.later(60)
    assert len([m for m in here.mails if m.who == "vera"]) == before - 1
    assert here.failures == []


def test_two_mails_that_bounce_tell_of_the_address_once(posts: Posts, town: Build) -> None:
    """Given two alerts on their way when the first bounces, then both move on, told once."""
    asked = [posts.mention(0.5, "7"), posts.mention(31, "8")]
    here = town().go(1, 16, 31).later(46, 47)
    assert here.told() == [(16, "anna"), (46, "anna")]
    tell(here, of_mail(here, number=0))
    tell(here, of_mail(here, number=1))
    here.later(48)
    assert sorted(subjects(here, "vera")) == [(48, "alert"), (48, "bounce")]
    [alert] = (m for m in here.mails if m.who == "vera" and m.posts)
    assert set(alert.posts) == set(asked)


def test_a_complaint_stops_mail_as_well(posts: Posts, town: Build) -> None:
    """Given a reader who marks an alert as spam, then the owner hears that in other words."""
    posts.mention(0.5)
    here = town().go(1, 16)
    tell(here, of_mail(here, complaint))
    here.later(17)
    assert subjects(here, "vera") == [(17, "alert"), (17, "complaint")]
    assert stopped(here) == {"anna@acme.example": "complaint"}
    assert here.journal("undelivered") == []
    digest = here.digest(18, 0)
    assert (
        "nothing has been sent to anna@acme.example since 09:16: mail was called spam"
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
def test_what_may_pass_is_noted_and_no_more(posts: Posts, town: Build, how: dict[str, str]) -> None:
    """Given an absence note or a full mailbox, then mail goes on, and the journal knows."""
    posts.mention(0.5)
    here = town().go(1, 16)
    for _ in range(2):
        tell(here, of_mail(here, **how))
    assert stopped(here) == {}
    [row] = here.journal("undelivered")
    assert row.what["address"] == "anna@acme.example"
    assert row.what["final"] is False
    here.later(60, 61)
    assert here.told() == [(16, "anna"), (61, "boris")]


def test_a_mail_that_ses_then_did_not_send(posts: Posts, town: Build) -> None:
    """Given a mail that SES took and rejected, then the next hears, and the address stays."""
    posts.mention(0.5)
    here = town().go(1, 16)
    tell(here, of_mail(here, reject))
    here.later(17)
    assert subjects(here, "vera") == [(17, "alert"), (17, "refused")]
    assert stopped(here) == {}


def test_when_the_owner_bounces_somebody_on_duty_hears(posts: Posts, town: Build) -> None:
    """Given the owner's digest that bounces, then who hears of critical waits is told of it."""
    document = settings(owner="boris", digests=[{"period": "daily", "to": "boris", "at": "09:00"}])
    here = town(document, start=-5).go(-5, 0)
    assert here.told() == [(0, "boris")]
    tell(here, of_mail(here))
    here.go(1)
    assert subjects(here, "vera") == [(1, "bounce")]
    here.go(24 * 60)
    assert len(here.mails) == 2
    assert here.waiting() == []


def test_nobody_is_left_but_the_topic(posts: Posts, town: Build) -> None:
    """Given one after the other bounces, then critical still wakes, and nobody is asked twice."""
    asked = posts.mention(0.5)
    here = town()
    heard = here.listen()
    here.go(1, 16)
    tell(here, of_mail(here))
    here.later(17)
    alert = next(n for n, m in enumerate(here.mails) if m.who == "vera" and m.posts)
    tell(here, of_mail(here, number=alert))
    here.later(18)
    [said] = heard()
    assert f"in_reply_to={asked}" in said["Message"]
    here.later(61)
    tell(here, of_mail(here))
    here.later(62)
    assert len(heard()) == 1
    assert sorted(stopped(here)) == ["anna@acme.example", "boris@acme.example", "vera@acme.example"]
    assert here.told() == [(16, "anna"), (17, "vera"), (17, "vera"), (61, "boris")]
    assert here.waiting() == []
    assert here.failures == []


def test_who_cannot_be_written_to_is_passed_over(posts: Posts, town: Build) -> None:
    """Given an agent and an owner who both bounced, then the next alert goes past both at once."""
    posts.mention(0.5, "7")
    posts.mention(110.5, "8")
    here = town(settings(policy={"up_the_line": ["boris"]})).go(1, 16)
    tell(here, of_mail(here))
    here.go(17)
    tell(here, of_mail(here))
    here.go(18, 61, 71, 111, 126, 127)
    assert [told for told in here.told() if told[0] > 111] == [(127, "boris")]


def test_a_bounce_that_comes_late_is_no_outbox_that_ages(posts: Posts, town: Build) -> None:
    """Given a server that takes two hours to send a mail back, then it is passed on as new."""
    posts.mention(0.5)
    here = town().go(1, 16).later(120)
    tell(here, of_mail(here, number=0))
    with here.world.functions() as lambdas:
        assert lambdas.scheduled("send")["acme"]["oldest_seconds"] == 0
    here.later(121)
    assert subjects(here, "vera") == [(121, "alert"), (121, "bounce")]


def test_two_words_at_once_end_as_one_after_the_other(posts: Posts, town: Build) -> None:
    """Given bounces of two mails that are dealt with at the same time, then it is told once."""
    asked = [posts.mention(0.5, "7"), posts.mention(31, "8")]
    here = town().go(1, 16, 31).later(46)
    assert here.told() == [(16, "anna"), (46, "anna")]
    first, second = (of_mail(here, number=n) for n in (0, 1))
    begun: list[Any] = []

    def meanwhile(**_: Any) -> None:
        if not begun:
            begun.append(None)
            begun.append(tell(here, first)["taken"][0])

    client = here.world.app.table.client
    client.meta.events.register("before-call.dynamodb.TransactWriteItems", meanwhile)
    done = tell(here, second)["taken"][0]
    assert (begun[1]["blocked"], begun[1]["passed_on"]) == (1, 1)
    assert (done["blocked"], done["passed_on"]) == (0, 1)
    here.later(47)
    assert sorted(subjects(here, "vera")) == [(47, "alert"), (47, "bounce")]
    assert {p for m in here.mails if m.who == "vera" for p in m.posts} == set(asked)
    assert here.failures == []


def test_an_address_in_two_spellings_is_one(posts: Posts, town: Build) -> None:
    """Given a server that names the reader in capitals, or whom it forwarded to, it is the same."""
    posts.mention(0.5)
    here = town(settings(people={"anna": "Anna@Acme.example"})).go(1, 16)
    tell(here, of_mail(here, said_of="a.other@elsewhere.example"))
    assert stopped(here) == {"anna@acme.example": "bounce"}
    here.later(61, 76)
    assert "anna" not in [m.who.lower() for m in here.mails[1:]]


def test_ses_may_be_faster_than_our_own_note(posts: Posts, town: Build) -> None:
    """Given word of a mail whose record is not written yet, then it is asked for again."""
    posts.mention(0.5)
    here = town().go(1)
    taken: list[Any] = []

    def before_the_mark(**_: Any) -> None:
        if here.world.mails() and not taken:
            taken.append(None)
            mail = here.world.mails()[0]
            said = bounce(mail.id, mail.destinations[0], here.world.now())
            taken.append(here.world.lambdas.scheduled("feedback", event(said)))

    client = here.world.app.table.client
    client.meta.events.register("before-call.dynamodb.TransactWriteItems", before_the_mark)
    here.tick(16)
    assert taken == [None, None]
    assert stopped(here) == {}
    here.go(17)
    assert subjects(here, "vera") == [(17, "alert"), (17, "bounce")]
    assert [f.partition(":")[0] for f in here.failures] == ["feedback"]
    assert "UnrecordedError" in here.failures[0]


def test_a_mail_that_is_not_ours(posts: Posts, town: Build) -> None:
    """Given a mail that somebody else sent, then it stops mail if it was to one of ours."""
    here = town().go(0)
    long_ago = {"sent_at": at(-60)}
    done = tell(here, bounce("foreign", "bob@else.example", at(0), **long_ago))
    assert done["taken"][0]["ours"] is False
    assert stopped(here) == {}
    done = tell(here, bounce("foreign", "anna@acme.example", at(0), **long_ago))
    assert done["taken"][0]["blocked"] == 1
    here.later(1)
    assert subjects(here, "vera") == [(1, "bounce")]
    assert here.journal("undelivered") == []


def test_an_address_that_is_nobodys_any_more(posts: Posts, town: Build) -> None:
    """Given a reader who left meanwhile, then who waits is passed on, and nobody has to mend."""
    posts.mention(0.5)
    here = town(settings(people={"zoe": "zoe@acme.example"}, policy=tells("zoe"))).go(1, 16)
    assert here.told() == [(16, "zoe")]
    here.world.app.shelf.push(settings(), here.world.now())
    here.later(17)
    tell(here, of_mail(here))
    here.later(18)
    assert subjects(here, "vera") == [(18, "alert")]
    assert stopped(here) == {"zoe@acme.example": "bounce"}


def tells(who: str) -> dict[str, Any]:
    return {"levels": [{"name": "warning", "after": "15 min", "tell": [who]}]}


def test_in_shadow_mode_nobody_else_is_written_to(posts: Posts, town: Build) -> None:
    """Given a shadow address that bounces, then nothing is sent at all, and the journal knows."""
    posts.mention(0.5)
    shadow = {"to": "trial@acme.example", "until": "2030-05-15"}
    here = town(settings(shadow=shadow)).go(1, 16)
    assert here.told() == [(16, "trial")]
    assert tell(here, of_mail(here))["taken"][0]["blocked"] == 1
    here.later(17, 60, 61, 240, 241)
    assert here.told() == [(16, "trial")]
    assert here.waiting() == []
    lost = [r.what["address"] for r in here.journal("undelivered") if r.what["final"]]
    assert set(lost) == {"trial@acme.example"}
    assert len(lost) == 3
    assert here.failures == []


def test_a_lifted_address_is_written_to_again(posts: Posts, town: Build) -> None:
    """Given an address that a person gave back, then the next alert goes there, old word or not."""
    posts.mention(0.5)
    posts.mention(59.5, "8")
    here = town().go(1, 16)
    said = of_mail(here)
    tell(here, said)
    here.go(17)
    assert here.world.app.addresses.lift("Anna@acme.example") is not None
    tell(here, said)
    assert stopped(here) == {}
    here.go(60, 75, 76)
    assert here.told("anna") == [(16, "anna"), (75, "anna")]


def test_trouble_that_bounces_is_told_to_the_next(posts: Posts, town: Build) -> None:
    """Given word of a dead token that bounces, then the next in line hears of the token."""
    policy = {"levels": [{"name": "critical", "after": "4 h", "tell": ["boris"]}]}
    here = town(alone(policy=policy), faults=[{"from": at(0).isoformat(), "status": 401}]).go(0)
    assert here.told() == [(0, "vera")]
    tell(here, of_mail(here))
    here.later(1)
    assert here.told("boris") == [(1, "boris"), (1, "boris")]
    assert any("@acme_help" in m.subject for m in here.mails if m.who == "boris")


def test_ten_alerts_of_one_mail_move_on_together(posts: Posts, town: Build) -> None:
    """Given a mail that told of many, then the next gets one that tells of them all."""
    asked = [posts.mention(n + 0.5, str(n + 10)) for n in range(10)]
    here = town(alone()).go(*range(12)).later(*range(16, 27), 46)
    assert here.told() == [(16, "anna"), (46, "anna")]
    tell(here, of_mail(here))
    here.later(47)
    [alert] = (m for m in here.mails if m.who == "vera" and m.posts)
    assert set(alert.posts) == set(here.mails[1].posts)
    assert set(alert.posts) == set(asked[1:])


def test_the_greeting_of_ses_and_what_cannot_be_read(posts: Posts, town: Build) -> None:
    """Given SES's greeting, then nothing; given nonsense, then it fails, and fails again."""
    here = town().go(0)
    assert tell(here, NOTICE) == {"taken": []}
    tell(here, "nonsense")
    here.go(1, 2, 3, 4)
    assert [f.partition(":")[0] for f in here.failures] == ["feedback"] * 3
    assert all("UnreadableError" in f for f in here.failures)


def test_what_is_kept_of_a_mail_holds_no_text(posts: Posts, town: Build) -> None:
    """Given an alert that went out, then its record knows whom it told of, not what they said."""
    posts.mention(0.5)
    here = town().go(1, 16)
    [record] = here.world.app.outbox.sent("acme", at(0), at(20))
    assert "help me" not in str(record)
    mail = here.world.app.outbox.find("acme", record["message_id"], at(18))
    assert mail is not None
    assert isinstance(mail.told, Entry)
    assert mail.told.detail("level") == "warning"
    assert here.world.app.outbox.find("acme", record["message_id"], at(60)) is None
