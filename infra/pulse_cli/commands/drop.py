"""`pulse drop`: removes all data of a company that is no longer watched."""

from __future__ import annotations

import json
from datetime import timedelta

import click

from pulse.kernel.company import Company
from pulse_cli.data.erase_view import copies_out_of_reach
from pulse_cli.data.former_companies import (
    CompanyData,
    current_companies,
    delete_company_data,
    find_company_data,
    former_companies,
)
from pulse_cli.data.progress import progress_bar
from pulse_cli.errors import CommandError
from pulse_cli.stack.deployment import Deployment, now, with_deployment

__all__ = ["drop"]

_LONGEST_RUN = timedelta(minutes=10)
"""The longest that a function may go on with the settings that it read when it started."""

_PLAIN = {
    "rows of the journal": "entries of the audit log",
    "mails waiting": "queued emails",
    "records of mails sent": "records of sent emails",
}
"""What people read in place of keys that scripts know."""


@click.command()
@click.argument("company")
@click.option("--dry-run", is_flag=True, help="Show what would be removed without removing it.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
@with_deployment
def drop(*, deployment: Deployment, company: str, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Remove all stored data of COMPANY, which is no longer in the settings.

    This removes conversations, own posts, the audit log, queued and sent emails, figures, and how
    far the accounts were read. If you need the data, run pulse export first: the company's posts
    have not been polled or checked since it left the settings. Versions of the settings are kept.

    Exits with 0 when the data is removed, otherwise with 1.
    """
    if company in current_companies(deployment.db):
        raise CommandError(
            f"{company} is still watched; remove it from pulse.yaml, run pulse push --without "
            f"{company}, and then drop it"
        )
    known = former_companies(deployment.db)
    if company not in known:
        names = ", ".join(known) or "none"
        raise CommandError(
            f"no company {company!r} was removed from the settings; those that were: {names}"
        )
    found = find_company_data(deployment.db, company)
    if not as_json:
        _print_counts(company, found)
    if found.has_data and not dry_run:
        _require_that_no_run_goes_on(deployment, company)
        if not yes and not click.confirm(f"Permanently remove all data of {company}?", err=True):
            raise CommandError("nothing was removed; answer yes, or use --yes")
        _remove(deployment, known[company][0], found)
    days = deployment.parameters.get("LogDays") or "30"
    if as_json:
        answer = {
            "stack": deployment.name,
            "company": company,
            "removed": not dry_run,
            "items": dict(found.counts),
            "not_reached": copies_out_of_reach(days),
        }
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
    elif dry_run:
        click.echo("Nothing was removed (--dry-run).")
    elif found.has_data:
        click.echo("Removed. The following is out of reach:")
        for one in copies_out_of_reach(days):
            click.echo(f"  {one}")


def _require_that_no_run_goes_on(deployment: Deployment, company: str) -> None:
    """Raise CommandError while a function may still run with settings that have the company."""
    # A function reads the settings once, when it starts. One that started just before the last
    # push still knows the company, and would write its data anew after the deletion.
    pushed = deployment.db.settings_store.current()
    until = pushed.pushed_at + _LONGEST_RUN if pushed else now()
    if until > now():
        raise CommandError(
            f"functions that are still running may write data of {company}; try again after "
            f"{until.astimezone():%H:%M}"
        )


def _print_counts(company: str, found: CompanyData) -> None:
    for what, count in found.counts.items():
        click.echo(f"{count:>9,}  {_PLAIN.get(what, what)}")
    if not found.has_data:
        click.echo(f"No data of {company} is stored.")


def _remove(deployment: Deployment, company: Company, found: CompanyData) -> None:
    with progress_bar() as shown:
        task = shown.add_task("Items", total=len(found.keys))
        for done in delete_company_data(deployment.db, company, found):
            shown.update(task, completed=done)
