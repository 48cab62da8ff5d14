"""Look-ups of users: by id, by name, and the owner of a token."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pulse_cli.simulated_x.call import ApiCall
from pulse_cli.simulated_x.error_bodies import unsupported_authentication
from pulse_cli.simulated_x.request import USERNAME

ACCOUNT_PREFIX = "sim-"
"""What a token begins with that names its owner by id or handle."""


def get_users(call: ApiCall) -> dict[str, Any]:
    """Return users by ids; unknown ones have partial errors."""
    return _several(call, "ids")


def get_users_by_name(call: ApiCall) -> dict[str, Any]:
    """Return users by names; unknown ones have partial errors."""
    return _several(call, "usernames")


def get_user_by_name(call: ApiCall) -> dict[str, Any]:
    """Return the user with a name, or a partial error if there is none.

    Raises:
        RequestRefusedError: the name cannot be a handle.
    """
    name = str(call.path["username"])
    if not re.fullmatch(USERNAME, name, re.ASCII):
        message = f"The `username` query parameter value [{name}] does not match {USERNAME}"
        call.refuse("username", name, message)
    user = call.archive.user_named(name)
    if user is None:
        call.response.add_not_found("user", "username", name)
        return call.response.build(None)
    return _one(call, user)


def get_me(call: ApiCall) -> dict[str, Any]:
    """Return the owner of the token: `sim-` and an id or name; otherwise the first account.

    Raises:
        RequestRefusedError: it is an app's token.
    """
    if not call.identity.is_user:
        ways = "OAuth 1.0a User Context, OAuth 2.0 User Context"
        raise unsupported_authentication("OAuth 2.0 Application-Only", ways, call.vocabularies[-1])
    token = call.identity.token.removeprefix(ACCOUNT_PREFIX)
    user = call.archive.users.get(token) or call.archive.user_named(token)
    if user is None or token == call.identity.token:
        user = call.archive.users[call.archive.companies[0].accounts[0].id]
    return _one(call, user)


def _one(call: ApiCall, user: Mapping[str, Any]) -> dict[str, Any]:
    call.usage.users_served += 1
    return call.response.build(call.response.write_user(user))


def _several(call: ApiCall, parameter: str) -> dict[str, Any]:
    found = []
    for name in dict.fromkeys(call.request.listed_values):
        by_id = parameter == "ids"
        user = call.archive.users.get(name) if by_id else call.archive.user_named(name)
        if user is None:
            call.response.add_not_found("user", parameter, name)
        else:
            found.append(call.response.write_user(user))
    call.usage.users_served += len(found)
    return call.response.build(found)
