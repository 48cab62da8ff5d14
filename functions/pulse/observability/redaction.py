"""Keeps secrets out of logs and texts: silences libraries that log them, hides them in answers."""

import logging
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from urllib3.connection import HTTPConnection

_SILENCED = ("botocore", "oauthlib", "requests_oauthlib", "tweepy", "urllib3")
"""Libraries whose log messages hold tokens and signatures (tweepy, oauthlib), answers of SSM
(botocore) or broken headers (urllib3)."""
_PLACEHOLDER = (
    "(left unsaid: this library tells secrets in its log; see pulse.observability.redaction)"
)
_HIDDEN = "[hidden]"
_SHORTEST = 8
"""Characters. Secrets of X are longer, and shorter texts are parts of common words."""

_make_record = logging.getLogRecordFactory()


def install() -> None:
    """Silence, in the whole process, the libraries that log secrets. May be called again."""
    # Levels alone are not enough: code that sets the level of a logger again would log the
    # secrets. A filter on handlers would miss a handler that is added later. The factory makes
    # every record there is, so nothing passes it by (D-024). The levels merely save the work of
    # making records that nobody wants.
    for name in _SILENCED:
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.setLogRecordFactory(_record_without_secrets)
    # http.client prints every header, past all logging, once its debug level is set.
    HTTPConnection.debuglevel = 0


def _record_without_secrets(
    name: Any, level: Any, file: Any, line: Any, *message: Any, **more: Any
) -> Any:
    """Return a log record; that of a silenced library has a placeholder for a message."""
    if str(name).partition(".")[0] in _SILENCED:
        return _make_record(name, level, file, line, _PLACEHOLDER, (), None)
    return _make_record(name, level, file, line, *message, **more)


class Redactor:
    """Replaces secrets in texts, in each of the forms in which an answer may repeat them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if len(secret) >= _SHORTEST for form in _forms(secret)}
        # The longest first: one secret may begin with another, and its rest must not stay.
        self._forms = sorted(forms, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return the text with `[hidden]` in place of every secret."""
        for form in self._forms:
            text = text.replace(form, _HIDDEN)
        return text


def _forms(secret: str) -> tuple[str, ...]:
    """The secret as it is, in a script of a web page, and encoded for a URL once and twice."""
    once = quote(secret, safe="")
    return secret, secret.replace("/", r"\/"), once, quote(once, safe="")
