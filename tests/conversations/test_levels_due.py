"""What falls due of a wait: level by level, then reminders; by a new policy too."""

from datetime import timedelta

import pytest

from pulse.conversations.facts import Fact
from pulse.conversations.fold import fold, levels_due
from pulse.kernel.policy import Level, Policy
from tests.conversations.fact_builders import (
    POLICY,
    alert_timeline,
    at,
    flag,
    lease,
    levels_told,
    mention,
    position,
    reply,
    state,
)

TOLD: dict[str, tuple[float, list[Fact], list[tuple[str, float, int]]]] = {
    "young": (14, [mention(1, 0)], []),
    "on the minute": (15, [mention(1, 0)], [("warning", 15, 0)]),
    "past two levels at once: mildest first": (
        61,
        [mention(1, 0)],
        [("warning", 15, 0), ("breach", 60, 0)],
    ),
    "already told": (20, [mention(1, 0), flag("warning", 15, 1)], []),
    "the next level": (60, [mention(1, 0), flag("warning", 15, 1)], [("breach", 60, 0)]),
    "a higher level told settles those below": (30, [mention(1, 0), flag("breach", 20, 1)], []),
    "answered": (70, [mention(1, 0), reply(2, 3)], []),
    "of an earlier wait: told anew": (
        30,
        [mention(1, 0), flag("warning", 15, 1), reply(2, 16), mention(3, 15)],
        [("warning", 30, 0)],
    ),
    "another mention joins: not told again": (
        40,
        [mention(1, 0), flag("warning", 15, 1), mention(2, 20)],
        [],
    ),
    "an older mention turns up late: the level reached anew, once": (
        65,
        [mention(5, 30), flag("warning", 45, 5, due=45), mention(2, 0)],
        [("breach", 60, 0)],
    ),
    "an older mention turns up late: nothing new is reached": (
        50,
        [mention(5, 30), flag("warning", 45, 5, due=45), mention(2, 0)],
        [],
    ),
    "held by a lease": (20, [mention(1, 0), lease(10, 40)], []),
    "the lease ran out: told at the highest": (
        60,
        [mention(1, 0), lease(10, 60)],
        [("warning", 15, 0), ("breach", 60, 0)],
    ),
    "the latest lease counts: released": (
        20,
        [mention(1, 0), lease(10, 40), lease(12, 12, kind="released")],
        [("warning", 15, 0)],
    ),
    "a part covered by a position: what is left was told": (
        30,
        [mention(1, 0), mention(2, 3), flag("warning", 15, 1, 2), position("p", 16, 1)],
        [],
    ),
    "a part covered by a position: what came after the telling was not": (
        40,
        [mention(1, 0), flag("warning", 15, 1), mention(2, 20), position("p", 21, 1)],
        [("warning", 35, 0)],
    ),
}


@pytest.mark.parametrize(("minute", "facts", "expected"), TOLD.values(), ids=TOLD)
def test_what_falls_due(
    minute: float, facts: list[Fact], expected: list[tuple[str, float, int]]
) -> None:
    """Given these facts, at this minute, then these levels are told, with when they fell due."""
    assert levels_told(minute, *facts) == expected


def test_a_flag_names_all_that_waits() -> None:
    """Given two mentions that wait, when a level is told, then the flag names both."""
    [raised] = levels_due(state(mention(1, 0), mention(2, 3)), POLICY, at(15))
    assert raised.mentions == {"1", "2"}


def test_a_wait_is_told_level_by_level_and_then_reminded() -> None:
    """Every 4 hours for a day, then once a day; never silent, never a storm."""
    hour = 60
    tellings = alert_timeline([(0, mention(1, 0))], until=4 * 24 * hour, step=5)
    assert tellings == [
        (15, "warning", 0),
        (60, "breach", 0),
        *((4 * hour * (n + 1), "critical", n) for n in range(7)),
        (28 * hour + 24 * hour, "critical", 7),
        (28 * hour + 48 * hour, "critical", 8),
    ]


def test_what_arrives_already_late_is_told_once_at_the_highest() -> None:
    """Given a mention that turns up five hours late, then people hear once, of the critical."""
    assert alert_timeline([(300, mention(1, 0))], until=400) == [(300, "critical", 0)]


def test_a_lease_holds_back_reminders_too_and_the_original_time_is_back() -> None:
    """Given a snooze over three levels, when it runs out, then the first waiting time counts."""
    facts: list[tuple[float, Fact]] = [(0, mention(1, 0)), (16, lease(16, 500, kind="snoozed"))]
    assert alert_timeline(facts, until=780) == [
        (15, "warning", 0),
        (500, "critical", 0),
        (740, "critical", 1),
    ]


def test_who_was_named_in_a_reminder_is_not_told_of_anew() -> None:
    """Given a reminder of two, when the answer to one turns up late, then the other goes on."""
    facts: list[tuple[float, Fact]] = [
        (0, mention(1, 0)),
        (245, mention(3, 245)),
        (490, reply(2, 100)),
    ]
    assert alert_timeline(facts, until=1000)[2:] == [
        (240, "critical", 0),
        (480, "critical", 1),
        (720, "critical", 2),
        (960, "critical", 3),
    ]


def test_a_new_wait_begins_its_own_count_of_reminders() -> None:
    """Given a critical wait that was answered, when the customer asks again, all begins anew."""
    facts: list[tuple[float, Fact]] = [
        (0, mention(1, 0)),
        (300, reply(2, 300)),
        (310, mention(3, 310)),
    ]
    assert alert_timeline(facts, until=800) == [
        (15, "warning", 0),
        (60, "breach", 0),
        (240, "critical", 0),
        (325, "warning", 0),
        (370, "breach", 0),
        (550, "critical", 0),
        (790, "critical", 1),
    ]


WATCHED: dict[str, tuple[list[tuple[float, Fact]], list[tuple[float, str, int]]]] = {
    "late before we came: nobody is told": ([(300, mention(1, 0, watched=300))], []),
    "late for one level before we came: the next is told": (
        [(50, mention(1, 0, watched=50))],
        [(60, "breach", 0), (240, "critical", 0), (480, "critical", 1)],
    ),
    "late from the very moment we came: told": (
        [(15, mention(1, 0, watched=15))],
        [(15, "warning", 0), (60, "breach", 0), (240, "critical", 0), (480, "critical", 1)],
    ),
    "not late before we came: all is told": (
        [(10, mention(1, 0, watched=10))],
        [(15, "warning", 0), (60, "breach", 0), (240, "critical", 0), (480, "critical", 1)],
    ),
    "asks again after we came: told of that": (
        [(300, mention(1, 0, watched=300)), (310, mention(2, 310))],
        [(325, "warning", 0), (370, "breach", 0), (550, "critical", 0)],
    ),
    "asks again: the old wait still reaches its next level by its own age": (
        [(100, mention(1, 0, watched=100)), (110, mention(2, 110))],
        [(125, "warning", 0), (170, "breach", 0), (240, "critical", 0), (480, "critical", 1)],
    ),
    "answered and asked anew: told from the new mention on": (
        [(300, mention(1, 0, watched=300)), (305, reply(2, 305)), (310, mention(3, 310))],
        [(325, "warning", 0), (370, "breach", 0), (550, "critical", 0)],
    ),
}


@pytest.mark.parametrize(("facts", "tellings"), WATCHED.values(), ids=WATCHED)
def test_waits_already_late_at_the_start_raise_no_flag(
    facts: list[tuple[float, Fact]], tellings: list[tuple[float, str, int]]
) -> None:
    """What was late is for the digest; what a customer says since is alerted like any other."""
    assert alert_timeline(facts, until=600) == tellings


def test_a_new_policy_folds_the_same_facts_anew() -> None:
    """Given a shorter warning, when folded again, then it is due earlier; what was told stands."""
    quick = Policy(
        levels=(Level("warning", timedelta(minutes=5), ()), *POLICY.levels[1:]),
        groups={},
        version=2,
    )
    assert state(mention(1, 0)).attention_at == at(15)
    assert fold([mention(1, 0)], quick).attention_at == at(5)
    assert levels_told(20, mention(1, 0), flag("warning", 15, 1), policy=quick) == []


def test_a_level_put_between_in_a_new_policy_is_told_only_above_what_was_heard() -> None:
    """Given a breach that was told, when `notice` comes in below it, then nobody hears of that."""
    finer = Policy(
        levels=(*POLICY.levels[:1], Level("notice", timedelta(minutes=30), ()), *POLICY.levels[1:]),
        groups={},
        version=2,
    )
    facts = [mention(1, 0), flag("warning", 15, 1), flag("breach", 60, 1)]
    assert levels_told(70, *facts, policy=finer) == []
    assert levels_told(70, *facts[:2], policy=finer) == [("notice", 30, 0), ("breach", 60, 0)]


def test_a_level_taken_out_by_a_new_policy_counts_as_never_told() -> None:
    """Given a critical told under the old policy, when it is no more, then the new top is told."""
    two = Policy(levels=POLICY.levels[:2], groups={}, version=2)
    facts = [mention(1, 0), flag("warning", 15, 1), flag("critical", 240, 1)]
    folded = fold(facts, two)
    assert folded.level == "warning"
    assert levels_told(250, *facts, policy=two) == [("breach", 60, 0)]
