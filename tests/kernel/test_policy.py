"""Who is on duty, who is alerted of which level, and when reminders are due."""

from datetime import UTC, datetime, time, timedelta

import pytest

from pulse.kernel.policy import Level, Policy, Shift

WORKDAYS, WEEKEND = frozenset(range(5)), frozenset({5, 6})
MON, TUE, FRI, SAT, SUN = (f"2030-05-{day}" for day in (13, 14, 17, 18, 19))

SHIFTS = [
    (Shift("a"), f"{SUN} 00:00", True),
    (Shift("a"), f"{MON} 23:59", True),
    (Shift("a", WORKDAYS), f"{FRI} 23:59", True),
    (Shift("a", WORKDAYS), f"{SAT} 00:00", False),
    (Shift("a", start=time(9), end=time(21)), f"{MON} 08:59", False),
    (Shift("a", start=time(9), end=time(21)), f"{MON} 09:00", True),
    (Shift("a", start=time(9), end=time(21)), f"{MON} 20:59", True),
    (Shift("a", start=time(9), end=time(21)), f"{MON} 21:00", False),
    (Shift("a", frozenset({0}), time(21), time(9)), f"{MON} 20:59", False),
    (Shift("a", frozenset({0}), time(21), time(9)), f"{MON} 21:00", True),
    (Shift("a", frozenset({0}), time(21), time(9)), f"{MON} 03:00", False),
    (Shift("a", frozenset({0}), time(21), time(9)), f"{TUE} 08:59", True),
    (Shift("a", frozenset({0}), time(21), time(9)), f"{TUE} 09:00", False),
    (Shift("a", frozenset({6}), time(21), time(9)), f"{MON} 08:00", True),
    (Shift("a", frozenset({0}), time(9), time(9)), f"{MON} 09:00", True),
    (Shift("a", frozenset({0}), time(9), time(9)), f"{TUE} 08:59", True),
    (Shift("a", frozenset({0}), time(9), time(9)), f"{TUE} 09:00", False),
    (Shift("a", frozenset({0}), time(21), time(0)), f"{MON} 23:59", True),
    (Shift("a", frozenset({0}), time(21), time(0)), f"{TUE} 00:00", False),
]


@pytest.mark.parametrize(("shift", "moment", "on"), SHIFTS)
def test_a_shift_over_midnight_belongs_to_the_day_it_began_on(
    shift: Shift, moment: str, on: bool
) -> None:
    """At this local time, the person of this shift is on duty or not."""
    assert shift.covers(datetime.fromisoformat(moment)) is on


POLICY = Policy(
    levels=(
        Level("warning", timedelta(minutes=15), ("agents",)),
        Level("critical", timedelta(hours=4), ("agents", "head")),
    ),
    groups={
        "agents": (
            Shift("anna", WORKDAYS, time(9), time(21)),
            Shift("boris", WORKDAYS, time(18), time(9)),
            Shift("anna", WEEKEND, time(10), time(16)),
        ),
        "head": (Shift("vera"),),
        "director": (Shift("gleb", WORKDAYS), Shift("vera")),
        "board": (Shift("dina"),),
    },
    time_zone="Europe/Moscow",
    escalation=("director", "board"),
)


@pytest.mark.parametrize(
    ("utc", "people"),
    [
        ("2030-05-13T06:00Z", ("anna",)),
        ("2030-05-13T05:59Z", ()),
        ("2030-05-14T05:59Z", ("boris",)),
        ("2030-05-13T15:30Z", ("anna", "boris")),
        ("2030-05-13T18:00Z", ("boris",)),
        ("2030-05-18T05:00Z", ("boris",)),
        ("2030-05-18T06:30Z", ()),
        ("2030-05-18T08:00Z", ("anna",)),
        ("2030-05-19T22:00Z", ()),
    ],
)
def test_on_duty_by_the_companys_clock(utc: str, people: tuple[str, ...]) -> None:
    """With shifts in Moscow time, these people are on duty at this instant."""
    assert POLICY.on_duty("agents", datetime.fromisoformat(utc)) == people


def test_nobody_of_an_unknown_group_is_on_duty() -> None:
    """A group that the settings do not have has nobody on duty."""
    assert POLICY.on_duty("ghosts", datetime(2030, 5, 13, tzinfo=UTC)) == ()


@pytest.mark.parametrize(
    ("level", "reminder", "people"),
    [
        ("warning", 0, ("anna",)),
        ("critical", 0, ("anna", "vera")),
        ("critical", 1, ("anna", "vera", "gleb")),
        ("critical", 2, ("anna", "vera", "gleb", "dina")),
        ("critical", 9, ("anna", "vera", "gleb", "dina")),
        ("gone", 0, ()),
    ],
)
def test_reminders_go_up_the_escalation(level: str, reminder: int, people: tuple[str, ...]) -> None:
    """Each reminder adds one more group; a person in two groups is listed once."""
    assert POLICY.recipients(level, reminder, datetime(2030, 5, 13, 9, tzinfo=UTC)) == people


def test_ranks() -> None:
    """The mildest level has rank 0; a level that the policy does not have has rank -1."""
    assert [POLICY.rank(x) for x in ("warning", "critical", "gone", None)] == [0, 1, -1, -1]


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_the_response_deadline_is_the_second_level_or_the_only_one(levels: int) -> None:
    """Every wait should have ended by the response deadline."""
    rows = tuple(Level(str(n), timedelta(hours=n), ()) for n in range(1, levels + 1))
    assert Policy(rows, {}).response_deadline == timedelta(hours=min(2, levels))


@pytest.mark.parametrize(
    ("every", "reminder", "pause"),
    [(4, 0, 4), (4, 5, 4), (4, 6, 24), (4, 60, 24), (1, 23, 1), (1, 24, 24), (36, 0, 36)],
)
def test_reminders_repeat_for_a_day_and_then_daily(every: int, reminder: int, pause: int) -> None:
    """After this reminder, the next is due so many hours later, never before `repeat_every`."""
    policy = Policy(POLICY.levels, {}, repeat_every=timedelta(hours=every))
    last = datetime(2030, 5, 13, tzinfo=UTC)
    assert policy.next_reminder(last, reminder) == last + timedelta(hours=pause)
