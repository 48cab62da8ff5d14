"""X, through tweepy: pages of posts, counts, look-ups and users, as one token sees them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

import requests
import tweepy

from pulse.kernel.batching import batched
from pulse.kernel.posts import Author, RemovalReason
from pulse.x import parse
from pulse.x.access import Limit, PageRequest, Token
from pulse.x.answers import Counts, Lookup, Page, as_list, objects_in
from pulse.x.faults import FaultKind, XError
from pulse.x.session import HOST, Session, limit_of

_PAGE = 100
_IDS_AT_ONCE = 100
"""Ids that X takes in one request."""
_AS_APP = {"counts", "lookup"}
"""Asked with the bearer where there is one: X counts for apps only, and an author who has blocked
the user would make that author's posts look deleted."""
_ANSWER = {"data", "meta"}
"""At least one of them is in every answer, even if nothing was found."""
_USER_PARAMS = {"user.fields": parse.USER_FIELDS}


class _Answer(NamedTuple):
    endpoint: str
    limit: Limit | None
    body: dict[str, Any]

    def error(self, kind: FaultKind, detail: str) -> XError:
        """Return an error about this answer, with the limit that it stated."""
        return XError(kind, detail, limit=self.limit, endpoint=self.endpoint)

    def error_without(self, what: str) -> XError:
        """Return the error that this answer lacks what was asked for."""
        stated = parse.error_text(self.body) or ", ".join(self.body)[:80] or "nothing"
        return self.error("unavailable", f"an answer without {what}: {stated}")


class XClient:
    """X as one token sees it; the token is fetched at the first request, and again after a 401.

    The client remembers nothing of what it was asked: limits, vocabulary and the number of posts
    served come with each answer. Every method but `absent` raises XError, which carries the limit.
    """

    def __init__(
        self, token: Callable[[], Token], transport: requests.adapters.BaseAdapter | None = None
    ) -> None:
        self._token = token
        self._transport = transport
        self._client: tweepy.Client | None = None

    def mentions(self, account_id: str, request: PageRequest) -> Page:
        """Return a page of the account's mentions timeline."""
        return self._page("mentions", f"/2/users/{account_id}/mentions", request)

    def posts(self, account_id: str, request: PageRequest) -> Page:
        """Return a page of the account's own posts without retweets."""
        route = f"/2/users/{account_id}/tweets"
        return self._page("posts", route, request, exclude="retweets")

    def search(self, query: str, request: PageRequest) -> Page:
        """Return a page of recent search, which reaches 7 days back."""
        return self._page("search", "/2/tweets/search/recent", request, query=query)

    def absent(self, ids: Sequence[str]) -> Lookup:
        """Look up posts by the ids of their versions, any number; they are billed if served.

        An error does not lose what was answered before it: it comes with the answer.
        """
        absent: dict[str, RemovalReason] = {}
        requested = served = 0
        limit: Limit | None = None
        for batch in batched(ids, _IDS_AT_ONCE):
            requested += len(batch)
            try:
                answer = self._get("lookup", "/2/tweets", {"ids": ",".join(batch)})
                limit, data = answer.limit, answer.body.get("data")
                # X answers with posts, with errors that say why not, or both. An answer with
                # neither says nothing about the posts; read as "all are there" it would do no
                # harm, but hide that look-ups do not work.
                if not isinstance(data, list) and not answer.body.get("errors"):
                    raise answer.error_without("posts")
            except XError as error:
                return Lookup(absent, requested, served, error.limit or limit, error)
            served += len(as_list(data))
            found = parse.parse_absent(answer.body)
            absent |= {i: reason for i, reason in found.items() if i in batch}
        return Lookup(absent, requested, served, limit)

    def counts(self, query: str, start: datetime, end: datetime) -> Counts | None:
        """Return how many posts of [start, end) match; None without a bearer (D-007)."""
        if not self._open().bearer_token:
            return None
        params = {
            "query": query,
            "start_time": _stamp(start),
            "end_time": _stamp(end),
            "granularity": "minute",
        }
        answer = self._get("counts", "/2/tweets/counts/recent", params)
        if not _ANSWER & answer.body.keys():
            raise answer.error_without("counts")
        try:
            return Counts(parse.parse_counts(answer.body), answer.limit)
        except (KeyError, TypeError, ValueError) as problem:
            detail = f"counts that cannot be read: {problem!r}"
            raise answer.error("unavailable", detail) from None

    def users(self, ids: Sequence[str]) -> tuple[Author, ...]:
        """Return users by their ids, any number; those that X does not show are left out."""
        found: list[Author] = []
        for batch in batched(ids, _IDS_AT_ONCE):
            answer = self._get("users", "/2/users", {"ids": ",".join(batch)} | _USER_PARAMS)
            if not _ANSWER & answer.body.keys() and _kind_within(answer.body) == "unavailable":
                raise answer.error_without("users")
            found += parse.parse_users(answer.body.get("data"))
        return tuple(found)

    def user(self, username: str) -> Author:
        """Return the user with this handle; XError of the kind `account` when there is none."""
        answer = self._get("users", f"/2/users/by/username/{username}", _USER_PARAMS)
        return _only_user(answer, f"@{username}")

    def me(self) -> Author:
        """Return whose token this is; only for OAuth 1.0a."""
        return _only_user(self._get("users", "/2/users/me", _USER_PARAMS), "this token's user")

    def _page(self, endpoint: str, route: str, request: PageRequest, **also: str) -> Page:
        token_name = "next_token" if endpoint == "search" else "pagination_token"
        params = also | {
            "max_results": str(_PAGE),
            "since_id": request.since_id,
            "until_id": request.until_id,
            "start_time": _stamp(request.start),
            "end_time": _stamp(request.end),
            token_name: request.token,
        }
        vocabulary = request.vocabulary
        try:
            answer = self._get(endpoint, route, params | parse.POST_PARAMS[vocabulary])
        except XError as error:
            # X renames its parameters some day, one app after the other. It then refuses the old
            # names with a 400 that quotes them; any other 400 would come again in other names.
            if error.kind != "request" or ".fields" not in error.detail:
                raise
            vocabulary = "post" if vocabulary == "tweet" else "tweet"
            answer = self._get(endpoint, route, params | parse.POST_PARAMS[vocabulary])
        try:
            page = parse.parse_page(answer.body)
        except parse.UnreadablePostError as problem:
            raise answer.error(_kind_within(answer.body), str(problem)) from problem
        if not _ANSWER & answer.body.keys():
            raise answer.error_without("posts")
        return replace(page, limit=answer.limit, vocabulary=vocabulary)

    def _get(self, endpoint: str, route: str, params: Mapping[str, str | None]) -> _Answer:
        client = self._open()
        as_app = endpoint in _AS_APP and client.bearer_token
        as_user = client.access_token is not None and not as_app
        try:
            response = client.request("GET", route, params, user_auth=as_user)
            return _Answer(endpoint, limit_of(response), client.session.object_in(response))
        except XError as error:
            if error.kind == "token":
                self._client = None  # a new token may be stored: the next request fetches it
            error.endpoint = endpoint
            raise

    def _open(self) -> tweepy.Client:
        if self._client is None:
            token = self._token()
            session = Session(token)
            if self._transport is not None:
                session.mount(HOST, self._transport)
            self._client = tweepy.Client(*astuple(token))  # whose parameters are in this order
            self._client.session = session
        return self._client


def _stamp(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def _only_user(answer: _Answer, who: str) -> Author:
    found = parse.parse_users([answer.body.get("data")])
    if not found:
        raise answer.error("account", f"X knows no {who}")
    return found[0]


def _kind_within(body: dict[str, Any]) -> FaultKind:
    """Return the kind of fault that a 200 without posts states.

    That is how X answers for an account that was suspended or deleted, or is protected.
    """
    problems = {
        parse.problem_of(error)
        for error in objects_in(body.get("errors"))
        if error.get("resource_type") == "user"
    }
    if "resource-not-found" in problems:
        return "account"
    return "forbidden" if "not-authorized-for-resource" in problems else "unavailable"
