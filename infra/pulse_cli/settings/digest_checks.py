"""Checks digests: that each can be sent, and can show what it should."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pulse.settings import durations
from pulse_cli.settings.findings import FieldPath, Remark
from pulse_cli.settings.reference_checks import CompanyDocument, list_entries
from pulse_cli.settings.schema_check import default_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_WEEK = timedelta(days=7)
_NEEDS = {"weekly": 2 * _WEEK, "monthly": timedelta(days=62)}
"""How far a digest looks back: over its own period, and the one before to compare with."""


def check_days(company: CompanyDocument, at: FieldPath) -> Iterator[Remark]:
    """Check that a weekly digest has one day of the week, and a monthly one a day of the month."""
    for i, digest in enumerate(company.get("digests") or ()):
        place, period = (*at, "digests", i), digest["period"]
        if period == "weekly" and len(durations.days(digest.get("days") or "mon")) > 1:
            yield Remark(
                (*place, "days"), "a weekly digest is sent on one day", "write for example `mon`"
            )
        if period == "monthly" and "days" in digest:
            fix = "write `on_day: 1` instead"
            yield Remark((*place, "days"), "a monthly digest is sent on a day of the month", fix)
        if period != "monthly" and "on_day" in digest:
            fix = "remove it, or write `period: monthly`"
            yield Remark((*place, "on_day"), f"a {period} digest has no day of the month", fix)


def check_once_an_hour(company: CompanyDocument, at: FieldPath) -> Iterator[Remark]:
    """Check that a person gets at most one digest of a kind within an hour of the clock."""
    seen: set[tuple[str, str, int, int]] = set()
    for i, digest in enumerate(company.get("digests") or ()):
        place, period = (*at, "digests", i), digest["period"]
        on = durations.days(digest.get("days") or ("mon" if period == "weekly" else "mon-sun"))
        for path, clock in list_entries(digest["at"], (*place, "at")):
            hour = durations.clock(clock).hour
            for _, person in list_entries(digest["to"], place):
                slots = {(period, person, day, hour) for day in on}
                if slots & seen:
                    problem = f"a second {period} digest to {person} within an hour"
                    yield Remark(path, problem, "remove one of them")
                seen |= slots


def check_comparison_kept(company: CompanyDocument, at: FieldPath) -> Iterator[Remark]:
    """Warn about a digest that compares with a period whose data is deleted by then."""
    keep = durations.retention(company.get("keep") or default_of("company", "keep"))
    for i, digest in enumerate(company.get("digests") or ()):
        need = _NEEDS.get(digest["period"], _WEEK)
        if keep is not None and _WEEK <= keep < need:
            problem = f"compares with a period whose data is no longer kept ({company['keep']})"
            fix = f"set `keep` to at least {need.days} days"
            yield Remark((*at, "digests", i, "period"), problem, fix, "warning")
