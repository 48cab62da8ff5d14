"""The fold: who waits, since when, and the first response."""

import pytest

from pulse.conversations.facts import Fact
from pulse.conversations.fold import Wait
from tests.conversations.fact_builders import at, flag, lease, mention, position, reply, state

STATUSES: dict[str, tuple[list[Fact], str | None, float | None]] = {
    "nothing": ([], None, None),
    "a reply alone": ([reply(5, 0)], None, None),
    "a position alone": ([position("p", 3, 1)], None, None),
    "a mention": ([mention(1, 0)], "open", 0),
    "two mentions": ([mention(1, 0), mention(2, 5)], "open", 0),
    "answered": ([mention(1, 0), reply(2, 4)], "answered", None),
    "answered by the other account": (
        [mention(1, 0), reply(2, 4, account="200")],
        "answered",
        None,
    ),
    "a reply answers all before it": (
        [mention(1, 0), mention(2, 1), mention(3, 2), reply(4, 9)],
        "answered",
        None,
    ),
    "a reply older than the mention": ([reply(1, 0), mention(2, 1)], "open", 1),
    "ids are numbers, not text: 10 is after 9": ([mention(9, 0), reply(10, 1)], "answered", None),
    "ids are numbers, not text: 9 is before 10": ([reply(9, 0), mention(10, 1)], "open", 1),
    "an id larger than 64 bits": ([mention(10**20, 0), reply(10**20 + 1, 1)], "answered", None),
    "asks again after the reply": ([mention(1, 0), reply(2, 4), mention(3, 6)], "open", 6),
    "closed by a position": ([mention(1, 0), position("p", 3, 1)], "closed", None),
    "a position covers what was shown only": (
        [mention(1, 0), mention(2, 2), position("p", 3, 1)],
        "open",
        2,
    ),
    "a position on mentions not known yet": (
        [mention(2, 2), position("p", 3, 1, 2)],
        "closed",
        None,
    ),
    "a later mention reopens a closed one": (
        [mention(1, 0), position("p", 3, 1), mention(2, 7)],
        "open",
        7,
    ),
    "a position first, a reply after": (
        [mention(1, 0), position("p", 3, 1), reply(2, 5)],
        "closed",
        None,
    ),
    "a reply first, a position after": (
        [mention(1, 0), reply(2, 5), position("p", 8, 1)],
        "answered",
        None,
    ),
    "the newest mention decides: closed": (
        [mention(1, 0), reply(2, 5), mention(3, 6), position("p", 8, 3)],
        "closed",
        None,
    ),
    "the newest mention decides: answered": (
        [mention(1, 0), position("p", 2, 1), mention(3, 6), reply(4, 9)],
        "answered",
        None,
    ),
    "a lease covers nothing": ([mention(1, 0), lease(1, 31)], "open", 0),
    "a snooze covers nothing": ([mention(1, 0), lease(1, 900, kind="snoozed")], "open", 0),
    "a flag covers nothing": ([mention(1, 0), flag("warning", 15, 1)], "open", 0),
    "an edited mention counts once": ([mention(1, 0), mention(1, 9, version=3)], "open", 0),
    "an edit after the reply opens nothing": (
        [mention(1, 0), reply(2, 4), mention(1, 9, version=3)],
        "answered",
        None,
    ),
}


@pytest.mark.parametrize(("facts", "status", "since"), STATUSES.values(), ids=STATUSES)
def test_who_waits_and_since_when(facts: list[Fact], status: str, since: float | None) -> None:
    """These facts fold to this status and this beginning of the wait."""
    folded = state(*facts)
    assert folded.status == status
    assert folded.waiting_since == (None if since is None else at(since))


def test_an_edited_mention_keeps_its_first_id_and_time() -> None:
    """Three versions of a mention are one mention, published when the first one was."""
    folded = state(mention(1, 0), mention(1, 9, version=5), mention(1, 4, version=3))
    assert (folded.mentions, folded.waiting, folded.first_mention_at) == (1, ("1",), at(0))


@pytest.mark.parametrize(
    ("facts", "seconds"),
    [
        ([mention(1, 0)], None),
        ([mention(1, 0), reply(2, 4)], 240),
        ([mention(1, 0), reply(3, 9), reply(2, 4)], 240),
        ([mention(1, 0), mention(2, 3), reply(3, 9)], 540),
        ([reply(1, 0), mention(2, 3)], None),
        ([mention(1, 0), position("p", 4, 1)], None),
        ([mention(1, 0), position("p", 4, 1), reply(2, 10)], 600),
        ([mention(5, 5), mention(1, 0), reply(4, 3)], 180),
    ],
)
def test_first_response(facts: list[Fact], seconds: int | None) -> None:
    """It runs from the first mention to the first later reply; a position is no response."""
    assert state(*facts).first_response_seconds == seconds


WAITS: dict[str, tuple[list[Fact], list[Wait]]] = {
    "still running": ([mention(1, 0), mention(2, 5)], [Wait("1", at(0), None, None)]),
    "answered": ([mention(1, 0), reply(2, 4)], [Wait("1", at(0), at(4), "reply")]),
    "two waits": (
        [mention(1, 0), reply(2, 4), mention(3, 6), reply(4, 7)],
        [Wait("1", at(0), at(4), "reply"), Wait("3", at(6), at(7), "reply")],
    ),
    "a position on a part does not end the wait": (
        [mention(1, 0), mention(2, 2), position("p", 3, 1), reply(4, 9)],
        [Wait("1", at(0), at(9), "reply")],
    ),
    "a position ends one wait, the next mention begins another": (
        [mention(1, 0), position("p", 3, 1), mention(2, 5)],
        [Wait("1", at(0), at(3), "position"), Wait("2", at(5), None, None)],
    ),
    "a mention before the position was taken belongs to the same wait": (
        [mention(1, 0), mention(2, 2), position("p", 3, 1)],
        [Wait("1", at(0), None, None)],
    ),
}


@pytest.mark.parametrize(("facts", "waits"), WAITS.values(), ids=WAITS)
def test_waits(facts: list[Fact], waits: list[Wait]) -> None:
    """A wait runs from a mention that nothing covered until the last mention is covered."""
    assert list(state(*facts).waits) == waits


@pytest.mark.parametrize(
    ("facts", "last"),
    [
        ([mention(1, 0)], 0),
        ([mention(1, 0), reply(2, 4)], 4),
        ([mention(1, 0), position("p", 3, 1)], 3),
        ([mention(1, 0), lease(6, 9)], 0),
        ([reply(1, 2)], 2),
        ([], None),
    ],
)
def test_when_something_last_happened(facts: list[Fact], last: float | None) -> None:
    """A post or a position counts; a lease does not."""
    assert state(*facts).last_at == (None if last is None else at(last))
