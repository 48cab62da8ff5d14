"""`pulse push`: checks the settings and puts them into force on a deployed stack."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pulse.dynamodb.table import TransactionCancelledError
from pulse.x.faults import XError
from pulse_cli.data.former_companies import missing_companies
from pulse_cli.errors import CommandError
from pulse_cli.settings import check_file
from pulse_cli.settings.diff import Change, compare
from pulse_cli.stack.deployment import Deployment, now, with_deployment

if TYPE_CHECKING:
    from pulse.kernel.company import Settings

__all__ = ["push"]

_SHOWN = 40


@click.command()
@click.argument(
    "file", default="pulse.yaml", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--without",
    "removed",
    multiple=True,
    metavar="COMPANY",
    help="Stop watching this company, which is in force but not in FILE; repeatable.",
)
@click.option("--dry-run", is_flag=True, help="Show what would change without pushing it.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
@with_deployment
def push(
    *, deployment: Deployment, file: Path, removed: tuple[str, ...], dry_run: bool, as_json: bool
) -> None:
    """Check the settings in FILE (pulse.yaml) and put them into force as a new version.

    The command shows what changes compared with the version in force, and which tokens you still
    have to store with pulse connect. Every version is kept. The functions use the new version
    within a minute. To protect you from losing a company by mistake, a FILE that lacks a company in
    force is refused unless you name that company with --without.

    Exits with 0 when the settings are in force, otherwise with 1.
    """
    checked = check_file(file)
    for finding in checked.findings:
        click.echo(finding.to_line(str(file)), err=True)
    if checked.document is None or checked.settings is None:
        errors = sum(finding.severity == "error" for finding in checked.findings)
        raise CommandError(
            f"{file} has {errors} {'error' if errors == 1 else 'errors'} (see above), so "
            "nothing was pushed"
        )
    before = deployment.db.settings_store.current()
    document = json.loads(json.dumps(checked.document, default=str))
    for name in missing_companies(before[0], document) if before else ():
        if name not in removed:
            raise CommandError(_describe_missing_company(name, file))
    found = compare(before[0] if before else {}, document)
    version = before[1] if before else 0
    pushed = not dry_run and (before is None or bool(found))
    if pushed:
        version = _push(deployment, document, version)
    missing = _missing_tokens(deployment, checked.settings)
    if as_json:
        answer = {
            "stack": deployment.name,
            "version": version,
            "pushed": pushed,
            "changes": [change._asdict() for change in found],
            "missing_tokens": missing,
        }
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    _print_changes(found, before[1] if before else None)
    _print_outcome(deployment.name, version, pushed=pushed, dry_run=dry_run)
    for row in missing:
        click.echo(f"{row['problem']}: {row['mend']}")


def _describe_missing_company(name: str, file: Path) -> str:
    return (
        f"{name} is in force but not in {file}, so nothing was pushed. All data of a "
        "company is stored under its name: if you renamed the company, restore the name "
        "and change `title` instead, which is what emails show. To stop watching the "
        f"company, run pulse push --without {name}; its data then stays, unchecked, until "
        f"you run pulse drop {name}"
    )


def _push(deployment: Deployment, document: dict[str, Any], seen: int) -> int:
    try:
        return deployment.db.settings_store.push(document, now(), seen)
    except TransactionCancelledError:
        raise CommandError(
            "somebody else pushed settings at the same moment, so nothing was pushed; see what "
            "they changed (pulse push --dry-run), and push again"
        ) from None


def _missing_tokens(deployment: Deployment, settings: Settings) -> list[dict[str, Any]]:
    """Return, as JSON values, the tokens that the settings name and that could not be read."""
    users: dict[str, list[str]] = {}
    for account in (one for company in settings.companies for one in company.accounts):
        users.setdefault(account.token, []).append(account.username)
    rows = []
    for name, usernames in users.items():
        try:
            deployment.tokens.token(name)
        except XError as error:
            first = next((u for u in usernames if u == name), usernames[0])
            option = "" if first == name else f" --token {name}"
            problem = "could not be looked up"
            fix = "use AWS credentials that are allowed to read SSM"
            if error.kind == "token":
                problem, fix = "is missing", f"pulse connect @{first}{option}"
            rows.append(
                {
                    "token": name,
                    "accounts": usernames,
                    "problem": f"The token {name} {problem} ({error.detail})",
                    "mend": fix,
                }
            )
    return rows


def _print_changes(found: Sequence[Change], since: int | None) -> None:
    if since is None:
        click.echo("This is the first version of the settings on this stack.")
        return
    if found:
        click.echo(f"Changes from version {since}, which is in force:")
    for change in found[:_SHOWN]:
        click.echo(f"  {change.to_line()}")
    if len(found) > _SHOWN:
        click.echo(f"  and {len(found) - _SHOWN} more")


def _print_outcome(stack: str, version: int, *, pushed: bool, dry_run: bool) -> None:
    if pushed:
        click.echo(f"Version {version} is in force on {stack}.")
    elif dry_run:
        click.echo("Nothing was pushed (--dry-run).")
    else:
        click.echo(f"Nothing has changed: version {version} stays in force on {stack}.")
