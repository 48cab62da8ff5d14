"""X, through tweepy: pages of posts, counts, users; trouble sorted into kinds."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import requests
import tweepy

from pulse.kernel.posts import Author, RemovalReason
from pulse.observability.redaction import Redactor
from pulse.x import parse
from pulse.x.access import Bounds, Limit, Token, Vocabulary
from pulse.x.faults import FaultKind, XError
from pulse.x.parse import Page

HOST = "https://api.twitter.com"
_TIMEOUT = (3.05, 10)
_PAGE = 100
_FOR_APPS = {"counts", "lookup"}
"""Asked by the bearer where there is one: it alone may count, and no author has blocked it."""
_ANSWER = {"data", "meta"}
"""One of them stands in every answer, also where nothing was found."""


class Session(requests.Session):
    """Every call has a time-out; what is no answer becomes trouble before tweepy sees it.

    `veil` hides the token in what was answered last: X, or a proxy, may say it back.
    """

    def __init__(self, token: Token, met: Callable[[str, Limit], None]) -> None:
        super().__init__()
        self._token = token
        self._met = met
        self.veil = Redactor(token)
        self.endpoint = ""

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Ask; what is not 200 is raised as `TroubleError`."""
        kwargs.setdefault("timeout", _TIMEOUT)
        kwargs["allow_redirects"] = False  # a signature holds for one address only
        try:
            response = super().request(*args, **kwargs)
        except requests.RequestException as problem:
            raise XError("unavailable", type(problem).__name__) from None
        self.veil = Redactor(self._token, response.request.headers.get("Authorization", ""))
        limit = _limit(response.headers)
        if limit is not None:
            self._met(self.endpoint, limit)
        if response.status_code != requests.codes.ok:
            raise _trouble(response, limit, self.veil)
        return response


class XClient:
    """X as one token sees it; the token is fetched at the first call.

    `limits` holds what the answers said, by endpoint; `reads` counts posts served.
    Every method raises `TroubleError`.
    """

    def __init__(
        self,
        token: Callable[[], Token],
        transport: requests.adapters.BaseAdapter | None = None,
    ) -> None:
        self.limits: dict[str, Limit] = {}
        self.vocabulary: Vocabulary = "tweet"
        self.reads = 0
        self._token = token
        self._transport = transport
        self._client: tweepy.Client | None = None

    def mentions(self, account_id: str, bounds: Bounds, token: str | None = None) -> Page:
        """A page of the account's mentions timeline, newest first."""
        params = _timeline_params(bounds, "pagination_token", token)
        return self._posts("mentions", f"/2/users/{account_id}/mentions", params)

    def posts(self, account_id: str, bounds: Bounds, token: str | None = None) -> Page:
        """A page of the account's own posts, retweets left out, newest first."""
        params = _timeline_params(bounds, "pagination_token", token) | {"exclude": "retweets"}
        return self._posts("posts", f"/2/users/{account_id}/tweets", params)

    def search(self, query: str, bounds: Bounds, token: str | None = None) -> Page:
        """A page of recent search (7 days), newest first."""
        params = _timeline_params(bounds, "next_token", token) | {"query": query}
        return self._posts("search", "/2/tweets/search/recent", params)

    def absent(self, ids: list[str]) -> dict[str, RemovalReason]:
        """Of up to 100 posts, by the id of a version: those that X says are gone, and why."""
        body = self._get("lookup", "/2/tweets", {"ids": ",".join(ids)})
        served = body.get("data")
        if not isinstance(served, list) and not body.get("errors"):
            raise XError("unavailable", _without(body, "posts"))
        self.reads += len(served) if isinstance(served, list) else 0
        return {i: why for i, why in parse.parse_absent(body).items() if i in ids}

    def counts(self, query: str, start: datetime, end: datetime) -> dict[datetime, int] | None:
        """How many posts match, by minute of [start, end); minutes without any are left out.

        None without a bearer: X counts for apps only.
        """
        if not self._open().bearer_token:
            return None
        params = {
            "query": query,
            "start_time": _stamp(start),
            "end_time": _stamp(end),
            "granularity": "minute",
        }
        body = self._get("counts", "/2/tweets/counts/recent", params)
        if not _ANSWER & body.keys():
            raise XError("unavailable", _without(body, "counts"))
        try:
            return {
                datetime.fromisoformat(row["start"]): int(
                    row["tweet_count"] if "tweet_count" in row else row["post_count"]
                )
                for row in body.get("data", [])
            }
        except (KeyError, TypeError, ValueError) as problem:
            raise XError("unavailable", f"counts that cannot be read: {problem!r}") from None

    def users(self, ids: list[str]) -> tuple[Author, ...]:
        """Up to 100 users; those X no longer shows are left out."""
        body = self._get("users", "/2/users", {"ids": ",".join(ids)} | _user_params())
        if not _ANSWER & body.keys() and _kind_within(body) == "unavailable":
            raise XError("unavailable", _without(body, "users"))
        return parse.parse_users(body.get("data"))

    def user(self, username: str) -> Author:
        """The user with this handle; TroubleError `account` when there is none."""
        body = self._get("users", f"/2/users/by/username/{username}", _user_params())
        return _one(body, f"@{username}")

    def me(self) -> Author:
        """Whose token this is; only for OAuth 1.0a."""
        return _one(self._get("users", "/2/users/me", _user_params()), "this token's user")

    def _posts(self, endpoint: str, route: str, params: dict[str, str]) -> Page:
        try:
            body = self._get(endpoint, route, params | parse.POST_PARAMS[self.vocabulary])
        except XError as trouble:
            if trouble.kind != "request" or ".fields" not in trouble.detail:
                raise
            self.vocabulary = "post" if self.vocabulary == "tweet" else "tweet"
            body = self._get(endpoint, route, params | parse.POST_PARAMS[self.vocabulary])
        try:
            page = parse.parse_page(body)
        except parse.UnreadablePostError as problem:
            raise XError(_kind_within(body), str(problem)) from problem
        if not _ANSWER & body.keys():
            raise XError("unavailable", _without(body, "posts"))
        self.reads += page.count
        return page

    def _get(self, endpoint: str, route: str, params: Mapping[str, str]) -> Any:
        client = self._open()
        client.session.endpoint = endpoint
        as_app = endpoint in _FOR_APPS and client.bearer_token
        as_user = client.access_token is not None and not as_app
        try:
            response = client.request("GET", route, params, user_auth=as_user)
        except XError as trouble:
            if trouble.kind == "token":
                self._client = None  # the next call asks for the token again
            raise
        veil = client.session.veil
        try:
            body = _storable(response.json(), veil)
        except (ValueError, RecursionError):
            said = _quoted(veil(response.text))[:80]
            raise XError("unavailable", f"not JSON: {said!r}") from None
        if not isinstance(body, dict):
            raise XError("unavailable", f"a JSON {type(body).__name__}, not an object")
        return body

    def _open(self) -> tweepy.Client:
        if self._client is None:
            token = self._token()
            session = Session(token, self.limits.__setitem__)
            if self._transport is not None:
                session.mount(HOST, self._transport)
            self._client = tweepy.Client(
                token.bearer,
                token.consumer_key,
                token.consumer_secret,
                token.access_token,
                token.access_token_secret,
            )
            self._client.session = session
        return self._client


def _timeline_params(bounds: Bounds, token_name: str, token: str | None) -> dict[str, str]:
    params = {
        "max_results": str(_PAGE),
        "since_id": bounds.since_id,
        "until_id": bounds.until_id,
        "start_time": _stamp(bounds.start) if bounds.start else None,
        "end_time": _stamp(bounds.end) if bounds.end else None,
        token_name: token,
    }
    return {name: value for name, value in params.items() if value is not None}


def _user_params() -> dict[str, str]:
    return {"user.fields": parse.USER_FIELDS}


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _one(body: Any, who: str) -> Author:
    found = parse.parse_users([body.get("data")])
    if not found:
        raise XError("account", f"X knows no {who}")
    return found[0]


def _limit(headers: Mapping[str, str]) -> Limit | None:
    try:
        reset = datetime.fromtimestamp(int(headers["x-rate-limit-reset"]), UTC)
        return Limit(int(headers["x-rate-limit-remaining"]), reset)
    except (KeyError, ValueError, OverflowError, OSError):
        return None


def _trouble(response: requests.Response, limit: Limit | None, veil: Redactor) -> XError:
    status, said = response.status_code, veil(response.text)
    try:
        body = _storable(response.json(), veil)
    except (ValueError, RecursionError):
        body = None
    words = said if status >= requests.codes.bad_request else _quoted(said)
    detail = f"{status} {_detail(body) or words.strip()[:200] or veil(response.reason or '')}"
    if status == requests.codes.too_many_requests:
        if "usage-capped" in said or "UsageCapExceeded" in said:
            return XError("usage_cap", detail)
        return XError("rate_limited", detail, limit.reset if limit else None)
    kinds: dict[int, FaultKind] = {
        400: "request",
        401: "token",
        402: "credits",
        403: "forbidden",
        404: "account",
    }
    return XError(kinds.get(status, "unavailable"), detail)


def _storable(body: Any, veil: Redactor) -> Any:
    """Without secrets; half an emoji, which no store takes, becomes a question mark."""
    return json.loads(veil(json.dumps(body, ensure_ascii=False)).encode(errors="replace"))


def _quoted(said: str) -> str:
    """Words of X; of JSON, whole or cut, the length alone, since that may be posts."""
    is_json = said.lstrip("\ufeff \t\r\n").startswith(("{", "["))
    return f"{len(said)} characters of JSON, cut or changed" if is_json else said


def _without(body: Any, what: str) -> str:
    return f"an answer without {what}: {_detail(body) or ', '.join(body)[:80] or 'nothing'}"


def _kind_within(body: Any) -> FaultKind:
    """Of a 200 without posts: X has these words for an account suspended, gone or protected."""
    errors = body.get("errors")
    said = {
        str(e.get("type")).rsplit("/", 1)[-1]
        for e in (errors if isinstance(errors, list) else [])
        if isinstance(e, dict) and e.get("resource_type") == "user"
    }
    if "resource-not-found" in said:
        return "account"
    return "forbidden" if "not-authorized-for-resource" in said else "unavailable"


def _detail(body: Any) -> str:
    """What X says is wrong: the named parameters first, then the general words."""
    if not isinstance(body, dict):
        return ""
    errors = body.get("errors")
    said = [
        str(e.get("message") or e.get("detail"))
        for e in (errors if isinstance(errors, list) else [])
        if isinstance(e, dict)
    ]
    general = str(body.get("detail") or body.get("title") or "")
    return "; ".join(filter(None, [*said, general]))[:300]
