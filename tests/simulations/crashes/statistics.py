"""What a sweep came to, in figures."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.simulations.crashes.fork_sweep import SweepResult


def statistics(swept: SweepResult) -> dict[str, Any]:
    """What was tried, and what came of it."""
    twice = Counter(f"{p.fault} {p.call}" for p, met in swept.results if met.verdict.doubled)
    undisturbed = swept.undisturbed
    return {
        "calls": undisturbed.calls,
        "points": swept.tried.total(),
        "by_fault": dict(swept.tried),
        "runs": len(swept.results),
        "alike_after_minutes": _spread([met.minutes_to_recover for _, met in swept.results]),
        "messages": len(undisturbed.ending.messages),
        "lost": sum(bool(met.verdict.lost or met.error) for _, met in swept.results),
        "doubled": dict(twice),
        "wrong": sum(any(met.violations()) for _, met in swept.results),
    }


def _spread(minutes: list[float | None]) -> dict[str, float | None]:
    """How soon all was as it would have been: the median, the longest, and how often never."""
    ended = sorted(m for m in minutes if m is not None)
    if not ended:
        return {"never": len(minutes)}
    return {
        "median": ended[len(ended) // 2],
        "most": ended[-1],
        "never": len(minutes) - len(ended),
    }
