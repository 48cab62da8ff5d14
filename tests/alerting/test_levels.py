"""Who is alerted of what, when, and how often: nobody is forgotten, and nobody is flooded."""

from itertools import pairwise

from pulse.conversations.facts import Lease
from tests.small_company import HELP, NEWS, Build, Posts, at, one_account_settings, settings


def test_each_level_alerts_its_own_people_once(posts: Posts, small_company: Build) -> None:
    """A mention that nobody answers alerts agent, manager and head in turn."""
    asked = posts.mention(0.5)
    here = small_company().run_minutes(1).flag_and_send_at(15, 16, 17, 60, 61, 62, 240, 241, 242)
    assert here.mails_to() == [(16, "anna"), (61, "boris"), (241, "vera")]
    assert all(m.posts == [asked] for m in here.mails)
    assert [f.level for f in here.states()[asked].flags] == ["warning", "breach", "critical"]


def test_waits_already_late_at_the_start_raise_no_alert(posts: Posts, small_company: Build) -> None:
    """Older mentions found at the start are in the digest; levels already reached alert nobody."""
    old, half, young = posts.mention(-600, "7"), posts.mention(-30, "8"), posts.mention(-5, "9")
    here = small_company().run_minutes(0, 1, 10, 11, 30, 31)
    assert here.mails_to() == [(10, "anna"), (30, "boris")]
    assert [m.posts for m in here.mails] == [[young], [half]]
    assert set(here.states()) == {old, half, young}
    digest = here.digest(32, -720)
    assert {old, half, young} == set(digest.posts)


def test_posts_from_before_the_look_back_are_not_stored(posts: Posts, small_company: Build) -> None:
    """With a look-back of a day, posts older than that are not stored."""
    posts.mention(-60 * 25)
    recent = posts.mention(-60 * 23)
    assert set(small_company().run_minutes(0).states()) == {recent}


def test_an_alert_mail_holds_the_next_one_back_for_half_an_hour(
    posts: Posts, small_company: Build
) -> None:
    """Mentions every five minutes lead to one mail each half hour that has all new ones."""
    asked = [posts.mention(5 * n, str(n)) for n in range(13)]
    here = small_company(one_account_settings())
    for minute in range(80):
        (here.flag_and_send_at if minute % 5 else here.run_minutes)(minute)
    assert here.mails_to("anna") == [(15, "anna"), (45, "anna"), (75, "anna")]
    first, second, third = (m.posts for m in here.mails if m.who == "anna")
    assert first == asked[:1]
    assert second == asked[1:7]
    assert third == asked[7:]


def test_critical_alerts_ignore_the_window_at_most_every_five_minutes(
    posts: Posts, small_company: Build
) -> None:
    """With critical waits every minute, the head gets a mail every five minutes, not more often."""
    asked = [posts.mention(n, str(n)) for n in range(12)]
    here = (
        small_company(one_account_settings()).run_minutes(0, 11).flag_and_send_at(*range(238, 262))
    )
    minutes = [minute for minute, _ in here.mails_to("vera")]
    assert minutes == [240, 245, 250, 255]
    assert {p for m in here.mails if m.who == "vera" for p in m.posts} == set(asked)


def test_one_person_on_all_levels_gets_few_mails(posts: Posts, small_company: Build) -> None:
    """Alerts of all levels to one person still keep the distances between mails."""
    levels = [
        {"name": "warning", "after": "5 min", "tell": ["vera"]},
        {"name": "breach", "after": "20 min", "tell": ["vera"]},
        {"name": "critical", "after": "50 min", "tell": ["vera"]},
    ]
    for n in range(10):
        posts.mention(4 * n, str(n))
    here = (
        small_company(one_account_settings(policy={"levels": levels}))
        .run_minutes(*range(0, 40, 4))
        .flag_and_send_at(*range(40, 96, 2))
    )
    times = [(m.minute, "CRITICAL" in m.subject) for m in here.mails]
    assert times
    for (before, _), (after, critical) in pairwise(times):
        assert after - before >= (5 if critical else 30)


def test_critical_alerts_go_to_the_topic_too(posts: Posts, small_company: Build) -> None:
    """After four hours, the topic gets one message with a link; lower levels send it nothing."""
    asked = posts.mention(0)
    here = small_company()
    topic_messages = here.subscribe_to_critical_topic()
    here.run_minutes(0, 15, 60, 239)
    assert topic_messages() == []
    here.run_minutes(240, 241, 242)
    [message] = topic_messages()
    assert "CRITICAL" in message["Subject"]
    assert f"in_reply_to={asked}" in message["Message"]


def test_the_topic_has_an_english_subject(posts: Posts, small_company: Build) -> None:
    """SNS takes ASCII subjects only, so the subject is English although the owner reads Russian."""
    posts.mention(0)
    vera = {"name": "Вера", "email": "vera@acme.example", "language": "ru"}
    here = small_company(settings(title={"en": "Acme", "ru": "Акме"}, people={"vera": vera}))
    topic_messages = here.subscribe_to_critical_topic()
    here.run_minutes(0, 240)
    [message] = topic_messages()
    assert message["Subject"] == "CRITICAL: 1 customer waiting for 4 h Acme"
    assert "ждёт" in message["Message"]
    assert "Акме" in message["Message"]


def test_reminders_go_up_the_escalation(posts: Posts, small_company: Build) -> None:
    """Each reminder of a critical wait that nobody takes also goes to the next step up."""
    posts.mention(0)
    document = settings(
        people={"gleb": "gleb@acme.example", "dina": "dina@acme.example"},
        policy={"up_the_line": ["gleb", "dina"]},
    )
    here = small_company(document)
    topic_messages = here.subscribe_to_critical_topic()
    here.run_minutes(0).flag_and_send_at(15, 60, 240, 241, 479, 480, 481, 720, 960)
    assert [x for x in here.mails_to() if x[0] >= 240] == [
        (240, "vera"),
        (480, "gleb"),
        (480, "vera"),
        (720, "dina"),
        (720, "gleb"),
        (720, "vera"),
        (960, "dina"),
        (960, "gleb"),
        (960, "vera"),
    ]
    assert len(topic_messages()) == 4


def test_a_reminder_is_marked_as_one_beside_new_waits(posts: Posts, small_company: Build) -> None:
    """A mail with a reminder and a new critical wait is called a reminder."""
    reminded, new = posts.mention(0, "7"), posts.mention(240, "8")
    here = small_company(one_account_settings()).run_minutes(0, 240).flag_and_send_at(480)
    [mail] = (m for m in here.mails if (m.minute, m.who) == (480, "vera"))
    assert set(mail.posts) == {reminded, new}
    assert "reminder 1" in mail.subject


def test_a_lease_holds_alerts_back_until_it_expires(posts: Posts, small_company: Build) -> None:
    """An alert that is due during a lease is sent in the minute the lease runs out."""
    asked = posts.mention(0)
    here = small_company().run_minutes(0, 15)
    here.add_facts(asked, Lease("mine", "anna", at(16), at(80)))
    here.flag_and_send_at(59, 60, *range(75, 83))
    assert here.mails_to() == [(15, "anna"), (80, "boris")]


def test_a_lease_is_shown_only_while_it_lasts(posts: Posts, small_company: Build) -> None:
    """Mails do not show a lease that has run out; a digest shows one that has not."""
    first, second = posts.mention(0, "7"), posts.mention(0.5, "8")
    here = small_company(one_account_settings()).run_minutes(0, 1, 15)
    here.add_facts(first, Lease("mine", "anna", at(16), at(50)))
    here.add_facts(second, Lease("mine", "anna", at(16), at(100)), customer="8")
    here.flag_and_send_at(60, 90, 100)
    alerts = {m.minute: (m.posts, m.text.count("taken by: Anna")) for m in here.mails}
    assert alerts == {15: ([first], 0), 60: ([first], 0), 100: ([second], 0)}
    assert here.digest(101, 0).text.count("taken by: nobody") == 2
    here.add_facts(second, Lease("mine", "anna", at(102), at(200)), customer="8")
    assert here.digest(103, 0).text.count("taken by: Anna") == 1


def test_waits_answered_before_sending_are_left_out(posts: Posts, small_company: Build) -> None:
    """No mail is sent when a wait is answered while the window holds back its alert."""
    posts.mention(0, "7")
    second = posts.mention(5, "8")
    posts.reply(29, second)
    here = small_company().run_minutes(0, 5, 15, 20, 30, 45, 46)
    assert here.mails_to("anna") == [(15, "anna")]
    assert here.waiting() == []


def test_a_reply_of_the_other_account_counts(posts: Posts, small_company: Build) -> None:
    """A question to the official account that support answers alerts nobody."""
    asked = posts.mention(0, to=[NEWS])
    posts.reply(9, asked, account=HELP)
    here = small_company().run_minutes(0, 10, 15, 60)
    assert here.mails_to() == []
    assert here.states()[asked].first_response_seconds == 9 * 60


def test_a_reply_of_another_customer_does_not_count(posts: Posts, small_company: Build) -> None:
    """A customer to whom only another customer replied still waits, and raises an alert."""
    asked = posts.mention(0)
    posts.mention(3, "8", thread=asked, in_reply_to_user_id="7")
    here = small_company().run_minutes(0, 4, 15)
    assert here.mails_to() == [(15, "anna")]


def test_a_mail_shows_the_worst_fifty_waits_and_a_count(posts: Posts, small_company: Build) -> None:
    """Of seventy waits, one mail shows the fifty worst and says how many more there are."""
    asked = [posts.mention(n / 100, str(n + 10)) for n in range(70)]
    here = small_company(one_account_settings()).run_minutes(0, 1).flag_and_send_at(16)
    [mail] = here.mails
    assert mail.posts == asked[:50]
    assert "20" in mail.text
    assert "70" in mail.subject
    assert here.waiting() == []


def test_an_alert_says_when_our_own_posts_cannot_be_read(
    posts: Posts, small_company: Build
) -> None:
    """While own posts cannot be read, the alert says that the wait may be answered already."""
    posts.mention(0)
    fault = {"from": at(1).isoformat(), "endpoint": "posts", "status": 503}
    here = small_company(faults=[fault]).run_minutes(0, 1, 15)
    [mail] = here.mails
    assert "@acme_help" in mail.text
    assert "answered already" in mail.text


def test_a_new_policy_applies_at_once(posts: Posts, small_company: Build) -> None:
    """A shorter warning pushed while a customer waits applies to that wait."""
    posts.mention(0)
    here = small_company().run_minutes(0, 1)
    quick = [{"name": "warning", "after": "5 min", "tell": ["boris"]}]
    here.world.app.db.settings_store.push(settings(policy={"levels": quick}), here.world.now())
    here.run_minutes(2, 5, 6, 15)
    assert here.mails_to() == [(5, "boris")]
