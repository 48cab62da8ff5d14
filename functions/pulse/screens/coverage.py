"""What a digest says about coverage: minutes, gaps, faults, lost mail, reads used."""

from datetime import datetime

from pulse.kernel.company import Period
from pulse.reporting.coverage import FaultPeriod, Gap, SuppressedAddress
from pulse.reporting.report import Report
from pulse.screens.advice import fault_label
from pulse.screens.locale import Locale, capital, one_line


def minutes(locale: Locale, report: Report) -> str:
    """Return how many minutes were watched, and since when if not from the start."""
    seen = report.coverage
    watched, n = locale.number(seen.watched), locale.number(seen.minutes)
    if seen.since is None:
        return locale.gettext("watched {watched} of {n} min", watched=watched, n=n)
    return locale.gettext(
        "watched {watched} of {n} min since {time}",
        watched=watched,
        n=n,
        time=locale.clock(seen.since, report.at),
    )


def watched(locale: Locale, report: Report) -> str:
    """Return the same as a sentence, with the all-clear when nothing was missed."""
    text = f"{capital(minutes(locale, report))}."
    all_clear = locale.gettext("Nothing was missed.")  # apart: extractors do not read f-strings
    return f"{text} {all_clear}" if report.coverage.is_complete else text


def missed(locale: Locale, report: Report, period: Period) -> list[str]:
    """Return a line for all that was not watched, read or delivered, and for the reads used."""
    seen = report.coverage
    lines = [locale.gettext("@{who}: not read yet", who=one_line(name)) for name in seen.unread]
    lines += [_gap(locale, gap, report.at) for gap in seen.gaps]
    lines += [_fault(locale, fault, report.at) for fault in seen.faults]
    if seen.quarantined:
        lines.append(
            locale.ngettext(
                "{n} post could not be read and is in quarantine; for details, run pulse status",
                "{n} posts could not be read and are in quarantine; for details, run pulse status",
                seen.quarantined,
            )
        )
    if seen.undelivered:
        lines.append(
            locale.ngettext(
                "{n} email could not be delivered",
                "{n} emails could not be delivered",
                seen.undelivered,
            )
        )
    lines += [_suppressed(locale, one, report.at) for one in seen.suppressed]
    if seen.removed:
        lines.append(
            locale.ngettext(
                "{n} post was removed from Pulse because it was deleted or protected on X",
                "{n} posts were removed from Pulse because they were deleted or protected on X",
                seen.removed,
            )
        )
    return [*lines, *_reads(locale, report, period)]


def _suppressed(locale: Locale, one: SuppressedAddress, at: datetime) -> str:
    return locale.gettext(
        "no email has been sent to {address} since {time}: {reason}",
        address=one_line(one.address),
        time=locale.clock(one.since, at),
        reason=fault_label(one.kind, locale),
    )


def _reads(locale: Locale, report: Report, period: Period) -> list[str]:
    budget = report.coverage.reads
    if budget is None or budget.limit is None:
        return []
    limit = locale.number(budget.limit)
    lines = [
        locale.gettext(
            "reads from X this month: {n} of {limit} ({share})",
            n=locale.number(budget.used),
            limit=limit,
            share=locale.percent(budget.share),
        )
    ]
    if period == "monthly":
        used = locale.number(budget.before)
        lines.append(locale.gettext("reads from X last month: {n} of {limit}", n=used, limit=limit))
    return lines


def _gap(locale: Locale, gap: Gap, at: datetime) -> str:
    reasons = {
        "blind": locale.gettext("not watched"),
        "wall": locale.gettext("X did not provide all posts, some could not be read"),
    }
    return locale.gettext(
        "@{who}: {reason}, {start} to {end} ({length})",
        who=one_line(gap.username),
        reason=reasons.get(gap.reason, one_line(gap.reason)),
        start=locale.clock(gap.start, at),
        end=locale.clock(gap.end, at),
        length=locale.duration(gap.end - gap.start),
    )


def _fault(locale: Locale, fault: FaultPeriod, at: datetime) -> str:
    who, what = one_line(fault.username), fault_label(fault.kind, locale)
    start = locale.clock(fault.since, at)
    if fault.until is None:
        text = locale.gettext(
            "@{who}: {what}, since {start}, not fixed yet", who=who, what=what, start=start
        )
    else:
        text = locale.gettext(
            "@{who}: {what}, {start} to {end}",
            who=who,
            what=what,
            start=start,
            end=locale.clock(fault.until, at),
        )
    return f"{text} ({one_line(fault.detail)})" if fault.detail else text
