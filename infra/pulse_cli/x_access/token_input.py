"""Gets tokens for X from the environment or by asking; they are never shown."""

from __future__ import annotations

import os
from collections.abc import Callable

import click

from pulse.x.access import Token, may_be_part
from pulse_cli.errors import CommandError

__all__ = ["VARIABLES", "contains", "describe_kind", "prompt_for_token", "token_from_environment"]

VARIABLES = {
    "bearer": "PULSE_X_BEARER",
    "consumer_key": "PULSE_X_CONSUMER_KEY",
    "consumer_secret": "PULSE_X_CONSUMER_SECRET",
    "access_token": "PULSE_X_ACCESS_TOKEN",
    "access_token_secret": "PULSE_X_ACCESS_TOKEN_SECRET",
}
_PROMPTS = {
    "consumer_key": "Consumer key",
    "consumer_secret": "Consumer secret",
    "access_token": "Access token",
    "access_token_secret": "Access token secret",
    "bearer": "Bearer token",
}
_USER_PARTS = tuple(name for name in VARIABLES if name != "bearer")


def token_from_environment() -> Token | None:
    """Return the token in the environment; None if none of its parts is there.

    Raises:
        CommandError: a user token lacks a part, or a part has characters that no token has.
    """
    parts = {name: os.environ.get(variable, "").strip() for name, variable in VARIABLES.items()}
    return _token(parts, lambda name: VARIABLES[name]) if any(parts.values()) else None


def prompt_for_token() -> Token:
    """Ask for the parts of a token, and return it; what is typed is not shown.

    Raises:
        CommandError: no part was given, a user token lacks one, or a part has characters that no
            token has.
    """
    click.echo(
        "A user token has four parts (see Keys and tokens in the X developer console).", err=True
    )
    click.echo(
        "Press Enter to skip a part. A bearer token alone is enough for a single small company.",
        err=True,
    )
    parts = {
        name: click.prompt(words, default="", hide_input=True, show_default=False, err=True).strip()
        for name, words in _PROMPTS.items()
    }
    if not any(parts.values()):
        raise CommandError(
            "no token was given; paste the four parts of a user token, or a bearer token"
        )
    return _token(parts, lambda name: _PROMPTS[name].lower())


def describe_kind(token: Token) -> str:
    """Return what kind of token it is, in words."""
    if not token.is_user:
        return "a bearer token"
    return "a user token and a bearer token" if token.bearer else "a user token"


def contains(token: Token, text: str) -> bool:
    """Return whether the text is one of the token's parts."""
    return text in [getattr(token, name) for name in VARIABLES]


def _token(parts: dict[str, str], named: Callable[[str], str]) -> Token:
    for name, part in parts.items():
        if part and not may_be_part(part):
            raise CommandError(
                f"{named(name)} has characters that no token has; copy the whole value again"
            )
    missing = [named(name) for name in _USER_PARTS if not parts[name]]
    if missing and len(missing) < len(_USER_PARTS):
        raise CommandError(f"a user token has four parts; missing: {', '.join(missing)}")
    return Token(**{name: part or None for name, part in parts.items()})
