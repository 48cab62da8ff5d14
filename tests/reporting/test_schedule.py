"""When digests are due by their readers' own clocks, on days of 23 or 25 hours too."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse.kernel.company import DigestRule
from pulse.kernel.time import to_instant
from pulse.reporting.schedule import last_slot, next_slot, period_start

INSTANTS = [
    ("Europe/Berlin", "2030-07-01 09:00", "2030-07-01T07:00:00Z"),
    ("Europe/Berlin", "2030-03-31 01:59", "2030-03-31T00:59:00Z"),
    ("Europe/Berlin", "2030-03-31 02:00", "2030-03-31T01:00:00Z"),
    ("Europe/Berlin", "2030-03-31 02:30", "2030-03-31T01:00:00Z"),
    ("Europe/Berlin", "2030-03-31 03:00", "2030-03-31T01:00:00Z"),
    ("Europe/Berlin", "2030-10-27 02:30", "2030-10-27T00:30:00Z"),
    ("Europe/Berlin", "2030-10-27 03:00", "2030-10-27T02:00:00Z"),
    ("America/New_York", "2030-03-10 02:15", "2030-03-10T07:00:00Z"),
    ("America/New_York", "2030-11-03 01:15", "2030-11-03T05:15:00Z"),
    ("America/Santiago", "2022-09-11 00:30", "2022-09-11T04:00:00Z"),
    ("Australia/Lord_Howe", "2030-10-06 02:10", "2030-10-05T15:30:00Z"),
    ("Australia/Lord_Howe", "2030-04-07 01:45", "2030-04-06T14:45:00Z"),
    ("Pacific/Apia", "2011-12-30 12:00", "2011-12-30T10:00:00Z"),
    ("Europe/Moscow", "2014-10-26 01:30", "2014-10-25T21:30:00Z"),
    ("Asia/Kathmandu", "2030-05-14 09:00", "2030-05-14T03:15:00Z"),
    ("UTC", "2030-05-14 09:00", "2030-05-14T09:00:00Z"),
]


@pytest.mark.parametrize(("zone", "local", "utc"), INSTANTS)
def test_a_local_time_that_does_not_exist_or_exists_twice(zone: str, local: str, utc: str) -> None:
    """One that does not exist means the first instant after; one that exists twice, the first."""
    expected = datetime.fromisoformat(utc)
    assert to_instant(datetime.fromisoformat(local), ZoneInfo(zone)) == expected


NINE, NINE_PM = time(9), time(21)
DAILY = DigestRule("daily", ("anna",), (NINE,))
SHIFT = DigestRule("shift", ("anna",), (NINE, NINE_PM))
WORKDAYS = DigestRule("shift", ("anna",), (NINE,), days=frozenset(range(5)))
WEEKLY = DigestRule("weekly", ("anna",), (NINE,), days=frozenset({0}))
MONTHLY = DigestRule("monthly", ("anna",), (NINE,))
MONTH_END = DigestRule("monthly", ("anna",), (NINE,), on_day=31)

SLOTS = [
    (DAILY, "2030-05-14 08:59", "2030-05-13T09:00", "2030-05-14T09:00"),
    (DAILY, "2030-05-14 09:00", "2030-05-14T09:00", "2030-05-15T09:00"),
    (SHIFT, "2030-05-14 20:00", "2030-05-14T09:00", "2030-05-14T21:00"),
    (SHIFT, "2030-05-14 23:00", "2030-05-14T21:00", "2030-05-15T09:00"),
    (WORKDAYS, "2030-05-19 12:00", "2030-05-17T09:00", "2030-05-20T09:00"),
    (WEEKLY, "2030-05-13 08:59", "2030-05-06T09:00", "2030-05-13T09:00"),
    (WEEKLY, "2030-05-19 23:59", "2030-05-13T09:00", "2030-05-20T09:00"),
    (MONTHLY, "2030-05-01 08:59", "2030-04-01T09:00", "2030-05-01T09:00"),
    (MONTHLY, "2030-05-31 23:59", "2030-05-01T09:00", "2030-06-01T09:00"),
    (MONTH_END, "2030-02-28 09:30", "2030-02-28T09:00", "2030-03-31T09:00"),
    (MONTH_END, "2030-02-28 08:30", "2030-01-31T09:00", "2030-02-28T09:00"),
]


@pytest.mark.parametrize(("rule", "local", "last", "following"), SLOTS)
def test_the_last_and_the_next_slot(
    rule: DigestRule, local: str, last: str, following: str
) -> None:
    """At this local time, these are the rule's last slot and its next."""
    zone = ZoneInfo("Europe/Berlin")
    now = datetime.fromisoformat(local).replace(tzinfo=zone).astimezone(UTC)
    before, after = last_slot(rule, zone, now), next_slot(rule, zone, now)
    assert (before.label, after.label) == (last, following)


PERIODS = [
    (DAILY, "2030-05-14 10:00", 24),
    (DAILY, "2030-03-31 10:00", 23),
    (DAILY, "2030-10-27 10:00", 25),
    (SHIFT, "2030-05-14 10:00", 12),
    (SHIFT, "2030-03-31 10:00", 11),
    (WORKDAYS, "2030-05-20 10:00", 24),
    (WEEKLY, "2030-05-13 10:00", 7 * 24),
    (WEEKLY, "2030-04-01 10:00", 7 * 24 - 1),
    (MONTHLY, "2030-03-01 10:00", 28 * 24),
    (MONTHLY, "2030-06-01 10:00", 31 * 24),
    (MONTHLY, "2030-01-01 10:00", 31 * 24),
    (MONTH_END, "2030-03-31 10:00", 31 * 24 - 1),
    (MONTH_END, "2030-04-30 10:00", 30 * 24),
]


@pytest.mark.parametrize(("rule", "local", "hours"), PERIODS)
def test_the_period_of_a_digest(rule: DigestRule, local: str, hours: int) -> None:
    """A digest covers these hours up to its slot, also when clocks change."""
    zone = ZoneInfo("Europe/Berlin")
    now = datetime.fromisoformat(local).replace(tzinfo=zone).astimezone(UTC)
    slot = last_slot(rule, zone, now)
    assert slot.at - period_start(rule, zone, slot) == timedelta(hours=hours)


def test_a_rule_without_times_is_never_due() -> None:
    """Without a time of day there is no slot, neither before nor after."""
    never = DigestRule("daily", ("anna",), ())
    now = datetime(2030, 5, 14, tzinfo=UTC)
    assert last_slot(never, ZoneInfo("UTC"), now) is None
    assert next_slot(never, ZoneInfo("UTC"), now) is None


ZONES = ["UTC", "Europe/Berlin", "Europe/Moscow", "America/New_York", "America/Santiago"]
ZONES += ["Australia/Lord_Howe", "Asia/Tehran", "Pacific/Apia", "Africa/Casablanca"]
rules = st.one_of(
    st.builds(
        DigestRule,
        st.sampled_from(["shift", "daily"]),
        st.just(("anna",)),
        st.lists(st.times(timezones=st.none()), min_size=1, max_size=3, unique=True).map(
            lambda times: tuple(t.replace(second=0, microsecond=0) for t in times)
        ),
        st.sets(st.integers(0, 6), min_size=1).map(frozenset),
    ),
    st.builds(
        DigestRule,
        st.just("weekly"),
        st.just(("anna",)),
        st.sampled_from([(NINE,), (time(2, 30),), (time(0),)]),
        st.integers(0, 6).map(lambda day: frozenset({day})),
    ),
    st.builds(
        DigestRule,
        st.just("monthly"),
        st.just(("anna",)),
        st.sampled_from([(NINE,), (time(2, 30),), (time(0),)]),
        on_day=st.integers(1, 31),
    ),
)


@given(
    rules,
    st.sampled_from(ZONES),
    st.datetimes(datetime(2009, 1, 1), datetime(2035, 1, 1)),  # noqa: DTZ001 - UTC below
)
def test_now_is_between_two_slots_and_digests_leave_nothing_out(
    rule: DigestRule, zone_name: str, moment: datetime
) -> None:
    """In every zone: last <= now < next, and a weekly or monthly digest begins at the last slot."""
    zone, now = ZoneInfo(zone_name), moment.replace(tzinfo=UTC)
    last, following = last_slot(rule, zone, now), next_slot(rule, zone, now)
    assert last.at <= now < following.at
    assert last.label < following.label
    begin = period_start(rule, zone, following)
    if rule.period in ("weekly", "monthly"):
        assert begin == last.at
    assert begin < following.at


def test_a_year_of_daily_digests_has_no_gaps() -> None:
    """Each daily digest of a year begins where the one before it ended."""
    zone = ZoneInfo("America/New_York")
    slots = [
        last_slot(DAILY, zone, datetime(2030, 1, 1, 15, tzinfo=UTC) + timedelta(days=n))
        for n in range(366)
    ]
    for before, after in pairwise(slots):
        assert period_start(DAILY, zone, after) == before.at
