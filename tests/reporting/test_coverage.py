"""What was really watched: minutes, gaps, losses. Overlapping gaps count once."""

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


def last_read(minute: float) -> Cursor:
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
    "posts beyond X's limit are lost, not unwatched": ([gap(10, 20, reason="wall")], 720),
}


@pytest.mark.parametrize(("entries", "watched"), COVERAGE.values(), ids=COVERAGE)
def test_minutes_watched(entries: list[LogEntry], watched: int) -> None:
    """A minute counts when the mentions of every account could be read in it."""
    found = measure_coverage({"help": last_read(720)}, entries, at(0), at(720), at(720))
    assert (found.minutes, found.watched) == (720, watched)


def test_gaps_that_overlap_the_period_are_listed_whole() -> None:
    """Gaps that reach over the edges of the period are listed with their own times, in order."""
    entries = [gap(700, 730), gap(-20, 5), gap(-20, -10), gap(3, 9, "news", "wall")]
    found = measure_coverage({"help": last_read(720)}, entries, at(0), at(720), at(720))
    assert [(g.username, g.start, g.end, g.reason) for g in found.gaps] == [
        ("help", at(-20), at(5), "blind"),
        ("news", at(3), at(9), "wall"),
        ("help", at(700), at(730), "blind"),
    ]


def test_lost_posts_are_reported_in_the_period_in_which_the_loss_was_logged() -> None:
    """Posts of a week ago that are found to be lost today are reported today, and only then."""
    row = replace(gap(-9000, -8000, reason="wall"), at=at(700))
    [found] = measure_coverage({"help": last_read(720)}, [row], at(0), at(720), at(720)).gaps
    assert (found.start, found.end, found.reason) == (at(-9000), at(-8000), "wall")
    assert measure_coverage({"help": last_read(900)}, [row], at(720), at(900), at(900)).gaps == ()


@pytest.mark.parametrize(
    ("cursor", "watched"),
    [
        (last_read(719), 720),
        (last_read(718), 720),
        (last_read(599), 600),
        (Cursor("100", watched_from=at(60)), 60),
        (Cursor("100", watched_from=at(-60)), 0),
        (None, 720),
    ],
)
def test_an_open_gap_counts(cursor: Cursor | None, watched: int) -> None:
    """Minutes since the last successful poll of an account are not watched."""
    found = measure_coverage({"help": cursor}, [], at(0), at(720), at(720))
    assert found.watched == watched


def test_an_open_gap_and_a_logged_one_count_once() -> None:
    """Minutes that are in both are counted as missed once."""
    found = measure_coverage(
        {"help": last_read(599)}, [gap(590, 610, "news")], at(0), at(720), at(720)
    )
    assert found.watched == 590


def test_quarantined_posts_and_undelivered_mails_are_counted() -> None:
    """A mail that will be retried does not count as undelivered."""
    entries = [
        LogEntry("aside", at(5), {"account": "help", "reason": "no id", "raw": {}}),
        LogEntry("aside", at(6), {"account": "help", "reason": "no text", "raw": {}}),
        LogEntry(
            "undelivered", at(7), {"person": "a", "address": "a@b", "detail": "", "final": True}
        ),
        LogEntry(
            "undelivered", at(8), {"person": "a", "address": "a@b", "detail": "", "final": False}
        ),
    ]
    found = measure_coverage({"help": last_read(720)}, entries, at(0), at(720), at(720))
    assert (found.quarantined, found.undelivered) == (2, 1)


def test_past_and_open_faults_are_listed() -> None:
    """A past fault, and an open one of both endpoints, are listed once each."""
    past = LogEntry(
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
    open_fault = OpenFault("token", "401", at(600), 9, at(730), reported=True)
    cursor = Cursor(
        "100", at(-600), last_ok=at(599), faults={"mentions": open_fault, "posts": open_fault}
    )
    found = measure_coverage({"help": cursor}, [past], at(0), at(720), at(720))
    assert [(t.kind, t.since, t.until) for t in found.faults] == [
        ("unavailable", at(40), at(50)),
        ("token", at(600), None),
    ]


def test_an_empty_period_is_watched() -> None:
    """A digest for the very minute of the installation misses nothing."""
    found = measure_coverage({"help": last_read(0)}, [], at(0), at(0), at(0) + timedelta(seconds=1))
    assert (found.minutes, found.watched, found.gaps) == (0, 0, ())


def test_an_account_that_was_never_read_is_listed() -> None:
    """An account of which nothing is known yet makes the coverage incomplete."""
    found = measure_coverage({"help": last_read(720), "shop": None}, [], at(0), at(720), at(720))
    assert found.unread == ("shop",)
    assert not found.is_complete
    assert measure_coverage({"help": last_read(720)}, [], at(0), at(720), at(720)).is_complete


def test_entries_after_the_period_belong_to_the_next() -> None:
    """A digest that is written late does not count what the next one counts."""
    undelivered = {"person": "a", "address": "a@b", "detail": "", "final": True}
    past_fault = {
        "account": "help",
        "trouble": "unavailable",
        "since": at(721).isoformat(),
        "until": at(722).isoformat(),
        "detail": "503",
    }
    entries = [
        LogEntry("aside", at(721), {"account": "help", "reason": "no id", "raw": {}}),
        LogEntry("undelivered", at(721), undelivered),
        LogEntry("trouble", at(722), past_fault),
        gap(721, 722),
    ]
    assert measure_coverage({"help": last_read(723)}, entries, at(0), at(720), at(723)).is_complete
    found = measure_coverage({"help": last_read(723)}, entries, at(720), at(723), at(723))
    assert (found.quarantined, found.undelivered, len(found.faults), len(found.gaps)) == (
        1,
        1,
        1,
        1,
    )


def test_a_suppressed_address_is_listed_as_long_as_it_is_suppressed() -> None:
    """An address that bounced long ago is still listed."""
    suppression = Suppression("anna@acme.example", "bounce", at(-9000), "550", "m1")
    found = measure_coverage({"help": last_read(720)}, [], at(0), at(720), at(720), [suppression])
    assert found.suppressed == (suppression,)
    assert not found.is_complete


@pytest.mark.parametrize(
    ("cursor", "pushed", "blind"),
    [
        (last_read(719), -600, False),
        (last_read(710), -600, False),
        (last_read(709), -600, True),
        (Cursor("100", watched_from=at(715)), -600, False),
        (Cursor("100", watched_from=at(700)), 719, True),
        (None, 715, False),
        (None, 700, True),
    ],
)
def test_when_an_account_is_blind(cursor: Cursor | None, pushed: float, blind: bool) -> None:
    """An account is blind when its last successful poll was more than ten whole minutes ago."""
    now = at(720) + timedelta(seconds=40)
    assert is_blind(cursor, at(pushed), now, timedelta(minutes=10)) is blind


def test_before_the_first_push_nothing_is_blind() -> None:
    """An account that no settings name yet is not blind."""
    assert not is_blind(None, None, at(720), timedelta(minutes=10))
