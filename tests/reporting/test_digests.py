"""Digests: when their readers' clocks say so, once, with numbers that the archive confirms."""

from collections import Counter
from datetime import UTC, datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pulse.kernel.company import Person
from pulse.reporting.digest import schedule_digests
from pulse.reporting.report import Report, report
from pulse.reporting.stats import duration_stats
from pulse.screens.mails import render
from pulse.screens.models import DigestMail
from tests.small_company import (
    HELP,
    NEWS,
    NINE,
    Build,
    Posts,
    SmallCompany,
    at,
    one_account_settings,
    settings,
)
from tests.tiers import TEST_ALL
from tests.x_interceptor import fault

DAY = 24 * 60


def reading(*digests: dict[str, Any], **people: str) -> dict[str, Any]:
    """Settings with these digests; `people` are their time zones."""
    written = {
        key: {"name": key, "email": f"{key}@acme.example", "time_zone": zone}
        for key, zone in people.items()
    }
    return settings(digests=list(digests), people=written)


def test_each_reader_gets_it_by_their_own_clock(posts: Posts, small_company: Build) -> None:
    """Given readers in Tokyo and New York, then each gets the digest at nine in the evening."""
    document = reading(
        {"period": "daily", "to": ["anna", "boris"], "at": ["21:00"]},
        anna="Asia/Tokyo",
        boris="America/New_York",
    )
    here = small_company(document)
    tokyo, new_york = 3 * 60, 16 * 60
    here.run_minutes(
        0, tokyo - 1, tokyo, tokyo + 1, new_york - 1, new_york, new_york + 1, tokyo + DAY
    )
    assert here.mails_to() == [(tokyo, "anna"), (new_york, "boris"), (tokyo + DAY, "anna")]
    assert [m.minute for m in here.mails if "9" in m.text] == [tokyo, new_york, tokyo + DAY]


def test_a_missed_digest_is_caught_up_once(posts: Posts, small_company: Build) -> None:
    """Given a Pulse that stood still over four shifts, then each reader gets the last one only."""
    document = reading({"period": "shift", "to": ["anna", "boris"], "at": ["09:00", "21:00"]})
    here = small_company(document, start=5).run_minutes(5, 10)
    assert here.mails == []
    late = 2 * DAY + 30
    here.run_minutes(late, late + 1, late + 2)
    assert here.mails_to() == [(late, "anna"), (late, "boris")]
    here.run_minutes(2 * DAY + 12 * 60)
    assert len(here.mails) == 4


def test_two_rules_of_one_period_are_not_sent_twice(posts: Posts, small_company: Build) -> None:
    """Given a reader in two rules who missed both, then each slot comes once at most."""
    document = reading(
        {"period": "shift", "to": ["anna"], "at": ["14:00"]},
        {"period": "shift", "to": ["anna"], "at": ["12:00"]},
    )
    here = small_company(document).run_minutes(0)
    here.run_minutes(*range(6 * 60, 6 * 60 + 4))
    subjects = [m.minute for m in here.mails]
    assert 1 <= len(subjects) <= 2
    assert set(subjects) == {6 * 60}


def test_two_rules_of_one_period_are_both_for_their_reader(
    posts: Posts, small_company: Build
) -> None:
    """Given a reader in two rules, the later hour first, then each comes at its hour."""
    document = reading(
        {"period": "shift", "to": ["anna"], "at": ["14:00"]},
        {"period": "shift", "to": ["anna"], "at": ["12:00"]},
    )
    here = small_company(document).run_minutes(0, 3 * 60, 3 * 60 + 1, 5 * 60, 5 * 60 + 1)
    assert here.mails_to() == [(3 * 60, "anna"), (5 * 60, "anna")]


def test_a_new_reader_begins_with_the_next_one(posts: Posts, small_company: Build) -> None:
    """Given a digest set up after today's hour, then the first comes tomorrow."""
    here = small_company(reading({"period": "daily", "to": ["anna"], "at": ["08:30"]}))
    here.run_minutes(0, 1, 60, DAY - 31, DAY - 30)
    assert here.mails_to() == [(DAY - 30, "anna")]


def test_it_comes_also_when_nobody_waits(posts: Posts, small_company: Build) -> None:
    """Given a silent day, then the digest says so: silence is never a sign of health."""
    here = small_company(reading({"period": "daily", "to": ["anna"], "at": ["09:00"]}), start=-5)
    here.run_minutes(-5, 0)
    [mail] = here.mails
    assert "veryone has been answered" in mail.subject


def test_a_digest_that_ses_does_not_take_now_goes_later_once(
    posts: Posts, small_company: Build
) -> None:
    """Given a throttled SES at nine, then the digest of nine comes when it can."""
    here = small_company(reading({"period": "daily", "to": ["anna"], "at": ["09:00"]}), start=-5)
    here.refuse_mail(lambda _: "TooManyRequestsException" if here.world.now() < at(2) else None)
    here.run_minutes(-5, 0, 1, 2, 3, 4, 5)
    assert here.mails_to() == [(3, "anna")]


def report_of(here: SmallCompany, start: float, end: float) -> Report:
    """The report of a stretch, asked for now, by Vera's clock."""
    db, company = here.world.app.db, here.world.company
    zone = ZoneInfo(company.people["vera"].time_zone)
    return report(company, at(start), at(end), here.world.now(), zone, db.report_stores)


def busy(posts: Posts, seed: int) -> None:
    """Six hours of customers who ask, ask again, and are answered, or not."""
    random = Random(seed)
    asked: list[tuple[float, str]] = []
    for minute in sorted(random.uniform(0, 360) for _ in range(60)):
        if asked and random.random() < 0.4:
            _, to = random.choice(asked)
            posts.reply(minute, to, account=random.choice([HELP, NEWS]))
        elif asked and random.random() < 0.3:
            _, thread = random.choice(asked)
            who = next(p for p in posts.lines if p["id"] == thread)["author_id"]
            posts.mention(minute, who, thread=thread)
        else:
            to = random.choice([[HELP], [NEWS], [HELP, NEWS]])
            asked.append((minute, posts.mention(minute, str(len(asked) + 10), to=to)))


def counted(posts: Posts, start: float, end: float) -> dict[str, Any]:
    """The same figures from the archive, conversation by conversation, as they stood at `end`."""
    known = [p for p in posts.lines if datetime.fromisoformat(p["created_at"]) < at(end)]
    threads: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for post in known:
        ours = post["author_id"] in (HELP, NEWS)
        customer = post["in_reply_to_user_id"] if ours else post["author_id"]
        threads.setdefault((post["conversation_id"], customer), []).append(post)
    received = answered = 0
    first: list[float] = []
    waits: list[tuple[float, bool]] = []
    for thread in threads.values():
        since: datetime | None = None
        mentions = [p for p in thread if p["author_id"] not in (HELP, NEWS)]
        for post in thread:
            when = datetime.fromisoformat(post["created_at"])
            replies = [
                datetime.fromisoformat(p["created_at"])
                for p in thread
                if p not in mentions and int(p["id"]) > int(post["id"])
            ]
            ran = ((replies[0] if replies else at(end)) - when).total_seconds()
            if post not in mentions:
                since = None
                continue
            if when >= at(start):
                received += 1
                answered += bool(replies)
            if post is mentions[0] and when >= at(start):
                first.append(ran)
            if since is None:
                since = when
                if when >= at(start):
                    waits.append((ran, bool(replies)))
    kept = sum(done and ran <= 3600 for ran, done in waits)
    missed = sum(ran > 3600 for ran, _ in waits)
    return {
        "received": received,
        "answered": answered,
        "first": duration_stats(first),
        "next": duration_stats([ran for ran, _ in waits]),
        "within": kept / (kept + missed) if kept + missed else None,
    }


def seen(figures: Any) -> dict[str, Any]:
    return {
        "received": figures.received,
        "answered": figures.answered,
        "first": figures.first_response,
        "next": figures.next_response,
        "within": figures.within,
    }


@pytest.mark.parametrize("seed", range(1, 9) if TEST_ALL else [1])
def test_the_numbers_are_those_of_the_archive(
    posts: Posts, small_company: Build, seed: int
) -> None:
    """Given a busy day, then any stretch agrees with a count of the archive, also later."""
    busy(posts, seed)
    here = small_company(settings(look_back="0")).run_minutes(0, *range(1, 362, 20), 361)
    for start, end in ((0, 361), (120, 240), (240, 300), (0, 60)):
        assert close(seen(report_of(here, start, end).figures), counted(posts, start, end)), (
            start,
            end,
        )
    found = report_of(here, 120, 240)
    assert close(seen(found.before), counted(posts, 0, 120))
    assert sum(hour.received for hour in found.hours.values()) == found.figures.received
    mentions = [p for p in posts.lines if p["author_id"] not in (HELP, NEWS)]
    inside = [p for p in mentions if at(120) <= datetime.fromisoformat(p["created_at"]) < at(240)]
    by_account = {
        name: sum(any(m["id"] == i for m in p["entities"]["mentions"]) for p in inside)
        for name, i in (("acme_help", HELP), ("acme", NEWS))
    }
    assert {a.username: row.received for a, row in found.accounts.items()} == by_account
    waits = {s.waiting_since for s in here.states().values() if s.waiting_since}
    assert len(found.waiting) == len(waits)
    assert sum(found.ageing) == len(found.waiting)


def close(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Equal, but for the parts of a second that first response times leave out."""
    for name in ("first", "next"):
        mine, theirs = one.pop(name), other.pop(name)
        if mine.count != theirs.count:
            return False
        if mine.count and mine.median != pytest.approx(theirs.median, abs=1.1):
            return False
        if mine.count and mine.p90 != pytest.approx(theirs.p90, abs=1.1):
            return False
    return one == other


def test_a_week_tells_day_by_day(posts: Posts, small_company: Build) -> None:
    """Given mentions on three days, then a weekly digest has a row a day, nights apart."""
    for day in range(3):
        posts.mention(day * DAY, str(day + 10))
        posts.mention(day * DAY + 14 * 60, str(day + 20))
    here = small_company(settings(look_back="0"))
    here.run_minutes(*(day * DAY + m for day in range(3) for m in (0, 1, 14 * 60 + 1)))
    found = report_of(here, -4 * DAY, 3 * DAY)
    days = {date.day: row.received for date, row in found.days.items() if row}
    assert {d: n for d, n in days.items() if n} == {14: 2, 15: 2, 16: 2}
    assert (found.day.received, found.night.received) == (3, 3)
    assert found.figures.received == 6


def test_the_nights_figures_are_those_of_its_own_mentions(
    posts: Posts, small_company: Build
) -> None:
    """Given an answer at noon and a question at night, then the night has nothing to show for it.

    The days apart, too: each with what began in it.
    """
    asked = posts.mention(180, "10")
    posts.reply(190, asked)
    posts.mention(14 * 60, "10", thread=asked)
    posts.mention(DAY, "10", thread=asked)
    here = small_company(settings(look_back="0"))
    here.run_minutes(0, 180, 190, 191, 14 * 60, 14 * 60 + 1, DAY, DAY + 1)
    found = report_of(here, -4 * DAY, 3 * DAY)
    assert (found.night.received, found.night.within) == (1, 0)
    assert (found.night.first_response.count, found.night.next_response.count) == (0, 1)
    assert (found.day.first_response.median, found.day.within) == (600, 1)
    assert (found.figures.first_response.median, found.figures.within) == (600, 0.5)
    medians = {
        date.day: row.first_response.median
        for date, row in found.days.items()
        if row and row.received
    }
    assert medians == {14: 600, 15: None}


def test_an_account_has_the_responses_to_those_who_named_it(
    posts: Posts, small_company: Build
) -> None:
    """Given a first word to one account, the next to another, then each has its own only."""
    first = posts.mention(10, "10", to=[NEWS])
    posts.reply(60, first, account=NEWS)
    more = posts.mention(100, "10", to=[HELP], thread=first)
    posts.reply(101, more)
    here = small_company(settings(look_back="0")).run_minutes(0, 10, 60, 61, 100, 101, 102)
    accounts = report_of(here, 0, 120).accounts
    medians = {a.username: row.first_response.median for a, row in accounts.items()}
    assert medians == {"acme_help": None, "acme": 50 * 60}


CHANGES = {
    "forward": (datetime(2030, 3, 30, 8, tzinfo=UTC), 23, [*range(9, 24), 0, 1, *range(3, 9)]),
    "back": (datetime(2030, 10, 26, 19, tzinfo=UTC), 13, [21, 22, 23, *range(9)]),
}


@pytest.mark.parametrize(("start", "long", "hours"), CHANGES.values(), ids=CHANGES)
def test_hours_when_clocks_change(
    posts: Posts, small_company: Build, start: datetime, long: int, hours: list[int]
) -> None:
    """Given a night in Berlin in which clocks change, then each hour that was has its bar."""
    begin = (start - NINE).total_seconds() / 60
    end = begin + long * 60
    posts.mention(begin + 5)
    posts.mention(end - 30, "8")
    vera = {"name": "Vera", "email": "vera@acme.example", "time_zone": "Europe/Berlin"}
    here = small_company(one_account_settings(people={"vera": vera}), start=begin).run_minutes(
        begin, begin + 6, end - 29, end
    )
    bars = report_of(here, begin, end).hours
    assert list(bars) == hours
    assert {hour for hour, bar in bars.items() if bar.received} == {hours[0], 8}


def test_no_digest_calls_us_silent_while_own_posts_are_unread(
    posts: Posts, small_company: Build
) -> None:
    """Given own posts that cannot be read while each is answered, then it says that instead."""
    posts.news(-60, account=HELP)
    for hour in range(1, 12):
        posts.mention(hour * 60, str(hour + 10))
    for late in range(40):
        posts.reply(12 * 60 + late + 0.5, posts.mention(12 * 60 + late, str(late + 100)))
    here = small_company(
        one_account_settings(look_back="24 h"),
        faults=[fault(10, 12 * 60 + 42, endpoint="posts", status=503)],
    )
    here.run_minutes(0, *range(20, 12 * 60, 60), *range(12 * 60, 12 * 60 + 42, 3))
    text = here.digest(12 * 60 + 41, 12 * 60).text
    assert "HAPPENING" in text
    assert "silent for" not in text
    assert "Pulse cannot read our own posts on @acme_help at the moment" in text
    here.run_minutes(12 * 60 + 46, 12 * 60 + 47)
    text = here.digest(12 * 60 + 48, 12 * 60).text
    assert "HAPPENING" in text
    assert "silent for" in text
    assert "cannot be read" not in text


def test_periods_before_pulse_are_unknown_not_zero(posts: Posts, small_company: Build) -> None:
    """Given a week that Pulse saw the end of, then it tells of that end, and since when."""
    posts.mention(-11 * 60)
    here = small_company(settings(look_back="12 h")).run_minutes(0, *range(1, DAY, 30), DAY)
    found = report_of(here, -6 * DAY, DAY)
    assert [row and row.received for row in found.days.values()] == [None] * 5 + [1, 0, 0]
    vera = Person("vera", "Vera", "vera@acme.example")
    letter = DigestMail("Acme", "weekly", found, ())
    mail = render(letter, vera)
    assert "It also covers mentions since 13 May, 21:00, before Pulse was started" in mail.text
    assert "13 May, 21:00 to 15 May, 09:00; data for the previous period" in mail.text
    assert "of 1,440 min since 14 May, 09:00" in mail.preheader
    here.world.app.db.settings_store.push(settings(look_back="0"), here.world.now())
    assert "13 May, 22:00 to 15 May, 09:01" in here.digest(DAY + 1, -6 * DAY).text


def test_who_looks_back_at_nothing_has_no_first_digest(posts: Posts, small_company: Build) -> None:
    """Given a Pulse that takes in nothing of what was before, then no digest speaks of it."""
    here = small_company(settings(look_back="0")).run_minutes(0, 1)
    assert not report_of(here, -720, 1).has_past


def test_the_first_digest_says_that_it_is_the_first(posts: Posts, small_company: Build) -> None:
    """Given a stretch in which Pulse came, then the digest says so; later ones do not."""
    here = small_company().run_minutes(0, 1)
    assert report_of(here, -720, 1).has_past
    assert not report_of(here, 0.5, 1).has_past


def test_the_days_figures_are_kept_without_text_or_names(
    posts: Posts, small_company: Build
) -> None:
    """Given a day's mentions, then its counts by account and hour stay, and nothing else."""
    asked = posts.mention(0)
    posts.reply(10, asked)
    posts.mention(70, "8", to=[HELP, NEWS])
    here = small_company().run_minutes(0, 1, 11, 71)
    here.world.move_clock_to(at(15 * 60 + 40))
    with here.world.counting_calls() as lambdas:
        assert lambdas.invoke_scheduled("figures") == {"acme": 1}
    today = datetime(2030, 5, 14, tzinfo=UTC).date()
    kept = here.world.app.db.figure_store.of_days("acme", today, today)[today]
    received = {
        account: {hour: cell["received"] for hour, cell in hours.items()}
        for account, hours in kept.items()
    }
    assert received == {HELP: {"9": 1, "10": 1}, NEWS: {"10": 1}}
    assert sum(kept[HELP]["9"]["first_response"].values()) == 1
    assert "help me" not in str(kept)
    assert "user" not in str(kept)


def test_what_lies_before_our_time_is_compared_with_nothing(
    posts: Posts, small_company: Build
) -> None:
    """Given a watch that began at nine and looked back an hour, then only that hour is known."""
    posts.mention(-30)
    posts.mention(30, "8")
    here = small_company(settings(look_back="1 h")).run_minutes(0, 30, 60, 120)
    assert report_of(here, 0, 60).before.received == 1
    assert report_of(here, -1, 60).before is None
    assert "data for the previous period is incomplete" in here.digest(121, -1).text
    assert "previous period in brackets" in here.digest(122, 61).text


def test_hundreds_of_readers_at_one_hour(posts: Posts, small_company: Build) -> None:
    """Given more readers than one transaction takes, then each gets the digest, once."""
    readers = {f"reader{number}": "UTC" for number in range(230)}
    rule = {"period": "shift", "to": list(readers), "at": ["09:10", "09:20"]}
    here = small_company(reading(rule, **readers))
    app, company = here.world.app, here.world.company

    def due(minute: float) -> int:
        return schedule_digests(company, app.db.digest_ledger, at(minute))[0]

    assert [due(1), due(9), due(10), due(10), due(20)] == [0, 0, 230, 0, 230]
    assert Counter(e.person for e in here.waiting()) == Counter([*readers, *readers])


def test_a_reader_named_by_two_rules_at_one_hour_gets_one(
    posts: Posts, small_company: Build
) -> None:
    """Given two rules of a period that name one reader at one hour, then it is one digest."""
    rule = {"period": "shift", "to": ["anna"], "at": ["09:10", "21:00"]}
    here = small_company(reading(rule, {**rule, "to": ["anna", "boris"]}, anna="UTC", boris="UTC"))
    here.run_minutes(1, 10, 11)
    assert here.mails_to() == [(10, "anna"), (10, "boris")]
