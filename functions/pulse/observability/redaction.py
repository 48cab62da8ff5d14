"""Nothing secret is said: neither what libraries log of a token, nor what others say back of it.

Who imports this has the libraries silenced in the whole process: they print tokens and
signatures (tweepy, oauthlib), what SSM answers (botocore), headers that are broken (urllib3).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote

from urllib3.connection import HTTPConnection

from pulse.x.access import Token

_SILENT = ("botocore", "oauthlib", "requests_oauthlib", "tweepy", "urllib3")
_UNSAID = "(left unsaid: this library tells secrets in its log; see pulse.observability.redaction)"
_HIDDEN = "[hidden]"
_SHORTEST = 8
"""What is shorter is no secret of X's, and stands in common words."""
_SIGNATURE = re.compile(r'oauth_signature="([^"]+)"')

_make = logging.getLogRecordFactory()


def _discreet(name: Any, level: Any, file: Any, line: Any, *said: Any, **more: Any) -> Any:
    """Make a record of a log, without the words of those who tell secrets, at any level."""
    if str(name).partition(".")[0] in _SILENT:
        return _make(name, level, file, line, _UNSAID, (), None)
    return _make(name, level, file, line, *said, **more)


# Levels keep them quiet. Whoever sets a level anew, of a child or all, hears no words even so.
for _name in _SILENT:
    logging.getLogger(_name).setLevel(logging.ERROR)
logging.setLogRecordFactory(_discreet)
HTTPConnection.debuglevel = 0  # or http.client, told to, prints every header


class Redactor:
    """Hides the parts of a token wherever they stand, and the signature of one request."""

    def __init__(self, token: Token, authorization: str = "") -> None:
        parts = [getattr(token, name) for name in Token.__slots__]
        signed = _SIGNATURE.findall(authorization)
        parts += [*signed, *map(unquote, signed)]
        forms = {form for part in parts if part and len(part) >= _SHORTEST for form in _forms(part)}
        self._forms = sorted(forms, key=len, reverse=True)

    def __call__(self, said: str) -> str:
        """The same without secrets; they may stand there encoded for a URL, or in a script."""
        for form in self._forms:
            said = said.replace(form, _HIDDEN)
        return said


def _forms(part: str) -> Iterator[str]:
    once = quote(part, safe="")
    yield from (part, part.replace("/", r"\/"), once, quote(once, safe=""))
