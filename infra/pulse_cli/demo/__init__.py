"""`pulse demo`: a made-up day that is run through the deployed code.

`script/` describes the day; `day` makes its posts, the same each time; `archive` writes them as a
post archive; `run` replays it; `report` shows the outcome.
"""

from __future__ import annotations

from pulse_cli.demo.day import DemoDay, make_day

__all__ = ["DemoDay", "make_day"]
