"""Which levels of a wait are due: level by level, then reminders, also by a new policy."""

from datetime import timedelta

import pytest

from pulse.conversations.facts import Fact
from pulse.conversations.fold import fold, levels_due
from pulse.kernel.policy import Level, Policy
from tests.conversations.fact_builders import (
    POLICY,
    alert_timeline,
    at,
    due_levels,
    flag,
    lease,
    mention,
    position,
    reply,
    state,
)

DUE: dict[str, tuple[float, list[Fact], list[tuple[str, float, int]]]] = {
    "young": (14, [mention(1, 0)], []),
    "on the minute": (15, [mention(1, 0)], [("warning", 15, 0)]),
    "past two levels at once: mildest first": (
        61,
        [mention(1, 0)],
        [("warning", 15, 0), ("breach", 60, 0)],
    ),
    "already flagged": (20, [mention(1, 0), flag("warning", 15, 1)], []),
    "the next level": (60, [mention(1, 0), flag("warning", 15, 1)], [("breach", 60, 0)]),
    "a higher level that was flagged settles those below": (
        30,
        [mention(1, 0), flag("breach", 20, 1)],
        [],
    ),
    "answered": (70, [mention(1, 0), reply(2, 3)], []),
    "an earlier wait was flagged: flagged again": (
        30,
        [mention(1, 0), flag("warning", 15, 1), reply(2, 16), mention(3, 15)],
        [("warning", 30, 0)],
    ),
    "another mention joins: not flagged again": (
        40,
        [mention(1, 0), flag("warning", 15, 1), mention(2, 20)],
        [],
    ),
    "an older mention turns up late: the next level is reached, once": (
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
    "the lease ran out: all levels reached are due": (
        60,
        [mention(1, 0), lease(10, 60)],
        [("warning", 15, 0), ("breach", 60, 0)],
    ),
    "the latest lease counts: released": (
        20,
        [mention(1, 0), lease(10, 40), lease(12, 12, kind="released")],
        [("warning", 15, 0)],
    ),
    "a part covered by a position: the rest was flagged": (
        30,
        [mention(1, 0), mention(2, 3), flag("warning", 15, 1, 2), position("p", 16, 1)],
        [],
    ),
    "a part covered by a position: what came after the flag was not": (
        40,
        [mention(1, 0), flag("warning", 15, 1), mention(2, 20), position("p", 21, 1)],
        [("warning", 35, 0)],
    ),
}


@pytest.mark.parametrize(("minute", "facts", "expected"), DUE.values(), ids=DUE)
def test_which_levels_are_due(
    minute: float, facts: list[Fact], expected: list[tuple[str, float, int]]
) -> None:
    """At this minute, these levels are due, each with the minute it fell due."""
    assert due_levels(minute, *facts) == expected


def test_a_flag_names_all_waiting_mentions() -> None:
    """When two mentions wait, a flag of a level names both."""
    [raised] = levels_due(state(mention(1, 0), mention(2, 3)), POLICY, at(15))
    assert raised.mentions == {"1", "2"}


def test_a_wait_is_alerted_level_by_level_and_then_reminded() -> None:
    """Reminders come every 4 hours for a day, then once a day."""
    hour = 60
    alerts = alert_timeline([(0, mention(1, 0))], until=4 * 24 * hour, step=5)
    assert alerts == [
        (15, "warning", 0),
        (60, "breach", 0),
        *((4 * hour * (n + 1), "critical", n) for n in range(7)),
        (28 * hour + 24 * hour, "critical", 7),
        (28 * hour + 48 * hour, "critical", 8),
    ]


def test_a_mention_that_arrives_late_is_alerted_once_at_the_highest_level() -> None:
    """A mention that turns up five hours late raises one alert, of the level critical."""
    assert alert_timeline([(300, mention(1, 0))], until=400) == [(300, "critical", 0)]


def test_a_lease_holds_back_alerts_and_does_not_change_the_wait() -> None:
    """When a snooze over three levels runs out, the original beginning of the wait counts."""
    facts: list[tuple[float, Fact]] = [(0, mention(1, 0)), (16, lease(16, 500, kind="snoozed"))]
    assert alert_timeline(facts, until=780) == [
        (15, "warning", 0),
        (500, "critical", 0),
        (740, "critical", 1),
    ]


def test_a_mention_named_in_a_reminder_is_not_flagged_again() -> None:
    """When a late reply covers one of two mentions, reminders of the other continue."""
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
    """When a critical wait was answered, a new mention is alerted level by level again."""
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
    "late before the installation: no alert": ([(300, mention(1, 0, watched=300))], []),
    "late for one level before the installation: the next is alerted": (
        [(50, mention(1, 0, watched=50))],
        [(60, "breach", 0), (240, "critical", 0), (480, "critical", 1)],
    ),
    "late from the very minute of the installation: alerted": (
        [(15, mention(1, 0, watched=15))],
        [(15, "warning", 0), (60, "breach", 0), (240, "critical", 0), (480, "critical", 1)],
    ),
    "not late before the installation: all levels are alerted": (
        [(10, mention(1, 0, watched=10))],
        [(15, "warning", 0), (60, "breach", 0), (240, "critical", 0), (480, "critical", 1)],
    ),
    "asks again after the installation: that is alerted": (
        [(300, mention(1, 0, watched=300)), (310, mention(2, 310))],
        [(325, "warning", 0), (370, "breach", 0), (550, "critical", 0)],
    ),
    "asks again: the old wait still reaches its next level by its own age": (
        [(100, mention(1, 0, watched=100)), (110, mention(2, 110))],
        [(125, "warning", 0), (170, "breach", 0), (240, "critical", 0), (480, "critical", 1)],
    ),
    "answered and asked again: alerted from the new mention on": (
        [(300, mention(1, 0, watched=300)), (305, reply(2, 305)), (310, mention(3, 310))],
        [(325, "warning", 0), (370, "breach", 0), (550, "critical", 0)],
    ),
}


@pytest.mark.parametrize(("facts", "alerts"), WATCHED.values(), ids=WATCHED)
def test_waits_already_late_at_the_start_raise_no_flag(
    facts: list[tuple[float, Fact]], alerts: list[tuple[float, str, int]]
) -> None:
    """Waits already late are for the digest; mentions since then are alerted like any other."""
    assert alert_timeline(facts, until=600) == alerts


def test_a_new_policy_applies_to_stored_facts() -> None:
    """With a shorter warning, the level is due earlier; flags already raised still count."""
    quick = Policy(
        levels=(Level("warning", timedelta(minutes=5), ()), *POLICY.levels[1:]),
        groups={},
        version=2,
    )
    assert state(mention(1, 0)).attention_at == at(15)
    assert fold([mention(1, 0)], quick).attention_at == at(5)
    assert due_levels(20, mention(1, 0), flag("warning", 15, 1), policy=quick) == []


def test_a_level_added_by_a_new_policy_is_due_only_above_flagged_levels() -> None:
    """After a breach was flagged, the new level `notice` below it is not due."""
    finer = Policy(
        levels=(*POLICY.levels[:1], Level("notice", timedelta(minutes=30), ()), *POLICY.levels[1:]),
        groups={},
        version=2,
    )
    facts = [mention(1, 0), flag("warning", 15, 1), flag("breach", 60, 1)]
    assert due_levels(70, *facts, policy=finer) == []
    assert due_levels(70, *facts[:2], policy=finer) == [("notice", 30, 0), ("breach", 60, 0)]


def test_a_level_removed_by_a_new_policy_counts_as_never_flagged() -> None:
    """When critical was flagged and then removed from the policy, the new top level is due."""
    two = Policy(levels=POLICY.levels[:2], groups={}, version=2)
    facts = [mention(1, 0), flag("warning", 15, 1), flag("critical", 240, 1)]
    folded = fold(facts, two)
    assert folded.level == "warning"
    assert due_levels(250, *facts, policy=two) == [("breach", 60, 0)]
