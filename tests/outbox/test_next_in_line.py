"""Who hears instead of one whose address bounces: the next in line, of everything, once."""

from typing import Any

from tests.outbox.ses_feedback import deliver_event, event_about_mail, subjects, suppressed
from tests.small_company import Build, Posts, at, one_account_settings, settings


def test_mail_for_a_bouncing_address_goes_to_the_next_in_line(
    posts: Posts, small_company: Build
) -> None:
    """Given a bounced alert, then the owner hears it, once of the address, and all that follows."""
    first, second = posts.mention(0.5, "7"), posts.mention(29.5, "8")
    here = small_company().run_minutes(1, 16)
    assert here.mails_to() == [(16, "anna")]
    done = deliver_event(here, event_about_mail(here))
    assert done["taken"][0] | {"message_id": ""} == {
        "kind": "bounce",
        "message_id": "",
        "ours": True,
        "blocked": 1,
        "passed_on": 1,
    }
    here.run_minutes(17, 30, 45, 46, 47)
    assert subjects(here, "anna") == [(16, "alert")]
    assert subjects(here, "vera") == [(17, "alert"), (17, "bounce"), (47, "alert")]
    alert, _, later = (m for m in here.mails if m.who == "vera")
    assert alert.posts == [first]
    assert second in later.posts
    assert here.waiting() == []
    assert here.failures == []


def test_the_next_digest_says_so(posts: Posts, small_company: Build) -> None:
    """Given an address that bounced, then the digest says so; the watch had no gap by it."""
    posts.mention(0.5)
    here = small_company().run_minutes(*range(17))
    assert "Nothing was missed" in here.digest(16, 0).text
    deliver_event(here, event_about_mail(here, number=0))
    digest = here.digest(17, 0)
    assert "no email has been sent to anna@acme.example since 09:16: email bounced" in digest.text
    assert "1 email could not be delivered" in digest.text
    assert "the watch had gaps" not in digest.text
    assert "Nothing was missed" not in digest.text


def test_when_the_owner_bounces_somebody_on_duty_hears(posts: Posts, small_company: Build) -> None:
    """Given the owner's digest that bounces, then who hears of critical waits is told of it."""
    document = settings(owner="boris", digests=[{"period": "daily", "to": "boris", "at": "09:00"}])
    here = small_company(document, start=-5).run_minutes(-5, 0)
    assert here.mails_to() == [(0, "boris")]
    deliver_event(here, event_about_mail(here))
    here.run_minutes(1)
    assert subjects(here, "vera") == [(1, "bounce")]
    here.run_minutes(24 * 60)
    assert len(here.mails) == 2
    assert here.waiting() == []


def test_nobody_is_left_but_the_topic(posts: Posts, small_company: Build) -> None:
    """Given one after the other bounces, then critical still wakes, and nobody is asked twice."""
    asked = posts.mention(0.5)
    here = small_company()
    heard = here.subscribe_to_critical_topic()
    here.run_minutes(1, 16)
    deliver_event(here, event_about_mail(here))
    here.flag_and_send_at(17)
    alert = next(n for n, m in enumerate(here.mails) if m.who == "vera" and m.posts)
    deliver_event(here, event_about_mail(here, number=alert))
    here.flag_and_send_at(18)
    [said] = heard()
    assert f"in_reply_to={asked}" in said["Message"]
    here.flag_and_send_at(61)
    deliver_event(here, event_about_mail(here))
    here.flag_and_send_at(62)
    assert len(heard()) == 1
    assert sorted(suppressed(here)) == [
        "anna@acme.example",
        "boris@acme.example",
        "vera@acme.example",
    ]
    assert here.mails_to() == [(16, "anna"), (17, "vera"), (17, "vera"), (61, "boris")]
    assert here.waiting() == []
    assert here.failures == []


def test_who_cannot_be_written_to_is_passed_over(posts: Posts, small_company: Build) -> None:
    """Given an agent and an owner who both bounced, then the next alert goes past both at once."""
    posts.mention(0.5, "7")
    posts.mention(110.5, "8")
    here = small_company(settings(policy={"up_the_line": ["boris"]})).run_minutes(1, 16)
    deliver_event(here, event_about_mail(here))
    here.run_minutes(17)
    deliver_event(here, event_about_mail(here))
    here.run_minutes(18, 61, 71, 111, 126, 127)
    assert [told for told in here.mails_to() if told[0] > 111] == [(127, "boris")]


def test_a_bounce_that_comes_late_is_no_outbox_that_ages(
    posts: Posts, small_company: Build
) -> None:
    """Given a server that takes two hours to send a mail back, then it is passed on as new."""
    posts.mention(0.5)
    here = small_company().run_minutes(1, 16).flag_and_send_at(120)
    deliver_event(here, event_about_mail(here, number=0))
    with here.world.counting_calls() as lambdas:
        assert lambdas.invoke_scheduled("send")["acme"]["oldest_seconds"] == 0
    here.flag_and_send_at(121)
    assert subjects(here, "vera") == [(121, "alert"), (121, "bounce")]


def test_an_address_that_is_nobodys_any_more(posts: Posts, small_company: Build) -> None:
    """Given a reader who left meanwhile, then who waits is passed on, and nobody has to mend."""
    posts.mention(0.5)
    here = small_company(
        settings(people={"zoe": "zoe@acme.example"}, policy=tells("zoe"))
    ).run_minutes(1, 16)
    assert here.mails_to() == [(16, "zoe")]
    here.world.app.db.settings_store.push(settings(), here.world.now())
    here.flag_and_send_at(17)
    deliver_event(here, event_about_mail(here))
    here.flag_and_send_at(18)
    assert subjects(here, "vera") == [(18, "alert")]
    assert suppressed(here) == {"zoe@acme.example": "bounce"}


def tells(who: str) -> dict[str, Any]:
    return {"levels": [{"name": "warning", "after": "15 min", "tell": [who]}]}


def test_in_shadow_mode_nobody_else_is_written_to(posts: Posts, small_company: Build) -> None:
    """Given a shadow address that bounces, then nothing is sent at all, and the journal knows."""
    posts.mention(0.5)
    shadow = {"to": "trial@acme.example", "until": "2030-05-15"}
    here = small_company(settings(shadow=shadow)).run_minutes(1, 16)
    assert here.mails_to() == [(16, "trial")]
    assert deliver_event(here, event_about_mail(here))["taken"][0]["blocked"] == 1
    here.flag_and_send_at(17, 60, 61, 240, 241)
    assert here.mails_to() == [(16, "trial")]
    assert here.waiting() == []
    lost = [r.what["address"] for r in here.log_entries("undelivered") if r.what["final"]]
    assert set(lost) == {"trial@acme.example"}
    assert len(lost) == 3
    assert here.failures == []


def test_a_lifted_address_is_written_to_again(posts: Posts, small_company: Build) -> None:
    """Given an address that a person gave back, then the next alert goes there, old word or not."""
    posts.mention(0.5)
    posts.mention(59.5, "8")
    here = small_company().run_minutes(1, 16)
    said = event_about_mail(here)
    deliver_event(here, said)
    here.run_minutes(17)
    assert here.world.app.db.suppressions.remove("Anna@acme.example") is not None
    deliver_event(here, said)
    assert suppressed(here) == {}
    here.run_minutes(60, 75, 76)
    assert here.mails_to("anna") == [(16, "anna"), (75, "anna")]


def test_trouble_that_bounces_is_told_to_the_next(posts: Posts, small_company: Build) -> None:
    """Given word of a dead token that bounces, then the next in line hears of the token."""
    policy = {"levels": [{"name": "critical", "after": "4 h", "tell": ["boris"]}]}
    here = small_company(
        one_account_settings(policy=policy), faults=[{"from": at(0).isoformat(), "status": 401}]
    ).run_minutes(0)
    assert here.mails_to() == [(0, "vera")]
    deliver_event(here, event_about_mail(here))
    here.flag_and_send_at(1)
    assert here.mails_to("boris") == [(1, "boris"), (1, "boris")]
    assert any("@acme_help" in m.subject for m in here.mails if m.who == "boris")


def test_ten_alerts_of_one_mail_move_on_together(posts: Posts, small_company: Build) -> None:
    """Given a mail that told of many, then the next gets one that tells of them all."""
    asked = [posts.mention(n + 0.5, str(n + 10)) for n in range(10)]
    here = (
        small_company(one_account_settings())
        .run_minutes(*range(12))
        .flag_and_send_at(*range(16, 27), 46)
    )
    assert here.mails_to() == [(16, "anna"), (46, "anna")]
    deliver_event(here, event_about_mail(here))
    here.flag_and_send_at(47)
    [alert] = (m for m in here.mails if m.who == "vera" and m.posts)
    assert set(alert.posts) == set(here.mails[1].posts)
    assert set(alert.posts) == set(asked[1:])
