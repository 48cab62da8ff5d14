"""Shows the settings to their author: who is alerted about what, and at which hours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from pulse_cli.settings import duty
from pulse_cli.settings.formats import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import RenderableType

    from pulse.kernel.company import Company, DigestRule
    from pulse.kernel.policy import Policy


def draw_summary(company: Company) -> RenderableType:
    """Return the summary of one company: its accounts, who is alerted when, and its digests."""
    head = Text(company.name, style="bold")
    head.append(f"  {_accounts(company)}; hours in {company.time_zone}", style="not bold")
    return Group(head, _week(company), Text("\n".join(f"  {line}" for line in _rest(company))))


def _accounts(company: Company) -> str:
    return ", ".join(f"@{account.username} ({account.role})" for account in company.accounts)


def _week(company: Company) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=True)
    for title in ("Level", "From", "Days", "Hours", "Who is alerted"):
        table.add_column(title, overflow="fold")
    for level in company.policy.levels:
        shifts = [shift for group in level.tell for shift in company.policy.groups[group]]
        first, last_days = (level.name, format_duration(level.after)), ""
        for days, hours, people in duty.duty_table(shifts):
            shown = "" if days == last_days else days
            table.add_row(*first, shown, duty.format_hours(hours), _names(company, people))
            first, last_days = ("", ""), days
        table.add_section()
    return table


def _rest(company: Company) -> Iterator[str]:
    policy = company.policy
    yield f"Emails       {_pace(policy)}"
    yield f"Reminders    {_reminders(company)}"
    for rule in company.digests:
        yield f"{'Digest':<12} {_digest(company, rule)}"
    if not company.digests:
        yield "Digests      none"
    yield f"Problems     {_names(company, [company.owner])}"
    retention = company.retention
    kept = "kept forever" if retention is None else f"kept {format_duration(retention)}"
    yield f"Finished     {kept}"
    if company.reads_per_month:
        yield f"Reads from X up to {company.reads_per_month:,} posts a month"
    if company.shadow:
        until = company.shadow.until.strftime("%Y-%m-%d %H:%M")
        yield f"Shadow mode  all email goes to {company.shadow.to} until {until}"


def _pace(policy: Policy) -> str:
    alert, critical = format_duration(policy.alert_window), format_duration(policy.critical_window)
    return f"at most one per person every {alert}; {policy.top.name} every {critical}"


def _reminders(company: Company) -> str:
    policy = company.policy
    line = f"of {policy.top.name}, every {format_duration(policy.repeat_every)}"
    if policy.escalation:
        line += f", up the line to {', then '.join(policy.escalation)}"
    return line


def _digest(company: Company, rule: DigestRule) -> str:
    at = ", ".join(clock.strftime("%H:%M") for clock in rule.times)
    when = (
        f"day {rule.on_day} of the month"
        if rule.period == "monthly"
        else duty.format_days(rule.days)
    )
    return f"{rule.period} to {_names(company, rule.to)} at {at}, {when}"


def _names(company: Company, keys: Iterable[str]) -> str:
    return ", ".join(company.people[key].name for key in keys)
