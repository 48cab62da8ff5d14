"""The simulated X: X API v2, as far as Pulse uses it, over a post archive."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.http import http_date
from werkzeug.routing import Map, Rule

from pulse_cli.simulated_x import post_lookup, search_endpoints, timelines, user_endpoints
from pulse_cli.simulated_x.archive import Archive
from pulse_cli.simulated_x.call import ApiCall, XBehavior
from pulse_cli.simulated_x.compliance import BatchJobs
from pulse_cli.simulated_x.error_bodies import JSON, RequestRefusedError, title_only
from pulse_cli.simulated_x.faults import DropError, FaultInjector, InjectedFault
from pulse_cli.simulated_x.identity import Identity, identify
from pulse_cli.simulated_x.rate_limits import RateLimiter
from pulse_cli.simulated_x.request import ParsedRequest, read_request
from pulse_cli.simulated_x.usage import Usage
from pulse_cli.simulated_x.visible_posts import VisiblePosts
from pulse_cli.simulated_x.vocabulary import VOCABULARIES, VocabularyName

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

TOKEN_LIFE = timedelta(hours=1)
"""How long page tokens are valid by default."""
BROKEN_BODY_SIZE = 4096
"""The least length in bytes that a response states whose connection breaks in its body."""

_ROUTES = Map(
    [
        Rule("/2/users/<id>/mentions", endpoint="mentions", methods=["GET"]),
        Rule("/2/users/<id>/tweets", endpoint="posts", methods=["GET"]),
        Rule("/2/tweets/search/recent", endpoint="search", methods=["GET"]),
        Rule("/2/tweets/counts/recent", endpoint="counts", methods=["GET"]),
        Rule("/2/tweets", endpoint="lookup", methods=["GET"]),
        Rule("/2/users", endpoint="users", methods=["GET"]),
        Rule("/2/users/me", endpoint="me", methods=["GET"]),
        Rule("/2/users/by", endpoint="users_by", methods=["GET"]),
        Rule("/2/users/by/username/<username>", endpoint="username", methods=["GET"]),
        Rule("/2/compliance/jobs", endpoint="jobs", methods=["GET"]),
        Rule("/2/compliance/jobs", endpoint="create_job", methods=["POST"]),
        Rule("/2/compliance/jobs/<id>", endpoint="job", methods=["GET"]),
        Rule("/compliance/<id>/submission", endpoint="upload", methods=["PUT"]),
        Rule("/compliance/<id>/results", endpoint="results", methods=["GET"]),
    ],
    strict_slashes=True,
    redirect_defaults=False,
)
_OPERATIONS: Mapping[str, Callable[[ApiCall], dict[str, Any]]] = {
    "mentions": timelines.get_mentions,
    "posts": timelines.get_user_posts,
    "search": search_endpoints.search_posts,
    "counts": search_endpoints.count_posts,
    "users": user_endpoints.get_users,
    "users_by": user_endpoints.get_users_by_name,
    "username": user_endpoints.get_user_by_name,
    "me": user_endpoints.get_me,
    "lookup": post_lookup.get_posts,
}
_ENDPOINTS = {
    **dict.fromkeys(("users_by", "username", "me"), "users"),
    **dict.fromkeys(("jobs", "job", "create_job"), "compliance"),
    **dict.fromkeys(("upload", "results"), "storage"),
}


def now_utc() -> datetime:
    """Return the time by the clock of this machine, in UTC."""
    return datetime.now(UTC)


class SimulatedX:
    """A WSGI application that answers as X would at `clock()`.

    `vocabulary` says which field names it accepts and returns: those before spec 2.167 (`tweet`),
    those since (`post`), or both, mixed within one answer (`mixed`). Posts published before `since`
    do not exist. Page tokens are valid for `token_life`. With `since_id_inclusive`, timelines
    return the post named by `since_id` again, as one of X's descriptions says. X counts posts only
    for an app's token; with `user_counts`, also for a user's.

    Its only state is rate limits, how many requests each fault has seen, compliance jobs, and
    counts of what it served.
    """

    def __init__(
        self,
        archive: Archive,
        clock: Callable[[], datetime] = now_utc,
        vocabulary: VocabularyName = "tweet",
        since: datetime | None = None,
        *,
        since_id_inclusive: bool = False,
        user_counts: bool = False,
        token_life: timedelta = TOKEN_LIFE,
    ) -> None:
        self.archive = archive
        self.clock = clock
        self.vocabulary = vocabulary
        self._vocabularies = VOCABULARIES[vocabulary]
        self._visible = VisiblePosts(archive, since)
        self._fault_injector = FaultInjector(tuple(archive.faults))
        self._rate_limiter = RateLimiter()
        self._jobs = BatchJobs(archive, self._visible)
        self._operations = {**_OPERATIONS, "jobs": self._jobs.list_jobs, "job": self._jobs.get_job}
        self._usage = Usage()
        self._behavior = XBehavior(since_id_inclusive, user_counts, token_life)
        self._lock = Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request.

        Raises:
            DropError: a fault breaks the connection.
        """
        # One request at a time: a server calls this from several threads.
        with self._lock:
            response = self._respond(Request(environ))
        return response(environ, start_response)

    @property
    def requests(self) -> Counter[tuple[str, str]]:
        """The number of requests by (endpoint, status); for a dropped one, how it was dropped."""
        return Counter(self._usage.requests)

    @property
    def reads(self) -> dict[str, set[date]]:
        """The UTC days on which each post was served as data, by its id."""
        return self._usage.days_served

    def usage(self) -> dict[str, Any]:
        """Return what was served so far: requests, posts, re-reads, users; see `Usage.as_dict`."""
        with self._lock:
            return self._usage.as_dict()

    def next_change(self, after: datetime) -> datetime | None:
        """Return the first later instant at which answers may change, None if there is none.

        Answers change when a post appears, is replaced by a newer version or is removed, and when a
        fault begins or ends.
        """
        return self._visible.next_change(after)

    def has_late_posts(self, since: datetime, until: datetime) -> bool:
        """Return whether X began in (since, until] to show a post that was published earlier."""
        return self._visible.has_late_posts(since, until)

    def has_removals(self, since: datetime, until: datetime) -> bool:
        """Return whether a post was removed in (since, until]."""
        return self._visible.has_removals(since, until)

    @property
    def last_removal(self) -> datetime | None:
        """When the last of all removals happens, None if no post is ever removed."""
        return self._visible.last_removal

    def has_fault(self, at: datetime) -> bool:
        """Return whether a fault is in force at this instant."""
        return self._fault_injector.is_active(at)

    def _respond(self, request: Request) -> Response:
        now = self.clock()
        try:
            operation, values = _ROUTES.bind_to_environ(request.environ).match()
        except HTTPException:
            return self._refusal("other", title_only(404, "Not Found"), now)
        endpoint = _ENDPOINTS.get(operation, operation)
        if fault := self._fault_injector.count_request(endpoint, now):
            return self._inject(endpoint, fault, now)
        if endpoint == "storage":
            return self._store(operation, values["id"], request, now)
        return self._admit(operation, endpoint, values, request, now)

    def _admit(
        self,
        operation: str,
        endpoint: str,
        values: Mapping[str, Any],
        request: Request,
        now: datetime,
    ) -> Response:
        identity = identify(request.headers.get("Authorization"))
        if identity is None:
            return self._refusal(endpoint, title_only(401, "Unauthorized"), now)
        window = self._rate_limiter.count(identity, endpoint, now)
        if window.is_exceeded:
            return self._refusal(
                endpoint, title_only(429, "Too Many Requests"), now, window.headers()
            )
        self._visible.advance_to(now)
        try:
            args = {name: ",".join(found) for name, found in request.args.lists()}
            parsed = read_request(operation, args, self._vocabularies)
            body = self._perform(operation, values, parsed, identity, now, request)
        except RequestRefusedError as refused:
            return self._refusal(endpoint, refused, now, window.headers())
        headers = [("content-type", JSON), *window.headers()]
        return self._answer(endpoint, 200, _dump(body), headers, now)

    def _store(self, operation: str, job: str, request: Request, now: datetime) -> Response:
        """Answer as the storage of compliance jobs, which checks signatures instead of tokens."""
        try:
            content = self._jobs.transfer(operation, job, request, now)
        except RequestRefusedError as refused:
            return self._refusal("storage", refused, now)
        return self._answer("storage", 200, content, [("content-type", "text/plain")], now)

    def _perform(
        self,
        operation: str,
        path: Mapping[str, Any],
        parsed: ParsedRequest,
        identity: Identity,
        now: datetime,
        request: Request,
    ) -> dict[str, Any]:
        call = ApiCall(
            operation,
            path,
            parsed,
            identity,
            now,
            self.archive,
            self._visible,
            self._vocabularies,
            self._behavior,
            self._usage,
        )
        if operation == "create_job":
            return self._jobs.create_job(call, request.get_json(force=True, silent=True))
        body = self._operations[operation](call)
        self._usage.includes_served += call.response.included_post_count
        self._usage.users_served += call.response.included_user_count
        return body

    def _refusal(
        self,
        endpoint: str,
        refused: RequestRefusedError,
        now: datetime,
        headers: Iterable[tuple[str, str]] = (),
    ) -> Response:
        headers = [("content-type", refused.content_type), *headers]
        return self._answer(endpoint, refused.status, _dump(refused.body), headers, now)

    def _answer(
        self,
        endpoint: str,
        status: int,
        content: bytes,
        headers: Iterable[tuple[str, str]],
        now: datetime,
    ) -> Response:
        self._usage.requests[endpoint, str(status)] += 1
        always = [
            ("date", http_date(now)),
            ("api-version", self._vocabularies[-1].api_version),
            ("x-access-level", "read"),
        ]
        return Response(content, status, [*always, *headers])

    def _inject(self, endpoint: str, fault: InjectedFault, now: datetime) -> Response:
        self._usage.requests[endpoint, fault.drop or str(fault.status)] += 1
        content = fault.body.encode()
        headers = {"date": http_date(now), **fault.headers}
        if fault.drop == "mid-body":
            content = content[: len(content) // 2] or b'{"data":['
            headers["content-length"] = str(max(len(content) * 2, BROKEN_BODY_SIZE))
            return Response(_break_off(content), fault.status, headers)
        if fault.drop:
            raise DropError(fault.drop)
        return Response(content, fault.status, headers)


def _break_off(content: bytes) -> Iterator[bytes]:
    yield content
    raise DropError("mid-body")


def _dump(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
