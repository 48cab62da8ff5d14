"""Digests come by their readers' clocks, once, with figures that the archive confirms."""

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


def digest_settings(*digests: dict[str, Any], **people: str) -> dict[str, Any]:
    """Return settings with these digests; `people` are their time zones."""
    entries = {
        key: {"name": key, "email": f"{key}@acme.example", "time_zone": zone}
        for key, zone in people.items()
    }
    return settings(digests=list(digests), people=entries)


def test_each_reader_gets_the_digest_by_their_own_clock(posts: Posts, small_company: Build) -> None:
    """Readers in Tokyo and New York each get the digest at nine in the evening."""
    document = digest_settings(
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
    """After an outage of four shifts, each reader gets only the digest of the last one."""
    document = digest_settings(
        {"period": "shift", "to": ["anna", "boris"], "at": ["09:00", "21:00"]}
    )
    here = small_company(document, start=5).run_minutes(5, 10)
    assert here.mails == []
    late = 2 * DAY + 30
    here.run_minutes(late, late + 1, late + 2)
    assert here.mails_to() == [(late, "anna"), (late, "boris")]
    here.run_minutes(2 * DAY + 12 * 60)
    assert len(here.mails) == 4


def test_two_rules_of_one_period_are_not_sent_twice(posts: Posts, small_company: Build) -> None:
    """A reader in two rules who missed both slots gets one digest for each slot at most."""
    document = digest_settings(
        {"period": "shift", "to": ["anna"], "at": ["14:00"]},
        {"period": "shift", "to": ["anna"], "at": ["12:00"]},
    )
    here = small_company(document).run_minutes(0)
    here.run_minutes(*range(6 * 60, 6 * 60 + 4))
    subjects = [m.minute for m in here.mails]
    assert 1 <= len(subjects) <= 2
    assert set(subjects) == {6 * 60}


def test_a_reader_in_two_rules_gets_both_digests(posts: Posts, small_company: Build) -> None:
    """A reader in two rules, the later hour first, gets a digest at each of the hours."""
    document = digest_settings(
        {"period": "shift", "to": ["anna"], "at": ["14:00"]},
        {"period": "shift", "to": ["anna"], "at": ["12:00"]},
    )
    here = small_company(document).run_minutes(0, 3 * 60, 3 * 60 + 1, 5 * 60, 5 * 60 + 1)
    assert here.mails_to() == [(3 * 60, "anna"), (5 * 60, "anna")]


def test_a_new_digest_begins_with_its_next_slot(posts: Posts, small_company: Build) -> None:
    """A digest set up after its hour is first sent on the next day."""
    here = small_company(digest_settings({"period": "daily", "to": ["anna"], "at": ["08:30"]}))
    here.run_minutes(0, 1, 60, DAY - 31, DAY - 30)
    assert here.mails_to() == [(DAY - 30, "anna")]


def test_a_digest_is_sent_also_when_nobody_waits(posts: Posts, small_company: Build) -> None:
    """After a day without mentions, the digest says that everyone has been answered."""
    here = small_company(
        digest_settings({"period": "daily", "to": ["anna"], "at": ["09:00"]}), start=-5
    )
    here.run_minutes(-5, 0)
    [mail] = here.mails
    assert "veryone has been answered" in mail.subject


def test_a_digest_that_ses_defers_is_sent_later_once(posts: Posts, small_company: Build) -> None:
    """When SES throttles at nine, the digest of nine is sent once SES accepts it."""
    here = small_company(
        digest_settings({"period": "daily", "to": ["anna"], "at": ["09:00"]}), start=-5
    )
    here.refuse_mail(lambda _: "TooManyRequestsException" if here.world.now() < at(2) else None)
    here.run_minutes(-5, 0, 1, 2, 3, 4, 5)
    assert here.mails_to() == [(3, "anna")]


def report_of(here: SmallCompany, start: float, end: float) -> Report:
    """Return the report of a period as of now, in Vera's time zone."""
    db, company = here.world.app.db, here.world.company
    zone = ZoneInfo(company.people["vera"].time_zone)
    return report(company, at(start), at(end), here.world.now(), zone, db.report_stores)


def publish_busy_day(posts: Posts, seed: int) -> None:
    """Publish six hours of customers who ask, ask again, and are answered or not."""
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


def count_archive(posts: Posts, start: float, end: float) -> dict[str, Any]:
    """Count the same figures from the archive, by conversation, as they stood at `end`."""
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
    met = sum(done and ran <= 3600 for ran, done in waits)
    missed = sum(ran > 3600 for ran, _ in waits)
    return {
        "received": received,
        "answered": answered,
        "first": duration_stats(first),
        "next": duration_stats([ran for ran, _ in waits]),
        "within": met / (met + missed) if met + missed else None,
    }


def as_dict(figures: Any) -> dict[str, Any]:
    return {
        "received": figures.received,
        "answered": figures.answered,
        "first": figures.first_response,
        "next": figures.next_response,
        "within": figures.within,
    }


@pytest.mark.parametrize("seed", range(1, 9) if TEST_ALL else [1])
def test_the_figures_are_those_of_the_archive(
    posts: Posts, small_company: Build, seed: int
) -> None:
    """The report of any period of a busy day agrees with a count of the archive, also later."""
    publish_busy_day(posts, seed)
    here = small_company(settings(look_back="0")).run_minutes(0, *range(1, 362, 20), 361)
    for start, end in ((0, 361), (120, 240), (240, 300), (0, 60)):
        assert nearly_equal(
            as_dict(report_of(here, start, end).figures), count_archive(posts, start, end)
        ), (start, end)
    found = report_of(here, 120, 240)
    assert nearly_equal(as_dict(found.before), count_archive(posts, 0, 120))
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


def nearly_equal(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Return whether figures are equal apart from the fractions of a second in response times."""
    for name in ("first", "next"):
        mine, theirs = one.pop(name), other.pop(name)
        if mine.count != theirs.count:
            return False
        if mine.count and mine.median != pytest.approx(theirs.median, abs=1.1):
            return False
        if mine.count and mine.p90 != pytest.approx(theirs.p90, abs=1.1):
            return False
    return one == other


def test_a_weekly_report_has_a_row_for_each_day(posts: Posts, small_company: Build) -> None:
    """Mentions of three days are counted day by day, and days apart from nights."""
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
    """The night has no response time of a reply given by day.

    The days are kept apart, too: each has the response times of what began in it.
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


def test_an_account_has_the_response_times_of_mentions_that_name_it(
    posts: Posts, small_company: Build
) -> None:
    """A first mention of one account and a later one of another count for one account each."""
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
    """When clocks change during a night in Berlin, each hour that existed has its bar."""
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
    """While own posts cannot be read, the digest says that instead."""
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
    """A weekly digest of a week that Pulse saw only the end of says since when it has data."""
    posts.mention(-11 * 60)
    here = small_company(settings(look_back="12 h")).run_minutes(0, *range(1, DAY, 30), DAY)
    found = report_of(here, -6 * DAY, DAY)
    assert [row and row.received for row in found.days.values()] == [None] * 5 + [1, 0, 0]
    vera = Person("vera", "Vera", "vera@acme.example")
    view = DigestMail("Acme", "weekly", found, ())
    mail = render(view, vera)
    assert "It also covers mentions since 13 May, 21:00, before Pulse was started" in mail.text
    assert "13 May, 21:00 to 15 May, 09:00; data for the previous period" in mail.text
    assert "of 1,440 min since 14 May, 09:00" in mail.preheader
    here.world.app.db.settings_store.push(settings(look_back="0"), here.world.now())
    assert "13 May, 22:00 to 15 May, 09:01" in here.digest(DAY + 1, -6 * DAY).text


def test_without_a_look_back_no_digest_mentions_the_time_before(
    posts: Posts, small_company: Build
) -> None:
    """A report has no past when Pulse reads nothing from before its installation."""
    here = small_company(settings(look_back="0")).run_minutes(0, 1)
    assert not report_of(here, -720, 1).has_past


def test_only_the_first_report_has_a_past(posts: Posts, small_company: Build) -> None:
    """A report has mentions from before Pulse was started only if its period began before that."""
    here = small_company().run_minutes(0, 1)
    assert report_of(here, -720, 1).has_past
    assert not report_of(here, 0.5, 1).has_past


def test_the_days_figures_are_stored_without_text_or_names(
    posts: Posts, small_company: Build
) -> None:
    """The counts of a day by account and hour are stored, and nothing else."""
    asked = posts.mention(0)
    posts.reply(10, asked)
    posts.mention(70, "8", to=[HELP, NEWS])
    here = small_company().run_minutes(0, 1, 11, 71)
    here.world.move_clock_to(at(15 * 60 + 40))
    with here.world.counting_calls() as lambdas:
        assert lambdas.invoke_scheduled("figures") == {"acme": 1}
    today = datetime(2030, 5, 14, tzinfo=UTC).date()
    stored = here.world.app.db.figure_store.of_days("acme", today, today)[today]
    received = {
        account: {hour: cell["received"] for hour, cell in hours.items()}
        for account, hours in stored.items()
    }
    assert received == {HELP: {"9": 1, "10": 1}, NEWS: {"10": 1}}
    assert sum(stored[HELP]["9"]["first_response"].values()) == 1
    assert "help me" not in str(stored)
    assert "user" not in str(stored)


def test_periods_before_the_look_back_are_not_compared(posts: Posts, small_company: Build) -> None:
    """With a look-back of an hour, only that hour is known of the time before the installation."""
    posts.mention(-30)
    posts.mention(30, "8")
    here = small_company(settings(look_back="1 h")).run_minutes(0, 30, 60, 120)
    assert report_of(here, 0, 60).before.received == 1
    assert report_of(here, -1, 60).before is None
    assert "data for the previous period is incomplete" in here.digest(121, -1).text
    assert "previous period in brackets" in here.digest(122, 61).text


def test_hundreds_of_readers_at_one_hour(posts: Posts, small_company: Build) -> None:
    """When there are more readers than one transaction takes, each gets the digest once."""
    readers = {f"reader{number}": "UTC" for number in range(230)}
    rule = {"period": "shift", "to": list(readers), "at": ["09:10", "09:20"]}
    here = small_company(digest_settings(rule, **readers))
    app, company = here.world.app, here.world.company

    def due(minute: float) -> int:
        return schedule_digests(company, app.db.digest_ledger, at(minute))[0]

    assert [due(1), due(9), due(10), due(10), due(20)] == [0, 0, 230, 0, 230]
    assert Counter(e.person for e in here.waiting()) == Counter([*readers, *readers])


def test_a_reader_named_by_two_rules_at_one_hour_gets_one(
    posts: Posts, small_company: Build
) -> None:
    """A reader whom two rules of one period name for one hour gets one digest."""
    rule = {"period": "shift", "to": ["anna"], "at": ["09:10", "21:00"]}
    here = small_company(
        digest_settings(rule, {**rule, "to": ["anna", "boris"]}, anna="UTC", boris="UTC")
    )
    here.run_minutes(1, 10, 11)
    assert here.mails_to() == [(10, "anna"), (10, "boris")]
