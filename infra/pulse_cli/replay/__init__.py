"""`pulse replay`: the deployed handlers over a post archive, on a clock that jumps."""

from __future__ import annotations

from pulse_cli.replay.one_company import ReplayPlan, replay_company

__all__ = ["ReplayPlan", "replay_company"]
