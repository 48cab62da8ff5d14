"""Posts that go on X: when, why, and what is left of them here."""

import json

from .town import Town, at


def gone(minute: float, why: str = "deleted") -> dict[str, str]:
    return {"gone_at": at(minute).isoformat(), "gone_why": why}


def billed(here: Town) -> int:
    """Posts that X bills: each once a UTC day."""
    figures = here.sim.figures()
    return int(figures["posts_served"]) - int(figures["rereads_within_day"])


def removed(here: Town) -> list[tuple[int, str]]:
    return [(row.what["posts"], row.what["why"]) for row in here.journal("removed")]


def everything(here: Town) -> str:
    """All that lies in the table, but for how far each account was read."""
    items = here.world.app.db.table.scan()
    return json.dumps([i for i in items if not i["pk"].startswith("account#")])
