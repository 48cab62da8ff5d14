"""Totals of a sweep, as docs/reliability.md quotes them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.simulations.crashes.fork_sweep import SweepResult


def statistics(swept: SweepResult) -> dict[str, Any]:
    """Points, runs and violations of a sweep, ready for JSON."""
    twice = Counter(f"{p.fault} {p.call}" for p, result in swept.results if result.found.doubled)
    reference = swept.reference
    return {
        "calls": reference.calls,
        "points": swept.tried.total(),
        "by_fault": dict(swept.tried),
        "runs": len(swept.results),
        "alike_after_minutes": _spread([result.minutes_to_recover for _, result in swept.results]),
        "messages": len(reference.ending.messages),
        "lost": sum(bool(result.found.lost or result.error) for _, result in swept.results),
        "doubled": dict(twice),
        "wrong": sum(any(result.violations()) for _, result in swept.results),
    }


def _spread(minutes: list[float | None]) -> dict[str, float | None]:
    """Minutes to recover: the median, the longest, and how many runs never did."""
    ended = sorted(m for m in minutes if m is not None)
    if not ended:
        return {"never": len(minutes)}
    return {"median": ended[len(ended) // 2], "most": ended[-1], "never": len(minutes) - len(ended)}
