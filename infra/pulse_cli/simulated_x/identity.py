"""Who sends a request: a user (OAuth 1.0a) or an app (bearer). Signatures are not checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

_OAUTH_TOKEN = re.compile(r'\boauth_token="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Identity:
    """The token of a request, and whether it is a user's."""

    token: str
    is_user: bool


def identify(authorization: str | None) -> Identity | None:
    """Return whose token an Authorization header has; None if it has none."""
    scheme, _, rest = (authorization or "").partition(" ")
    if scheme.lower() == "oauth" and (token := _OAUTH_TOKEN.search(rest)):
        return Identity(unquote(token[1]), is_user=True)
    if scheme.lower() == "bearer" and rest.strip() not in ("", "None"):
        return Identity(rest.strip(), is_user=False)
    return None
