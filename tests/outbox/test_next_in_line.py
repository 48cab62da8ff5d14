"""When an address bounces, the next in line gets all of its mail, once."""

from typing import Any

from tests.outbox.ses_feedback import deliver_event, event_about_mail, subjects, suppressed
from tests.small_company import Build, Posts, at, one_account_settings, settings


def test_mail_for_a_bouncing_address_goes_to_the_next_in_line(
    posts: Posts, small_company: Build
) -> None:
    """The owner gets the bounced alert, one report of the address, and all later alerts."""
    first, second = posts.mention(0.5, "7"), posts.mention(29.5, "8")
    here = small_company().run_minutes(1, 16)
    assert here.mails_to() == [(16, "anna")]
    result = deliver_event(here, event_about_mail(here))
    assert result["taken"][0] | {"message_id": ""} == {
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


def test_the_next_digest_reports_a_bounced_address(posts: Posts, small_company: Build) -> None:
    """The digest reports the address and the lost mail, but no gap in watching."""
    posts.mention(0.5)
    here = small_company().run_minutes(*range(17))
    assert "Nothing was missed" in here.digest(16, 0).text
    deliver_event(here, event_about_mail(here, number=0))
    digest = here.digest(17, 0)
    assert "no email has been sent to anna@acme.example since 09:16: email bounced" in digest.text
    assert "1 email could not be delivered" in digest.text
    assert "the watch had gaps" not in digest.text
    assert "Nothing was missed" not in digest.text


def test_a_bounced_owner_is_reported_to_somebody_on_duty(
    posts: Posts, small_company: Build
) -> None:
    """When the owner's digest bounces, people alerted of critical waits get the report."""
    document = settings(owner="boris", digests=[{"period": "daily", "to": "boris", "at": "09:00"}])
    here = small_company(document, start=-5).run_minutes(-5, 0)
    assert here.mails_to() == [(0, "boris")]
    deliver_event(here, event_about_mail(here))
    here.run_minutes(1)
    assert subjects(here, "vera") == [(1, "bounce")]
    here.run_minutes(24 * 60)
    assert len(here.mails) == 2
    assert here.waiting() == []


def test_when_every_address_bounces_the_topic_is_notified(
    posts: Posts, small_company: Build
) -> None:
    """The topic gets the alert once, and nobody gets an alert twice."""
    asked = posts.mention(0.5)
    here = small_company()
    topic_messages = here.subscribe_to_critical_topic()
    here.run_minutes(1, 16)
    deliver_event(here, event_about_mail(here))
    here.flag_and_send_at(17)
    alert = next(n for n, m in enumerate(here.mails) if m.who == "vera" and m.posts)
    deliver_event(here, event_about_mail(here, number=alert))
    here.flag_and_send_at(18)
    [message] = topic_messages()
    assert f"in_reply_to={asked}" in message["Message"]
    here.flag_and_send_at(61)
    deliver_event(here, event_about_mail(here))
    here.flag_and_send_at(62)
    assert len(topic_messages()) == 1
    assert sorted(suppressed(here)) == [
        "anna@acme.example",
        "boris@acme.example",
        "vera@acme.example",
    ]
    assert here.mails_to() == [(16, "anna"), (17, "vera"), (17, "vera"), (61, "boris")]
    assert here.waiting() == []
    assert here.failures == []


def test_unreachable_people_are_skipped(posts: Posts, small_company: Build) -> None:
    """When agent and owner have bounced, the next alert skips both at once."""
    posts.mention(0.5, "7")
    posts.mention(110.5, "8")
    here = small_company(settings(policy={"up_the_line": ["boris"]})).run_minutes(1, 16)
    deliver_event(here, event_about_mail(here))
    here.run_minutes(17)
    deliver_event(here, event_about_mail(here))
    here.run_minutes(18, 61, 71, 111, 126, 127)
    assert [mail for mail in here.mails_to() if mail[0] > 111] == [(127, "boris")]


def test_a_late_bounce_does_not_make_the_outbox_old(posts: Posts, small_company: Build) -> None:
    """An alert that bounces after two hours is handed on as a new entry."""
    posts.mention(0.5)
    here = small_company().run_minutes(1, 16).flag_and_send_at(120)
    deliver_event(here, event_about_mail(here, number=0))
    with here.world.counting_calls() as lambdas:
        assert lambdas.invoke_scheduled("send")["acme"]["oldest_seconds"] == 0
    here.flag_and_send_at(121)
    assert subjects(here, "vera") == [(121, "alert"), (121, "bounce")]


def test_a_bounced_address_of_a_removed_person(posts: Posts, small_company: Build) -> None:
    """The wait is handed on, and no report of the address is sent, since nobody has to fix it."""
    posts.mention(0.5)
    here = small_company(
        settings(people={"zoe": "zoe@acme.example"}, policy=warning_to("zoe"))
    ).run_minutes(1, 16)
    assert here.mails_to() == [(16, "zoe")]
    here.world.app.db.settings_store.push(settings(), here.world.now())
    here.flag_and_send_at(17)
    deliver_event(here, event_about_mail(here))
    here.flag_and_send_at(18)
    assert subjects(here, "vera") == [(18, "alert")]
    assert suppressed(here) == {"zoe@acme.example": "bounce"}


def warning_to(who: str) -> dict[str, Any]:
    return {"levels": [{"name": "warning", "after": "15 min", "tell": [who]}]}


def test_in_shadow_mode_nobody_else_is_written_to(posts: Posts, small_company: Build) -> None:
    """When the shadow address bounces, nothing more is sent, and the audit log has each alert."""
    posts.mention(0.5)
    shadow = {"to": "trial@acme.example", "until": "2030-05-15"}
    here = small_company(settings(shadow=shadow)).run_minutes(1, 16)
    assert here.mails_to() == [(16, "trial")]
    assert deliver_event(here, event_about_mail(here))["taken"][0]["blocked"] == 1
    here.flag_and_send_at(17, 60, 61, 240, 241)
    assert here.mails_to() == [(16, "trial")]
    assert here.waiting() == []
    undelivered = [r.what["address"] for r in here.log_entries("undelivered") if r.what["final"]]
    assert set(undelivered) == {"trial@acme.example"}
    assert len(undelivered) == 3
    assert here.failures == []


def test_an_address_without_suppression_gets_mail_again(posts: Posts, small_company: Build) -> None:
    """After a person lifted a suppression, the old event does not suppress the address again."""
    posts.mention(0.5)
    posts.mention(59.5, "8")
    here = small_company().run_minutes(1, 16)
    bounced = event_about_mail(here)
    deliver_event(here, bounced)
    here.run_minutes(17)
    assert here.world.app.db.suppressions.remove("Anna@acme.example") is not None
    deliver_event(here, bounced)
    assert suppressed(here) == {}
    here.run_minutes(60, 75, 76)
    assert here.mails_to("anna") == [(16, "anna"), (75, "anna")]


def test_a_fault_report_that_bounces_goes_to_the_next_in_line(
    posts: Posts, small_company: Build
) -> None:
    """When the mail about a revoked token bounces, the next in line gets that report."""
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
    """When a mail covered many waits, the next in line gets one mail that covers all of them."""
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
