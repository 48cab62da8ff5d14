"""What was really watched: minutes, gaps, losses; overlapping gaps count once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from pulse.audit.entries import LogEntry
from pulse.listening.cursor import Cursor, is_blind
from pulse.outbox.suppressions import Suppression
from pulse.reporting.coverage import measure_coverage
from pulse.x.faults import OpenFault
from tests.conversations.fact_builders import at


def gap(start: float, end: float, account: str = "help", reason: str = "blind") -> LogEntry:
    what = {
        "account": account,
        "start": at(start).isoformat(),
        "end": at(end).isoformat(),
        "reason": reason,
    }
    return LogEntry("gap", at(end), what)


def well(minute: float) -> Cursor:
    return Cursor("100", watched_from=at(-600), last_ok=at(minute))


COVERAGE = {
    "nothing missed": ([], 720),
    "one gap": ([gap(10, 20)], 710),
    "before and after": ([gap(-20, -10), gap(720, 730)], 720),
    "over the edges": ([gap(-20, 5), gap(715, 730)], 710),
    "two apart": ([gap(10, 20), gap(30, 40)], 700),
    "two accounts at once": ([gap(10, 20), gap(10, 20, "news")], 710),
    "overlapping": ([gap(10, 20), gap(15, 30, "news")], 700),
    "one inside another": ([gap(10, 40), gap(15, 20, "news"), gap(35, 50, "news")], 680),
    "posts beyond the wall are lost, not unwatched": ([gap(10, 20, reason="wall")], 720),
}


@pytest.mark.parametrize(("rows", "watched"), COVERAGE.values(), ids=COVERAGE)
def test_minutes_watched(rows: list[LogEntry], watched: int) -> None:
    """A minute counts when the mentions of every account could be read in it."""
    found = measure_coverage({"help": well(720)}, rows, at(0), at(720), at(720))
    assert (found.minutes, found.watched) == (720, watched)


def test_gaps_that_touch_the_time_are_named_whole() -> None:
    """Given gaps over the edges, then the digest names them as they were, in order."""
    rows = [gap(700, 730), gap(-20, 5), gap(-20, -10), gap(3, 9, "news", "wall")]
    found = measure_coverage({"help": well(720)}, rows, at(0), at(720), at(720))
    assert [(g.username, g.start, g.end, g.reason) for g in found.gaps] == [
        ("help", at(-20), at(5), "blind"),
        ("news", at(3), at(9), "wall"),
        ("help", at(700), at(730), "blind"),
    ]


def test_what_x_does_not_show_any_more_is_told_when_it_is_noted() -> None:
    """Given posts of a week ago that are found to be lost, then the digest of today says so."""
    row = replace(gap(-9000, -8000, reason="wall"), at=at(700))
    [found] = measure_coverage({"help": well(720)}, [row], at(0), at(720), at(720)).gaps
    assert (found.start, found.end, found.reason) == (at(-9000), at(-8000), "wall")
    assert measure_coverage({"help": well(900)}, [row], at(720), at(900), at(900)).gaps == ()


@pytest.mark.parametrize(
    ("cursor", "watched"),
    [
        (well(719), 720),
        (well(718), 720),
        (well(599), 600),
        (Cursor("100", watched_from=at(60)), 60),
        (Cursor("100", watched_from=at(-60)), 0),
        (None, 720),
    ],
)
def test_a_gap_that_nothing_has_closed_yet_counts(cursor: Cursor | None, watched: int) -> None:
    """Given the last good poll of an account, when it lies back, then it is blind since."""
    found = measure_coverage({"help": cursor}, [], at(0), at(720), at(720))
    assert found.watched == watched


def test_an_open_gap_and_one_of_the_journal_count_once() -> None:
    """Given both for the same minutes, then they are missed once."""
    found = measure_coverage({"help": well(599)}, [gap(590, 610, "news")], at(0), at(720), at(720))
    assert found.watched == 590


def test_what_lies_aside_and_what_was_not_delivered_is_counted() -> None:
    """Given rows of the journal, then each kind is counted; a mail put off is not yet lost."""
    rows = [
        LogEntry("aside", at(5), {"account": "help", "reason": "no id", "raw": {}}),
        LogEntry("aside", at(6), {"account": "help", "reason": "no text", "raw": {}}),
        LogEntry(
            "undelivered", at(7), {"person": "a", "address": "a@b", "detail": "", "final": True}
        ),
        LogEntry(
            "undelivered", at(8), {"person": "a", "address": "a@b", "detail": "", "final": False}
        ),
    ]
    found = measure_coverage({"help": well(720)}, rows, at(0), at(720), at(720))
    assert (found.quarantined, found.undelivered) == (2, 1)


def test_trouble_past_and_present() -> None:
    """Given trouble that passed and trouble that lasts, then both are told, each kind once."""
    passed = LogEntry(
        "trouble",
        at(50),
        {
            "account": "help",
            "endpoint": "mentions",
            "trouble": "unavailable",
            "since": at(40).isoformat(),
            "until": at(50).isoformat(),
            "detail": "503",
        },
    )
    lasting = OpenFault("token", "401", at(600), 9, at(730), reported=True)
    cursor = Cursor(
        "100", at(-600), last_ok=at(599), faults={"mentions": lasting, "posts": lasting}
    )
    found = measure_coverage({"help": cursor}, [passed], at(0), at(720), at(720))
    assert [(t.kind, t.since, t.until) for t in found.faults] == [
        ("unavailable", at(40), at(50)),
        ("token", at(600), None),
    ]


def test_a_stretch_of_no_length_is_watched() -> None:
    """Given a digest for the very moment Pulse came, then nothing is missed."""
    found = measure_coverage({"help": well(0)}, [], at(0), at(0), at(0) + timedelta(seconds=1))
    assert (found.minutes, found.watched, found.gaps) == (0, 0, ())


def test_an_account_that_was_never_read_is_named() -> None:
    """Given an account of which nothing is known yet, then the digest does not call it watched."""
    found = measure_coverage({"help": well(720), "shop": None}, [], at(0), at(720), at(720))
    assert found.unread == ("shop",)
    assert not found.is_complete
    assert measure_coverage({"help": well(720)}, [], at(0), at(720), at(720)).is_complete


def test_what_came_after_the_period_belongs_to_the_next() -> None:
    """Given a digest that is written late, then it does not count what the next one counts."""
    lost = {"person": "a", "address": "a@b", "detail": "", "final": True}
    trouble = {
        "account": "help",
        "trouble": "unavailable",
        "since": at(721).isoformat(),
        "until": at(722).isoformat(),
        "detail": "503",
    }
    rows = [
        LogEntry("aside", at(721), {"account": "help", "reason": "no id", "raw": {}}),
        LogEntry("undelivered", at(721), lost),
        LogEntry("trouble", at(722), trouble),
        gap(721, 722),
    ]
    assert measure_coverage({"help": well(723)}, rows, at(0), at(720), at(723)).is_complete
    found = measure_coverage({"help": well(723)}, rows, at(720), at(723), at(723))
    assert (found.quarantined, found.undelivered, len(found.faults), len(found.gaps)) == (
        1,
        1,
        1,
        1,
    )


def test_addresses_that_are_not_written_to_are_named_until_they_are() -> None:
    """Given an address that bounced long ago, then every digest says so."""
    block = Suppression("anna@acme.example", "bounce", at(-9000), "550", "m1")
    found = measure_coverage({"help": well(720)}, [], at(0), at(720), at(720), [block])
    assert found.suppressed == (block,)
    assert not found.is_complete


@pytest.mark.parametrize(
    ("cursor", "pushed", "blind"),
    [
        (well(719), -600, False),
        (well(710), -600, False),
        (well(709), -600, True),
        (Cursor("100", watched_from=at(715)), -600, False),
        (Cursor("100", watched_from=at(700)), 719, True),
        (None, 715, False),
        (None, 700, True),
    ],
)
def test_when_an_account_is_blind(cursor: Cursor | None, pushed: float, blind: bool) -> None:
    """Given ten minutes of patience at 12:00:40, then whole minutes are what counts."""
    now = at(720) + timedelta(seconds=40)
    assert is_blind(cursor, at(pushed), now, timedelta(minutes=10)) is blind


def test_before_the_first_push_nothing_is_blind() -> None:
    """Given no settings that name an account, then there is nothing to be blind to."""
    assert not is_blind(None, None, at(720), timedelta(minutes=10))
