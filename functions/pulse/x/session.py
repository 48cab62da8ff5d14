"""The HTTP session to X: time-outs, redaction, and answers other than 200 sorted into kinds."""

import json
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import requests

from pulse.observability.redaction import Redactor
from pulse.x.access import Limit, Token
from pulse.x.answers import as_object
from pulse.x.faults import FaultKind, XError
from pulse.x.parse import error_text

HOST = "https://api.twitter.com"
_TIMEOUT = (3.05, 10)
"""Seconds to connect and to read."""
_SIGNATURE = re.compile(r'oauth_signature="([^"]+)"')
_KINDS: dict[int, FaultKind] = {
    400: "request",
    401: "token",
    402: "credits",
    403: "forbidden",
    404: "account",
}


class Session(requests.Session):
    """A session in which every request has a time-out and only answers with status 200 return."""

    def __init__(self, token: Token) -> None:
        super().__init__()
        self._token = token

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request and return its answer.

        Raises:
            XError: X cannot be reached, or answers with another status than 200.
        """
        kwargs.setdefault("timeout", _TIMEOUT)
        # The signature of a request holds for one address only, and a token must not go to another.
        kwargs["allow_redirects"] = False
        try:
            response = super().request(*args, **kwargs)
        except requests.RequestException as problem:
            # Its text may quote the request with its headers, so only its kind is passed on, and
            # `from None` keeps the original out of tracebacks.
            raise XError("unavailable", type(problem).__name__) from None
        if response.status_code != requests.codes.ok:
            raise self._error_of(response)
        return response

    def object_in(self, response: requests.Response) -> dict[str, Any]:
        """Return the JSON object that is the answer, without secrets.

        Raises:
            XError: it is no JSON, or no object.
        """
        try:
            body = self._json_in(response)
        except (ValueError, RecursionError):
            text = quotable(self._redactor(response)(response.text))[:80]
            detail = f"not JSON: {text!r}"
        else:
            if isinstance(body, dict):
                return body
            detail = f"a JSON {type(body).__name__}, not an object"
        raise XError("unavailable", detail, limit=limit_of(response))

    def _redactor(self, response: requests.Response) -> Redactor:
        """Return what hides the token, and the signature of this one request."""
        return redactor_of(self._token, response.request.headers.get("Authorization", ""))

    def _json_in(self, response: requests.Response) -> Any:
        """Return the JSON of an answer, without secrets and without halves of surrogate pairs.

        Raises:
            ValueError: it is no JSON. RecursionError: it is nested too deep.
        """
        # Half of an emoji is legal in JSON, but neither DynamoDB nor a mail takes it: such halves
        # become question marks.
        text = self._redactor(response)(json.dumps(response.json(), ensure_ascii=False))
        return json.loads(text.encode(errors="replace"))

    def _error_of(self, response: requests.Response) -> XError:
        redactor, limit = self._redactor(response), limit_of(response)
        status, text = response.status_code, redactor(response.text)
        try:
            body = as_object(self._json_in(response))
        except (ValueError, RecursionError):
            body = {}
        quoted = text if status >= requests.codes.bad_request else quotable(text)
        reason = error_text(body) or quoted.strip()[:200] or redactor(response.reason or "")
        detail = f"{status} {reason}"
        if status != requests.codes.too_many_requests:
            return XError(_KINDS.get(status, "unavailable"), detail, limit=limit)
        # X answers 429 both for too many requests, which passes within a quarter of an hour, and
        # for the plan's monthly reads, which only a person can do something about.
        if "usage-capped" in text or "UsageCapExceeded" in text:
            return XError("usage_cap", detail, limit=limit)
        return XError("rate_limited", detail, limit.reset if limit else None, limit)


class BaseUrlAdapter(requests.adapters.HTTPAdapter):
    """Sends requests that are meant for X to another address, such as that of a simulated X."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._base = url.rstrip("/")

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        """Send the request to the other base address, with the same path and query."""
        request.url = f"{self._base}{request.path_url}"
        return super().send(request, *args, **kwargs)


def redactor_of(token: Token, authorization: str = "") -> Redactor:
    """Return what hides a token and the OAuth signature in a header, both as sent and as meant."""
    signatures = _SIGNATURE.findall(authorization)
    return Redactor([*token.parts.values(), *signatures, *map(unquote, signatures)])


def limit_of(response: requests.Response) -> Limit | None:
    """Return the rate limit that the headers of an answer state, None where they state none."""
    try:
        reset = datetime.fromtimestamp(int(response.headers["x-rate-limit-reset"]), UTC)
        return Limit(int(response.headers["x-rate-limit-remaining"]), reset)
    except (KeyError, ValueError, OverflowError, OSError):
        return None


def quotable(text: str) -> str:
    """Return a text of X for an error message; of JSON, whole or cut, only its length."""
    # What looks like JSON may be posts, and posts must not get into logs and mails about faults.
    is_json = text.lstrip("\ufeff \t\r\n").startswith(("{", "["))
    return f"{len(text)} characters of JSON, cut or changed" if is_json else text
