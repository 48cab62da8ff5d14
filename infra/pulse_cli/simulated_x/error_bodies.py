"""The bodies of X's errors: of refused requests, and partial errors within an answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pulse_cli.simulated_x.vocabulary import Vocabulary

PROBLEM_JSON = "application/problem+json; charset=utf-8"
JSON = "application/json; charset=utf-8"


class RequestRefusedError(Exception):
    """X refuses a request; the error has the status and the body of the answer."""

    def __init__(self, status: int, body: Mapping[str, Any], content_type: str) -> None:
        super().__init__(f"{status}: {json.dumps(body, ensure_ascii=False)}")
        self.status = status
        self.body = body
        self.content_type = content_type


def title_only(status: int, title: str) -> RequestRefusedError:
    """Return an error with nothing but a title, as X has for 401, 404 and 429."""
    body = {"title": title, "type": "about:blank", "status": status, "detail": title}
    return RequestRefusedError(status, body, PROBLEM_JSON)


def invalid_request(
    errors: Iterable[tuple[str, str, str]], words: Vocabulary
) -> RequestRefusedError:
    """Return a 400; `errors` are (parameter, value, message) of all that is wrong."""
    body = {
        "errors": [
            {"parameters": {parameter: [value]}, "message": message}
            for parameter, value, message in errors
        ],
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": f"{words.problem_url}invalid-request",
    }
    return RequestRefusedError(400, body, JSON)


def unsupported_authentication(way: str, ways: str, words: Vocabulary) -> RequestRefusedError:
    """Return a 403: the endpoint takes one of `ways` to authenticate, but not `way`."""
    body = {
        "title": "Unsupported Authentication",
        "detail": f"Authenticating with {way} is forbidden for this endpoint.  "
        f"Supported authentication types are [{ways}].",
        "type": f"{words.problem_url}unsupported-authentication",
        "status": 403,
    }
    return RequestRefusedError(403, body, PROBLEM_JSON)


def not_authorized(parameter: str, value: str, words: Vocabulary) -> dict[str, str]:
    """Return a partial error: a post exists, but may not be seen (it is protected)."""
    kind = "post" if words.name == "post" else "tweet"
    return {
        "value": value,
        "detail": f"Sorry, you are not authorized to see the {kind.capitalize()} with "
        f"{parameter}: [{value}].",
        "title": "Authorization Error",
        "resource_type": kind,
        "parameter": parameter,
        "resource_id": value,
        "section": "data",
        "type": f"{words.problem_url}not-authorized-for-resource",
    }


def not_found(kind: str, parameter: str, value: str, words: Vocabulary) -> dict[str, str]:
    """Return a partial error: something that the request or a post names does not exist.

    `kind` is `user`, `tweet` or `job`.
    """
    kind = "post" if kind == "tweet" and words.name == "post" else kind
    return {
        "value": value,
        "detail": f"Could not find {kind} with {parameter}: [{value}].",
        "title": "Not Found Error",
        "resource_type": kind,
        "parameter": parameter,
        "resource_id": value,
        "type": f"{words.problem_url}resource-not-found",
    }
