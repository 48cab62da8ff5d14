"""`pulse forget`: removes one person's posts from all stored data."""

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
"""Seconds; longer than a poll may run that began before the erasure was noted."""


class Person(click.ParamType):
    """Somebody on X, by handle or id."""

    name = "@handle"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str | None, str | None]:
        """Return (handle, id); one of them is None."""
        match = _PERSON.fullmatch(str(value))
        if match is None:
            self.fail(f"{value!r} is not a person on X; write @handle or id:NUMBER", param, ctx)
        return match["handle"], match["id"]


@click.command()
@click.argument("person", type=Person(), metavar="@HANDLE")
@click.option(
    "--company",
    "names",
    multiple=True,
    metavar="NAME",
    help="Remove from this company only; repeatable.  [default: all]",
)
@click.option(
    "--ask-x", is_flag=True, help="Ask X for the id of a handle that Pulse does not know."
)
@click.option("--dry-run", is_flag=True, help="Show what would be removed without removing it.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option(
    "--wait",
    type=click.IntRange(0),
    default=_WAIT,
    show_default=True,
    metavar="SECONDS",
    help=(
        "How long to wait before the second pass, which removes what a running poll may "
        "have stored."
    ),
)
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
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
    """Remove one person's posts (@HANDLE or id:NUMBER) from all stored data.

    Conversations with that person are removed completely, with our replies, flags and positions,
    and so are the name and quarantined posts. What the person published before now is not stored
    again; later posts are new mentions and are watched.

    Pulse looks up a handle among the names that emails have shown in the last 30 days. Since
    handles change hands, it then asks X whether the handle still belongs to the same person (0.01
    USD). With --ask-x, it asks X for a handle that it does not know. Counts without text or names
    stay.

    Exits with 0 when the data is removed, otherwise with 1.
    """
    settings = deployment.settings()
    if settings is None or not settings.companies:
        raise CommandError(
            f"no settings are in force on {deployment.name}; run pulse push pulse.yaml"
        )
    known = [company.name for company in settings.companies]
    for name in names:
        if name not in known:
            raise CommandError(f"there is no company {name!r}; available: {', '.join(known)}")
    who, doubt = person[1], ""
    if who is None:
        who, doubt = _find_person(deployment, settings, str(person[0]), ask_x=ask_x)
    if doubt and yes and not dry_run:
        raise CommandError(f"{doubt}; give the id:NUMBER of the person you mean")
    data = find_person_data(deployment.db.table, who, names)
    if not as_json:
        erase_view.print_found(who, data)
    if doubt:
        click.echo(f"{doubt}.", err=True)
    days = deployment.parameters.get("LogDays") or "30"
    if dry_run:
        _print_outcome(deployment.name, who, data, days, as_json=as_json, done=False)
        return
    if not yes and not click.confirm(f"Permanently remove the data of {who}?", err=True):
        raise CommandError("nothing was removed; answer yes, or use --yes")
    _forget(deployment, settings, who, names or tuple(known), data, wait)
    _print_outcome(deployment.name, who, data, days, as_json=as_json, done=True)


def _find_person(
    deployment: Deployment, settings: Settings, handle: str, *, ask_x: bool
) -> tuple[str, str]:
    """Return the id of the person with the handle, and why it is uncertain, empty if it is not."""
    if ask_x:
        try:
            return _ask(deployment, settings, handle), ""
        except XError as error:
            raise CommandError(
                f"{describe_x_error(error, handle).rstrip('.')}; or give id:NUMBER"
            ) from error
    found = find_by_handle(deployment.db.table, handle)
    if not found:
        raise CommandError(
            f"no email has shown @{handle} in the last 30 days, so Pulse does not know its id; "
            "give id:NUMBER, or use --ask-x to ask X for it (0.01 USD)"
        )
    if len(found) > 1:
        ids = " or ".join(f"id:{one.id}" for one in found)
        raise CommandError(f"more than one person has had the handle @{handle}; give {ids}")
    [seen] = found
    was = (
        f"{seen.id} ({one_line(seen.name or 'no name')}) was @{seen.username} on {seen.at:%Y-%m-%d}"
    )
    # Handles change hands: whoever has it now may be somebody else, whose data must stay.
    try:
        holder = _ask(deployment, settings, handle)
    except (XError, botocore.exceptions.ClientError) as problem:
        why = problem.detail if isinstance(problem, XError) else aws.describe_error(problem)
        return seen.id, f"{was}; X could not confirm that it still is ({one_line(why)})"
    if holder != seen.id:
        raise CommandError(
            f"{was}, but {holder} has that handle now; give id:{seen.id} or id:{holder}"
        )
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
    data: dict[str, PersonData],
    wait: int,
) -> None:
    """Note the erasure, then remove the data twice, `wait` seconds apart."""
    # The erasure is noted first: polls that start from now on store no older post of the person. A
    # poll that is running has read its list of erasures before, and may still store some, which
    # the second pass removes.
    moment = now()
    scope = dict.fromkeys([*names, *data])
    for name in scope:
        deployment.db.erasures.add(name, who, moment)
    _remove(deployment, settings, who, data)
    with make_console(stderr=True).status("Waiting for running polls"):
        time.sleep(wait)
    later = find_person_data(deployment.db.table, who)
    _remove(deployment, settings, who, {n: one for n, one in later.items() if n in scope})
    # The name is stored once for all companies; one that still has the person's posts shows it.
    if not any(one.has_data for name, one in later.items() if name not in scope):
        deployment.db.author_cache.delete([who])


def _remove(
    deployment: Deployment, settings: Settings, who: str, data: dict[str, PersonData]
) -> None:
    with progress_bar() as shown:
        task = shown.add_task("Conversations", total=None)

        def on_progress(done: int, total: int) -> None:
            shown.update(task, completed=done, total=total)

        try:
            remove(deployment.db, settings, who, data, now(), on_progress)
        except ContentionError as problem:
            raise CommandError(
                f"other runs kept writing the same data ({problem}); try again"
            ) from problem


def _print_outcome(
    stack: str, who: str, data: Mapping[str, PersonData], days: str, *, as_json: bool, done: bool
) -> None:
    if not as_json:
        erase_view.print_outcome(data, days, done=done)
        return
    answer = {
        "stack": stack,
        "person": who,
        "removed": done,
        "companies": {name: one.as_json() for name, one in data.items()},
        "not_reached": erase_view.copies_out_of_reach(days),
    }
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
