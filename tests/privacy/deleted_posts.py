"""Marks posts as deleted on X, and reads what the table holds of them."""

from tests.small_company import SmallCompany, at
from tests.stored import readable


def deleted_at(minute: float, why: str = "deleted") -> dict[str, str]:
    return {"gone_at": at(minute).isoformat(), "gone_why": why}


def billed(here: SmallCompany) -> int:
    """Return how many posts X bills: each once per UTC day."""
    figures = here.sim.usage()
    return int(figures["posts_served"]) - int(figures["rereads_within_day"])


def removed(here: SmallCompany) -> list[tuple[int, str]]:
    return [(row.what["posts"], row.what["why"]) for row in here.log_entries("removed")]


def table_text(here: SmallCompany) -> str:
    """Return everything in the table as text, except the cursors."""
    items = here.world.app.db.table.scan()
    return readable(i for i in items if not i["pk"].startswith("account#"))
