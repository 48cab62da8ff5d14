"""An alert held back by the alert window is about one wait, not about the customer's next one."""

from tests.outbox.ses_feedback import deliver_event, event_about_mail
from tests.small_company import Build, Posts, one_account_settings


def test_an_answered_customer_who_writes_again_is_not_late(
    posts: Posts, small_company: Build
) -> None:
    """An alert held back lapses with the reply; the next wait is alerted in its own time."""
    posts.mention(0, "7")
    second = posts.mention(5, "8")
    posts.reply(29, second)
    again = posts.mention(44.5, "8", thread=second)
    here = small_company(one_account_settings()).run_minutes(0, 5, 15, 20, 30, 45, 46, 59)
    assert here.mails_to() == [(15, "anna")]
    assert here.waiting() == []
    here.run_minutes(60)
    assert [m.posts for m in here.mails if m.minute == 60 and m.who == "anna"] == [[again]]


def test_nobody_is_alerted_for_an_answered_wait(posts: Posts, small_company: Build) -> None:
    """A critical alert held back is not sent when its wait is answered and a new one begins."""
    asked, second = posts.mention(0, "7"), posts.mention(3, "8")
    posts.reply(4 * 60 + 4, second)
    posts.mention(4 * 60 + 4.6, "8", thread=second)
    here = small_company(one_account_settings()).run_minutes(0, 3)
    topic_messages = here.subscribe_to_critical_topic()
    here.run_minutes(240, 243, 244, 245, 246)
    assert [(m.minute, m.posts) for m in here.mails if m.who == "vera"] == [(240, [asked])]
    assert len(topic_messages()) == 1
    assert here.waiting() == []


def test_a_breach_held_back_is_not_sent_for_the_warning_of_the_next_wait(
    posts: Posts, small_company: Build
) -> None:
    """When the breach is answered meanwhile, the manager gets no alert about the next wait."""
    asked, second = posts.mention(0, "7"), posts.mention(5, "8")
    posts.reply(70, second)
    posts.mention(71.5, "8", thread=second)
    here = small_company(one_account_settings()).run_minutes(0, 5, 15, 60, 65, 71, 72, 87, 90, 91)
    assert [(m.minute, m.posts) for m in here.mails if m.who == "boris"] == [(60, [asked])]
    assert here.waiting() == []


def test_a_bounced_alert_is_not_resent_for_the_next_wait(
    posts: Posts, small_company: Build
) -> None:
    """When an alert bounces after its wait was answered, the owner gets only the bounce report."""
    first = posts.mention(0, "7")
    posts.reply(20, first)
    posts.mention(21.5, "7", thread=first)
    here = small_company(one_account_settings()).run_minutes(0, 15, 21, 22)
    deliver_event(here, event_about_mail(here))
    here.run_minutes(23)
    assert [m.posts for m in here.mails if m.who == "vera"] == [[]]
    assert "bounces" in here.mails[-1].subject
