"""`pulse forget`: one person's posts go from all that is kept."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping

import botocore.exceptions
import click

from pulse.kernel.company import Settings
from pulse.kernel.errors import ContentionError
from pulse.x.client import XClient
from pulse.x.faults import XError
from pulse_cli.data import erase_view
from pulse_cli.data.erase import PersonData, find_by_handle, find_person_data
from pulse_cli.data.erase import erase_person as remove
from pulse_cli.data.progress import progress_bar
from pulse_cli.errors import CommandError
from pulse_cli.stack import aws
from pulse_cli.stack.deployment import Deployment, now, with_deployment
from pulse_cli.terminal import make_console, one_line
from pulse_cli.x_access.connection import describe_x_error, x_adapter

__all__ = ["forget"]

_PERSON = re.compile(r"id:(?P<id>[0-9]{1,19})|@?(?P<handle>[A-Za-z0-9_]{1,15})")
_WAIT = 60
"""Longer than a poll may run that read before."""


class Person(click.ParamType):
    """Somebody on X, by handle or id; becomes (handle, id), one of them None."""

    name = "@handle"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str | None, str | None]:
        match = _PERSON.fullmatch(str(value))
        if match is None:
            self.fail(f"{value!r} is nobody: write @handle, or id: and X's number", param, ctx)
        return match["handle"], match["id"]


@click.command()
@click.argument("person", type=Person(), metavar="@HANDLE")
@click.option(
    "--company", "names", multiple=True, metavar="NAME", help="Only from this.  [default: all]"
)
@click.option("--ask-x", is_flag=True, help="Ask X for the id of a handle that is not known here.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, remove nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--wait",
    type=click.IntRange(0),
    default=_WAIT,
    show_default=True,
    metavar="SECONDS",
    help="Then look again: a poll under way may have stored something once more.",
)
@click.option("--json", "as_json", is_flag=True, help="Write what was done as JSON.")
@with_deployment
def forget(
    *,
    deployment: Deployment,
    person: tuple[str | None, str | None],
    names: tuple[str, ...],
    ask_x: bool,
    dry_run: bool,
    yes: bool,
    wait: int,
    as_json: bool,
) -> None:
    """Remove one person's posts (@HANDLE or id:NUMBER) from all that is kept, and say what went.

    The conversations with that person go whole, with our answers, flags and positions; so do the
    name, and what was put aside. What the person published before now is not stored again; what
    comes later is a new mention, and is watched.

    A handle is looked up among the names that mails have shown in the last 30 days, and X is asked
    whether it is still the same person's (0.01 USD), since handles change hands; --ask-x asks X for
    a handle that is not known here. Counts without text or names stay.

    Ends with 0 when it is done, else with 1.
    """
    settings = deployment.settings()
    if settings is None or not settings.companies:
        raise CommandError(f"no settings are in force on {deployment.name}: pulse push pulse.yaml")
    known = [company.name for company in settings.companies]
    for name in names:
        if name not in known:
            raise CommandError(f"no company {name!r}; there are: {', '.join(known)}")
    who, doubt = person[1], ""
    if who is None:
        who, doubt = _whose(deployment, settings, str(person[0]), ask_x=ask_x)
    if doubt and yes and not dry_run:
        raise CommandError(f"{doubt}; give id:NUMBER of whoever is meant")
    kept = find_person_data(deployment.db.table, who, names)
    if not as_json:
        erase_view.print_found(who, kept)
    if doubt:
        click.echo(f"{doubt}.", err=True)
    days = deployment.parameters.get("LogDays") or "30"
    if dry_run:
        _end(deployment.name, who, kept, days, as_json=as_json, done=False)
        return
    if not yes and not click.confirm(f"Forget {who} for good?", err=True):
        raise CommandError("nothing was removed; say yes, or give --yes")
    _forget(deployment, settings, who, names or tuple(known), kept, wait)
    _end(deployment.name, who, kept, days, as_json=as_json, done=True)


def _whose(
    deployment: Deployment, settings: Settings, handle: str, *, ask_x: bool
) -> tuple[str, str]:
    """The id of whoever has the handle; and why that is not sure, where X could not say."""
    if ask_x:
        try:
            return _ask(deployment, settings, handle), ""
        except XError as trouble:
            raise CommandError(f"{describe_x_error(trouble, handle)}; give id:NUMBER") from trouble
    found = find_by_handle(deployment.db.table, handle)
    if not found:
        raise CommandError(
            f"no mail has shown a @{handle} in the last 30 days, so its id is not known here: "
            f"give id:NUMBER, or --ask-x to ask X for it (0.01 USD)"
        )
    if len(found) > 1:
        ids = " or ".join(f"id:{one.id}" for one in found)
        raise CommandError(f"@{handle} was the handle of more than one: give {ids}")
    [seen] = found
    was = (
        f"{seen.id} ({one_line(seen.name or 'no name')}) was @{seen.username} on {seen.at:%Y-%m-%d}"
    )
    try:
        holder = _ask(deployment, settings, handle)
    except (XError, botocore.exceptions.ClientError) as problem:
        why = problem.detail if isinstance(problem, XError) else aws.describe_error(problem)
        return seen.id, f"{was}; whether it still is, X does not say ({one_line(why)})"
    if holder != seen.id:
        raise CommandError(f"{was}; now {holder} has that handle: give id:{seen.id} or id:{holder}")
    return seen.id, ""


def _ask(deployment: Deployment, settings: Settings, handle: str) -> str:
    token = settings.companies[0].accounts[0].token
    return (
        XClient(lambda: deployment.tokens.token(token), x_adapter(deployment.x_url)).user(handle).id
    )


def _forget(
    deployment: Deployment,
    settings: Settings,
    who: str,
    names: tuple[str, ...],
    kept: dict[str, PersonData],
    wait: int,
) -> None:
    """First what is to be passed over, then what is there, then what came meanwhile."""
    moment = now()
    scope = dict.fromkeys([*names, *kept])
    for name in scope:
        deployment.db.erasures.add(name, who, moment)
    _remove(deployment, settings, who, kept)
    with make_console(stderr=True).status("Waiting for polls under way"):
        time.sleep(wait)
    later = find_person_data(deployment.db.table, who)
    _remove(deployment, settings, who, {n: one for n, one in later.items() if n in scope})
    if not any(one.anything for name, one in later.items() if name not in scope):
        deployment.db.author_cache.delete([who])


def _remove(
    deployment: Deployment, settings: Settings, who: str, kept: dict[str, PersonData]
) -> None:
    with progress_bar() as shown:
        task = shown.add_task("Conversations", total=None)

        def told(done: int, total: int) -> None:
            shown.update(task, completed=done, total=total)

        try:
            remove(deployment.db, settings, who, kept, now(), told)
        except ContentionError as problem:
            raise CommandError(f"others write to {problem} all the time: say it again") from problem


def _end(
    stack: str, who: str, kept: Mapping[str, PersonData], days: str, *, as_json: bool, done: bool
) -> None:
    if not as_json:
        erase_view.print_outcome(kept, days, done=done)
        return
    answer = {
        "stack": stack,
        "person": who,
        "removed": done,
        "companies": {name: one.as_json() for name, one in kept.items()},
        "not_reached": erase_view.copies_out_of_reach(days),
    }
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
