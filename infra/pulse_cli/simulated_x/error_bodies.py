"""The bodies of X's errors, whole and partial."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pulse_cli.simulated_x.vocabulary import Vocabulary

PROBLEM_JSON = "application/problem+json; charset=utf-8"
JSON = "application/json; charset=utf-8"


class RequestRefusedError(Exception):
    """A request that X refuses: its status and the body of the answer."""

    def __init__(self, status: int, body: Mapping[str, Any], content_type: str) -> None:
        super().__init__(f"{status}: {json.dumps(body, ensure_ascii=False)}")
        self.status = status
        self.body = body
        self.content_type = content_type


def title_only(status: int, title: str) -> RequestRefusedError:
    """401, 404, 429: nothing but a title."""
    body = {"title": title, "type": "about:blank", "status": status, "detail": title}
    return RequestRefusedError(status, body, PROBLEM_JSON)


def invalid_request(
    errors: Iterable[tuple[str, str, str]], words: Vocabulary
) -> RequestRefusedError:
    """400, from (parameter, value, message) of each thing wrong with a request."""
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
    """403: this endpoint does not take this way of authenticating."""
    body = {
        "title": "Unsupported Authentication",
        "detail": f"Authenticating with {way} is forbidden for this endpoint.  "
        f"Supported authentication types are [{ways}].",
        "type": f"{words.problem_url}unsupported-authentication",
        "status": 403,
    }
    return RequestRefusedError(403, body, PROBLEM_JSON)


def not_authorized(parameter: str, value: str, words: Vocabulary) -> dict[str, str]:
    """Return a partial error in an answer: a post that is there, and not for everybody to see."""
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
    """A partial error in an answer: something named in the request, or in a post, is not there.

    `kind` is `user` or `tweet`.
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
