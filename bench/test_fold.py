"""How long the fold takes."""

import random
import time
from datetime import UTC, datetime, timedelta

from pulse.conversations.facts import Fact, Mention, Reply
from pulse.conversations.fold import fold
from pulse.kernel.policy import Level, Policy, Shift

_START = datetime(2026, 3, 3, tzinfo=UTC)
_POLICY = Policy((Level("warning", timedelta(minutes=15), ("all",)),), {"all": (Shift("anna"),)})


def _thread(length: int) -> list[Fact]:
    facts: list[Fact] = []
    for number in range(length):
        at = _START + timedelta(minutes=number)
        key = str(1000 + number)
        if number % 3:
            facts.append(Mention(key, key, at, "?", frozenset({"1"})))
        else:
            facts.append(Reply(key, key, at, "!", "1"))
    random.Random(1).shuffle(facts)
    return facts


def test_fold() -> None:
    """Microseconds per fold of conversations of 3, 30 and 300 posts."""
    for length in (3, 30, 300):
        facts, rounds = _thread(length), 30000 // length
        began = time.perf_counter()
        for _ in range(rounds):
            fold(facts, _POLICY)
        took = (time.perf_counter() - began) / rounds
        print(f"fold of {length} posts: {took * 1e6:.0f} µs")
