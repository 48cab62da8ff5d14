"""`pulse connect`: tests a token for X, and stores it if it works."""

from __future__ import annotations

import json
import re

import click

from pulse.kernel.company import Settings
from pulse.kernel.posts import Author
from pulse_cli.errors import CommandError
from pulse_cli.settings.findings import quote
from pulse_cli.stack.deployment import Deployment, now, with_deployment
from pulse_cli.terminal import make_console
from pulse_cli.x_access import connection, token_input, token_view
from pulse_cli.x_access.token_check import TokenReport, check_token

__all__ = ["connect"]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HANDLE = re.compile(r"@?([A-Za-z0-9_]{1,15})")


class Handle(click.ParamType):
    """The handle of an account on X, with or without its @."""

    name = "@handle"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the handle without its @."""
        match = _HANDLE.fullmatch(str(value))
        if match is None:
            shown = quote(str(value))
            self.fail(f"{shown} is not a handle; write it as on X, such as @svyaz_help", param, ctx)
        return match[1]


def _check_name(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value is not None and not _NAME.fullmatch(value):
        raise click.BadParameter("use up to 64 letters, digits, - and _")
    return value


@click.command()
@click.argument("handle", type=Handle(), metavar="@HANDLE")
@click.option(
    "--token",
    "name",
    metavar="NAME",
    callback=_check_name,
    help=(
        "Name to store the token under.  [default: the account's token name in the "
        "settings, else the handle]"
    ),
)
@click.option("--dry-run", is_flag=True, help="Test the token without storing it; needs no AWS.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@with_deployment
def connect(
    *, deployment: Deployment, handle: str, name: str | None, dry_run: bool, as_json: bool
) -> None:
    """Test an X token, show what it is allowed to do and what reading costs, and store it.

    The command prompts for the token or takes it from the environment: PULSE_X_CONSUMER_KEY,
    PULSE_X_CONSUMER_SECRET, PULSE_X_ACCESS_TOKEN and PULSE_X_ACCESS_TOKEN_SECRET for a user token,
    PULSE_X_BEARER for a bearer token (both together work best). The token is stored encrypted in
    SSM, where the deployed functions find it, and is never shown.

    The test reads up to 100 mentions and 100 posts of the last week, which costs at most about
    1 USD.

    Exits with 0 when the token was stored (or would be, with --dry-run), or with 1 when it does not
    work.
    """
    settings = None
    if not dry_run:
        # Without a stack the token could not be stored. This is checked before X is asked, since
        # X bills what is read.
        settings = deployment.settings()
        deployment.output("TokensPath")
    url = connection.simulated_x_url() if dry_run else deployment.x_url
    if url:
        click.echo(f"Using the simulated X at {url}, not the real X.", err=True)
    token = token_input.token_from_environment() or token_input.prompt_for_token()
    if name and token_input.contains(token, name):
        raise CommandError(
            "--token takes the name to store the token under, not a part of the token"
        )
    errors = make_console(stderr=True)
    with errors.status("") as status:
        report = check_token(
            handle,
            token,
            connection.x_adapter(url),
            now(),
            lambda what: status.update(f"Asking X: {what}"),
        )
    stored = None
    if not dry_run:
        name = name or _name_in_settings(settings, report.account) or report.account.username
        deployment.tokens.put(str(name), token)
        stored = f"{deployment.output('TokensPath')}/{name}"
    _print_report(report, stored, as_json=as_json)


def _name_in_settings(settings: Settings | None, account: Author) -> str | None:
    for company in settings.companies if settings else ():
        for known in company.accounts:
            if known.id == account.id:
                return known.token
    return None


def _print_report(report: TokenReport, stored: str | None, *, as_json: bool) -> None:
    if as_json:
        answer = token_view.as_json(report) | {"stored": stored}
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    token_view.print_report(report, make_console())
    click.echo()
    click.echo(f"Stored at {stored}." if stored else "Nothing was stored (--dry-run).")
