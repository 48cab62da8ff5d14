"""`pulse demo`: a made-up day, run through the deployed code, and what came of it.

`script/` is the day as people would tell it; `day` puts it together, the same each time;
`archive` writes it as a post archive; `rehearsal` replays it; `report` shows the outcome.
"""

from __future__ import annotations

from pulse_cli.demo.day import DemoDay, make_day

__all__ = ["DemoDay", "make_day"]
