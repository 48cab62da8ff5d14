"""A token whose parts are recognised anywhere, whole or in pieces, plain or encoded."""

import base64
from collections.abc import Iterator
from functools import cache
from urllib.parse import quote

from pulse.x.access import Token

PARTS = {
    "bearer": "AAAA4canaryB%3Dx7Qw+/9ZtEr",
    "consumer_key": "K8mZp0Rt2xHjcanaryK",
    "consumer_secret": "S8vLq+/6Wd=canaryS5yU",
    "access_token": "T5hTn7Gf-1canaryTc3Ol",
    "access_token_secret": "U3jYb+/=canaryU0Xe4Ik",
}
TOKEN = Token(**PARTS)
BEARER = Token(bearer=PARTS["bearer"])
AWS = {
    "AWS_ACCESS_KEY_ID": "canary",
    "AWS_SECRET_ACCESS_KEY": "A6kPo+/2NvcanaryA1Sd",
    "AWS_SESSION_TOKEN": "N9uXe+/4Mr=canaryN8Jh",
}
_PIECE = 10
"""Length of a piece of a part that counts as a leak, in characters."""


def parts_in(text: str) -> set[str]:
    """Return the names of the parts of the token that a text contains."""
    return {name for name, pieces in _known().items() if any(piece in text for piece in pieces)}


@cache
def _known() -> dict[str, frozenset[str]]:
    secret = {name: part for name, part in {**PARTS, **AWS}.items() if name != "AWS_ACCESS_KEY_ID"}
    return {name: frozenset(_traces(part)) for name, part in secret.items()}


def _traces(part: str) -> Iterator[str]:
    for form in (part, quote(part, safe="")):
        yield from (form[i : i + _PIECE] for i in range(len(form) - _PIECE + 1))
    yield from (quote(quote(part, safe=""), safe=""), part.replace("/", r"\/"), part.encode().hex())
    for before in range(3):  # base64 differs with the position of the part, one of three
        whole = base64.b64encode(b"\0" * before + part.encode()).decode()
        plain = whole[(0, 2, 3)[before] : -4]
        yield from (plain, plain.translate(str.maketrans("+/", "-_")))
