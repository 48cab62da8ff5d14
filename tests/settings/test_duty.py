"""The table of a week's shifts and its gaps, compared with the policy at every minute."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulse.kernel.policy import Level, Policy, Shift
from pulse_cli.settings import duty

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
WEEK = [MONDAY + timedelta(minutes=minute) for minute in range(duty.WEEK)]

clocks = st.sampled_from([time(0), time(0, 1), time(8, 59), time(9), time(21), time(23, 59)])
shifts = st.builds(
    Shift,
    person=st.sampled_from(["anna", "boris", "vera"]),
    days=st.frozensets(st.integers(0, 6), min_size=1),
    start=clocks,
    end=clocks,
)


def on_duty(group: tuple[Shift, ...]) -> list[set[str]]:
    """Ask the policy itself who is on duty, minute by minute."""
    policy = Policy((Level("only", timedelta(hours=1), ("group",)),), {"group": group})
    return [set(policy.on_duty("group", minute)) for minute in WEEK]


@settings(max_examples=25, deadline=None)
@given(st.lists(shifts, min_size=1, max_size=5).map(tuple))
def test_gaps_are_the_minutes_at_which_the_policy_finds_nobody(group: tuple[Shift, ...]) -> None:
    nobody = {m for begin, end in duty.find_gaps(group) for m in range(begin, end)}
    assert nobody == {m for m, people in enumerate(on_duty(group)) if not people}


@settings(max_examples=25, deadline=None)
@given(st.lists(shifts, min_size=1, max_size=5).map(tuple))
def test_the_week_shows_whom_the_policy_finds(group: tuple[Shift, ...]) -> None:
    shown: list[set[str]] = [set()] * duty.WEEK
    minutes = 0
    for days, (begin, end), people in duty.duty_table(group):
        for day in [d for d in range(7) if _within(d, days)]:
            for minute in range(day * duty.DAY + begin, day * duty.DAY + end):
                shown[minute] = set(people)
                minutes += 1
    assert minutes == duty.WEEK
    assert shown == on_duty(group)


def _within(day: int, label: str) -> bool:
    names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    runs = [[names.index(end) for end in run.split("-")] for run in label.split(", ")]
    return any(run[0] <= day <= run[-1] for run in runs)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([(0, duty.WEEK)], "mon-sun 00:00-24:00"),
        ([(540, 1260)], "mon 09:00-21:00"),
        ([(1260, 1980)], "mon 21:00-24:00, tue 00:00-09:00"),
        ([(540, 600), (660, 720)], "mon 09:00-10:00 and 11:00-12:00"),
        ([(540, 600), (1980, 2040), (4860, 4920)], "mon-tue, thu 09:00-10:00"),
        ([(5 * duty.DAY, duty.WEEK)], "sat-sun 00:00-24:00"),
    ],
)
def test_hours_are_formatted_as_people_write_them(
    spans: list[tuple[int, int]], expected: str
) -> None:
    assert duty.format_week(spans) == expected
