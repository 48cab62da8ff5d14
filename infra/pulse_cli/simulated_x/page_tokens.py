"""Page tokens, which say where the next page begins; they are opaque to the client."""

from __future__ import annotations

import base64
import binascii
import struct
import zlib
from datetime import datetime, timedelta

_SHAPE = ">IQQ"
_BYTES = struct.calcsize(_SHAPE)


class TokenError(Exception):
    """A page token is malformed, belongs to another list, or has expired."""


def write_token(older_than: int, of: str, now: datetime) -> str:
    """Return a token for the posts of the list `of` that are older than an id."""
    made = int(now.timestamp())
    return (
        base64.b32hexencode(struct.pack(_SHAPE, _seal(older_than, made, of), made, older_than))
        .decode()
        .lower()
    )


def read_token(token: str, of: str, now: datetime, life: timedelta) -> int:
    """Return the id that all posts of the page must be older than.

    Raises:
        TokenError: the token is malformed, belongs to another list, or is older than `life`.
    """
    try:
        packed = base64.b32hexdecode(token.upper().encode())
        seal, made, older_than = struct.unpack(_SHAPE, packed)
    except (binascii.Error, struct.error, UnicodeEncodeError):
        raise TokenError("no token") from None
    if seal != _seal(older_than, made, of):
        raise TokenError("no token of this list")
    if now.timestamp() - made > life.total_seconds():
        raise TokenError("expired")
    return int(older_than)


def _seal(older_than: int, made: int, of: str) -> int:
    return zlib.crc32(f"{older_than} {made} {of}".encode())
