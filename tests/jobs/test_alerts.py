"""Who hears of whom, when, and how often: nobody forgotten, and no storms."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest

from pulse.domain.facts import Key, Lease
from pulse.domain.outbox import Entry

from .town import HELP, NEWS, Posts, Town, alone, at, settings

Build = Callable[..., Town]


def test_each_level_is_told_once_to_the_people_of_that_level(posts: Posts, town: Build) -> None:
    """Given a mention that nobody answers, then agent, manager and head hear of it in turn."""
    asked = posts.mention(0.5)
    here = town().go(1).later(15, 16, 17, 60, 61, 62, 240, 241, 242)
    assert here.told() == [(16, "anna"), (61, "boris"), (241, "vera")]
    assert all(m.posts == [asked] for m in here.mails)
    assert [f.level for f in here.states()[asked].flags] == ["warning", "breach", "critical"]


def test_nobody_is_alerted_of_what_was_late_before_we_came(posts: Posts, town: Build) -> None:
    """Given a day of older mentions, when Pulse starts, then the digest has them, no alert does."""
    old, half, young = posts.mention(-600, "7"), posts.mention(-30, "8"), posts.mention(-5, "9")
    here = town().go(0, 1, 10, 11, 30, 31)
    assert here.told() == [(10, "anna"), (30, "boris")]
    assert [m.posts for m in here.mails] == [[young], [half]]
    assert set(here.states()) == {old, half, young}
    digest = here.digest(32, -720)
    assert {old, half, young} == set(digest.posts)


def test_what_was_published_before_the_look_back_is_not_taken_in(posts: Posts, town: Build) -> None:
    """Given a look-back of a day, then what is older does not exist for Pulse."""
    posts.mention(-60 * 25)
    kept = posts.mention(-60 * 23)
    assert set(town().go(0).states()) == {kept}


def test_an_alert_mail_holds_the_next_one_back_for_half_an_hour(posts: Posts, town: Build) -> None:
    """Given a mention every five minutes, then the agent gets a mail each half hour, with all."""
    asked = [posts.mention(5 * n, str(n)) for n in range(13)]
    here = town(alone())
    for minute in range(80):
        (here.later if minute % 5 else here.go)(minute)
    assert here.told("anna") == [(15, "anna"), (45, "anna"), (75, "anna")]
    first, second, third = (m.posts for m in here.mails if m.who == "anna")
    assert first == asked[:1]
    assert second == asked[1:7]
    assert third == asked[7:]


def test_critical_breaks_the_window_at_most_every_five_minutes(posts: Posts, town: Build) -> None:
    """Given critical waits minute by minute, then the head hears every five, never more often."""
    asked = [posts.mention(n, str(n)) for n in range(12)]
    here = town(alone()).go(0, 11).later(*range(238, 262))
    minutes = [minute for minute, _ in here.told("vera")]
    assert minutes == [240, 245, 250, 255]
    assert {p for m in here.mails if m.who == "vera" for p in m.posts} == set(asked)


def test_one_person_for_all_levels_gets_no_storm(posts: Posts, town: Build) -> None:
    """Given one person who hears of everything, then mails keep their distance all the same."""
    levels = [
        {"name": "warning", "after": "5 min", "tell": ["vera"]},
        {"name": "breach", "after": "20 min", "tell": ["vera"]},
        {"name": "critical", "after": "50 min", "tell": ["vera"]},
    ]
    for n in range(10):
        posts.mention(4 * n, str(n))
    here = town(alone(policy={"levels": levels})).go(*range(0, 40, 4)).later(*range(40, 96, 2))
    times = [(m.minute, "CRITICAL" in m.subject) for m in here.mails]
    assert times
    for (before, _), (after, critical) in pairwise(times):
        assert after - before >= (5 if critical else 30)


def test_critical_goes_to_the_topic_too(posts: Posts, town: Build) -> None:
    """Given a wait of four hours, then the topic says it with a link, once; milder ones do not."""
    asked = posts.mention(0)
    here = town()
    heard = here.listen()
    here.go(0, 15, 60, 239)
    assert heard() == []
    here.go(240, 241, 242)
    [said] = heard()
    assert "CRITICAL" in said["Subject"]
    assert f"in_reply_to={asked}" in said["Message"]


def test_reminders_go_up_the_line(posts: Posts, town: Build) -> None:
    """Given a critical wait that nobody takes, then each reminder adds the next group up."""
    posts.mention(0)
    document = settings(
        people={"gleb": "gleb@acme.example", "dina": "dina@acme.example"},
        policy={"up_the_line": ["gleb", "dina"]},
    )
    here = town(document)
    heard = here.listen()
    here.go(0).later(15, 60, 240, 241, 479, 480, 481, 720, 960)
    assert [x for x in here.told() if x[0] >= 240] == [
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
    assert len(heard()) == 4


def test_a_lease_holds_back_and_runs_out(posts: Posts, town: Build) -> None:
    """Given somebody who takes it for an hour, then the next in line hears when it runs out."""
    asked = posts.mention(0)
    here = town().go(0, 15)
    here.add(asked, Lease("mine", "anna", at(16), at(80)))
    here.later(59, 60, *range(75, 83))
    assert here.told() == [(15, "anna"), (80, "boris")]


def test_when_nobody_is_on_duty_the_owner_hears(posts: Posts, town: Build) -> None:
    """Given agents who work in the afternoon only, then a warning at night wakes the owner."""
    posts.mention(0)
    document = settings(
        groups={"agents": [{"person": "anna", "hours": "14:00-18:00"}]},
        policy={"levels": [{"name": "warning", "after": "15 min", "tell": ["agents"]}]},
    )
    here = town(document).go(0, 15)
    assert here.told() == [(15, "vera")]


def test_what_was_answered_before_sending_is_not_told(posts: Posts, town: Build) -> None:
    """Given an alert held back by the window, when it is answered meanwhile, then no mail."""
    posts.mention(0, "7")
    second = posts.mention(5, "8")
    posts.reply(29, second)
    here = town().go(0, 5, 15, 20, 30, 45, 46)
    assert here.told("anna") == [(15, "anna")]
    assert here.waiting() == []


def test_answered_by_the_other_account(posts: Posts, town: Build) -> None:
    """Given a question to the official account, when support answers, then nobody is alerted."""
    asked = posts.mention(0, to=[NEWS])
    posts.reply(9, asked, account=HELP)
    here = town().go(0, 10, 15, 60)
    assert here.told() == []
    assert here.states()[asked].first_response_seconds == 9 * 60


def test_answered_by_somebody_else_is_not_answered(posts: Posts, town: Build) -> None:
    """Given another customer who answers, then our customer still waits."""
    asked = posts.mention(0)
    posts.mention(3, "8", thread=asked, in_reply_to_user_id="7")
    here = town().go(0, 4, 15)
    assert here.told() == [(15, "anna")]


def test_the_worst_fifty_and_a_count(posts: Posts, town: Build) -> None:
    """Given seventy who wait, then one mail shows the fifty worst and says how many more."""
    asked = [posts.mention(n / 100, str(n + 10)) for n in range(70)]
    here = town(alone()).go(0, 1).later(16)
    [mail] = here.mails
    assert mail.posts == asked[:50]
    assert "20" in mail.text
    assert "70" in mail.subject
    assert here.waiting() == []


def test_an_address_that_is_refused_falls_to_the_next(posts: Posts, town: Build) -> None:
    """Given an agent whose address SES refuses, then the owner hears of the wait, and of that."""
    asked = posts.mention(0)
    here = town()
    here.ses_says(lambda to: "MessageRejected" if to.startswith("anna") else None)
    here.go(0, 15, 16, 17)
    assert here.told() == [(16, "vera"), (16, "vera")]
    alert, trouble = here.mails
    assert alert.posts == [asked]
    assert "anna@acme.example" in trouble.subject + trouble.text
    [row] = here.journal("undelivered")
    assert (row.what["address"], row.what["final"]) == ("anna@acme.example", True)
    assert here.waiting() == []


def test_when_every_address_is_refused_the_topic_hears(posts: Posts, town: Build) -> None:
    """Given an SES that refuses everybody, then the alert reaches the topic, nothing goes round."""
    asked = posts.mention(0)
    here = town()
    heard = here.listen()
    here.ses_says(lambda _: "MessageRejected")
    here.go(0).later(*range(15, 25))
    assert here.mails == []
    [said] = heard()
    assert asked in said["Message"]
    assert here.waiting() == []


def test_many_alerts_for_a_refused_address_all_move_on(posts: Posts, town: Build) -> None:
    """Given eighty entries for one who cannot be written to, then all come to the next, at once."""
    asked = posts.mention(0)
    here = town()
    here.ses_says(lambda to: "MessageRejected" if to.startswith("anna") else None)
    here.go(0)
    for n in range(80):
        key = Key("acme", asked, "7")
        here.world.app.outbox.put(Entry(f"e{n}", "acme", "anna", "alert", at(0), (key,)))
    here.later(1, 2)
    assert here.failures == []
    assert here.waiting() == []
    assert [m.posts for m in here.mails] == [[asked], []]
    assert {m.who for m in here.mails} == {"vera"}


@pytest.mark.parametrize("code", ["TooManyRequestsException", "SendingPausedException"])
def test_what_ses_does_not_take_now_goes_later(posts: Posts, town: Build, code: str) -> None:
    """Given an SES that says wait for ten minutes, then it is asked ever less, and nothing lost."""
    first, second = posts.mention(0, "7"), posts.mention(4, "8")
    tried: list[float] = []
    here = town()

    def throttled(to: str) -> str | None:
        tried.append((here.world.now() - at(0)) / timedelta(minutes=1))
        return code if here.world.now() < at(25) else None

    here.ses_says(throttled)
    here.go(0, 4).later(*range(15, 40))
    assert tried == [15, 16, 18, 22, 30]
    [mail] = here.mails
    assert (mail.minute, mail.who, mail.posts) == (30, "anna", [first, second])
    assert [row.what["final"] for row in here.journal("undelivered")] == [False] * 4
    assert here.waiting() == []


def test_one_persons_trouble_holds_up_nobody_else(posts: Posts, town: Build) -> None:
    """Given a throttled agent, then the manager's mail goes all the same."""
    posts.mention(0)
    here = town()
    here.ses_says(lambda to: "TooManyRequestsException" if to.startswith("anna") else None)
    here.go(0, 15, 60)
    assert here.told() == [(60, "boris")]


def test_in_shadow_mode_everything_goes_to_one_address(posts: Posts, town: Build) -> None:
    """Given the first week, then one person gets it all and sees for whom it was meant."""
    posts.mention(0)
    document = settings(shadow={"to": "boss@acme.example", "until": "2030-05-14T12:00:00"})
    here = town(document)
    heard = here.listen()
    here.go(0, 15, 60)
    assert [m.to for m in here.mails] == ["boss@acme.example"] * 2
    assert "anna@acme.example" in here.mails[0].text
    assert "boris@acme.example" in here.mails[1].text
    here.go(240)
    assert here.mails[-1].to == "vera@acme.example"
    assert len(heard()) == 1


def test_in_shadow_mode_the_topic_is_silent(posts: Posts, town: Build) -> None:
    """Given a critical wait in the first week, then nobody is woken."""
    posts.mention(0)
    here = town(settings(shadow={"to": "boss@acme.example", "until": "2030-06-01T00:00:00"}))
    heard = here.listen()
    here.go(0, 240, 241)
    assert heard() == []
    assert here.waiting() == []


def test_each_person_reads_in_their_own_language(posts: Posts, town: Build) -> None:
    """Given an agent who reads Russian, then her mail is in Russian, the manager's in English."""
    posts.mention(0)
    anna = {"name": "Анна", "email": "anna@acme.example", "language": "ru"}
    here = town(settings(people={"anna": anna})).go(0, 15, 60)
    russian, english = here.mails
    assert any("а" <= letter <= "я" for letter in russian.subject)
    assert not any("а" <= letter <= "я" for letter in english.subject)


def test_an_alert_says_when_our_own_posts_cannot_be_read(posts: Posts, town: Build) -> None:
    """Given an X that hides our own posts, then the alert says it may be answered already."""
    posts.mention(0)
    fault = {"from": at(1).isoformat(), "endpoint": "posts", "status": 503}
    here = town(faults=[fault]).go(0, 1, 15)
    [mail] = here.mails
    assert "@acme_help" in mail.text
    assert "answered already" in mail.text


def test_a_new_policy_is_taken_up_at_once(posts: Posts, town: Build) -> None:
    """Given a shorter warning pushed while somebody waits, then it is due by the new rule."""
    posts.mention(0)
    here = town().go(0, 1)
    quick = [{"name": "warning", "after": "5 min", "tell": ["boris"]}]
    here.world.app.shelf.push(settings(policy={"levels": quick}), here.world.now())
    here.go(2, 5, 6, 15)
    assert here.told() == [(5, "boris")]


def test_a_person_who_is_no_longer_in_the_settings(posts: Posts, town: Build) -> None:
    """Given an alert held for somebody who has left, then whoever hears of it now gets it."""
    posts.mention(0, "7")
    second = posts.mention(5, "8")
    here = town().go(0, 5, 15, 20)
    gone = settings(policy={"levels": [{"name": "warning", "after": "15 min", "tell": ["boris"]}]})
    del gone["companies"][0]["people"]["anna"]
    here.world.app.shelf.push(gone, here.world.now())
    here.go(21)
    assert here.told() == [(15, "anna"), (21, "boris")]
    assert here.mails[-1].posts == [second]
    assert here.waiting() == []


def test_with_nobody_on_duty_the_owner_gets_what_was_held_for_one_who_left(
    posts: Posts, town: Build
) -> None:
    """Given an alert held for somebody who has left, and nobody on duty, then the owner reads."""
    posts.mention(0, "7")
    posts.mention(5, "8")
    here = town().go(0, 5, 15, 20)
    gone = settings(
        groups={"agents": [{"person": "boris", "hours": "14:00-18:00"}]},
        policy={"levels": [{"name": "warning", "after": "15 min", "tell": ["agents"]}]},
    )
    del gone["companies"][0]["people"]["anna"]
    here.world.app.shelf.push(gone, here.world.now())
    here.go(21, 45)
    assert here.told() == [(15, "anna"), (45, "vera")]


def shifts(**turns: str) -> dict[str, object]:
    """Agents on duty by the clock, who hear after 15 minutes."""
    levels = [
        {"name": "warning", "after": "15 min", "tell": ["agents"]},
        {"name": "critical", "after": "4 h", "tell": ["vera"]},
    ]
    return settings(
        people={key: f"{key}@acme.example" for key in turns},
        groups={"agents": [{"person": key, "hours": hours} for key, hours in turns.items()]},
        policy={"levels": levels},
    )


def test_what_the_window_held_back_goes_to_the_next_shift(posts: Posts, town: Build) -> None:
    """Given an alert held for an agent whose shift ends at 9:25, then the next one hears then."""
    posts.mention(0, "7")
    held = posts.mention(5, "8")
    here = town(shifts(anna="01:25-09:25", gleb="09:25-17:25", dina="17:25-01:25"))
    here.go(0, 5, 15, 20, 24, 25, 26, 45)
    assert here.told() == [(15, "anna"), (25, "gleb")]
    assert here.mails[-1].posts == [held]
    assert here.waiting() == []


def test_who_was_told_at_the_time_is_not_told_again_by_a_shift_that_ends(
    posts: Posts, town: Build
) -> None:
    """Given two agents told alike, one goes home with hers held: the other has read it."""
    posts.mention(0, "7")
    posts.mention(5, "8")
    here = town(shifts(anna="01:25-09:25", gleb="09:16-17:25"))
    here.go(0, 5, 15, 20, 24, 25, 26, 45)
    assert here.told() == [(15, "anna"), (20, "gleb")]
    assert here.waiting() == []


def test_a_burst_held_back_goes_over_whole(posts: Posts, town: Build) -> None:
    """Given two hundred alerts held at the end of a shift, then the next one gets them all."""
    posts.mention(0, "7")
    asked = [posts.mention(2 + n / 40, str(5000 + n)) for n in range(200)]
    here = town(shifts(anna="01:25-09:25", gleb="09:25-17:25", dina="09:25-17:25"))
    here.go(0, 5, 8, 15).later(17, 18, 19, 20, 21, 22, 23, 24, 25)
    assert [x for x in here.told() if x[1] != "anna"] == [(25, "dina"), (25, "gleb")]
    for mail in here.mails[-2:]:
        assert f"{len(asked)} waiting" in mail.subject
