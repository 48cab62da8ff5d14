"""Parses and validates the query parameters of a request by X's rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from pulse_cli.simulated_x.error_bodies import invalid_request
from pulse_cli.simulated_x.timestamps import read_time
from pulse_cli.simulated_x.vocabulary import (
    FIELDS_OF_EXPANSIONS,
    MEDIA_FIELDS,
    PLACE_FIELDS,
    POLL_FIELDS,
    Vocabulary,
)

Value = TypeVar("Value")

ID = "^[0-9]{1,19}$"
USERNAME = "^[A-Za-z0-9_]{1,15}$"
MAX_LISTED = 100

_BOUNDS = {"since_id", "until_id", "start_time", "end_time"}
_POST_OBJECTS = {"expansions", "user.fields", "media.fields", "poll.fields", "place.fields"}
_USER_OBJECTS = {"expansions", "user.fields"}

# What each operation accepts, besides the parameter for fields that the vocabulary names.
PARAMETERS: Mapping[str, set[str]] = {
    "mentions": _BOUNDS | _POST_OBJECTS | {"max_results", "pagination_token"},
    "posts": _BOUNDS | _POST_OBJECTS | {"max_results", "pagination_token", "exclude"},
    "search": _BOUNDS
    | _POST_OBJECTS
    | {"query", "max_results", "next_token", "pagination_token", "sort_order"},
    "counts": _BOUNDS
    | {"query", "granularity", "next_token", "pagination_token", "search_count.fields"},
    "users": _USER_OBJECTS | {"ids"},
    "users_by": _USER_OBJECTS | {"usernames"},
    "username": _USER_OBJECTS,
    "me": _USER_OBJECTS,
    "lookup": _POST_OBJECTS | {"ids"},
    "jobs": {"type", "status", "compliance_job.fields"},
    "job": {"compliance_job.fields"},
    "create_job": {"compliance_job.fields"},
}
USER_OPERATIONS = frozenset({"users", "users_by", "username", "me"})
_WITHOUT_POST_FIELDS = frozenset({"counts", "jobs", "job", "create_job"})
JOB_TYPES = ("tweets", "users")
JOB_STATUSES = ("created", "in_progress", "failed", "complete")
JOB_FIELDS = (
    "created_at",
    "download_expires_at",
    "download_url",
    "id",
    "name",
    "resumable",
    "status",
    "type",
    "upload_expires_at",
    "upload_url",
)
PAGE_SIZES = {"mentions": (5, 100), "posts": (5, 100), "search": (10, 100)}
DEFAULT_PAGE = 10


@dataclass(slots=True)
class ParsedRequest:
    """The parameters of a request; fields and expansions have their older names."""

    fields: set[str] = field(default_factory=set)
    expansions: set[str] = field(default_factory=set)
    user_fields: set[str] = field(default_factory=set)
    max_results: int = DEFAULT_PAGE
    page_token: str | None = None
    since_id: int | None = None
    until_id: int | None = None
    start: datetime | None = None
    end: datetime | None = None
    exclude: frozenset[str] = frozenset()
    query: str = ""
    granularity: str = "hour"
    listed_values: tuple[str, ...] = ()
    job_type: str = ""
    job_status: str | None = None

    @property
    def post_fields(self) -> set[str]:
        """The fields of posts that were asked for, by name or because an expansion needs them."""
        return self.fields | {FIELDS_OF_EXPANSIONS[name] for name in self.expansions}


def read_request(
    operation: str, args: Mapping[str, str], vocabularies: tuple[Vocabulary, ...]
) -> ParsedRequest:
    """Return the parameters of one operation's request.

    Raises:
        RequestRefusedError: status 400, with everything that is wrong with the request.
    """
    reader = _Reader(operation, args, vocabularies)
    parsed = reader.read()
    if reader.errors:
        raise invalid_request(reader.errors, vocabularies[-1])
    return parsed


class _Reader:
    """Reads the parameters of one request, and collects what is wrong with them in `errors`."""

    def __init__(
        self, operation: str, args: Mapping[str, str], vocabularies: tuple[Vocabulary, ...]
    ) -> None:
        self.errors: list[tuple[str, str, str]] = []
        self._operation = operation
        self._args = args
        self._vocabularies = vocabularies

    def read(self) -> ParsedRequest:
        """Return the parameters; a wrong one is added to `errors` and left at its default."""
        operation, vocabularies = self._operation, self._vocabularies
        known = set(PARAMETERS[operation])
        if operation not in _WITHOUT_POST_FIELDS:
            known |= {words.fields_parameter for words in vocabularies}
        for name, value in self._args.items():
            if name not in known:
                names = ",".join(sorted(known))
                self._refuse(name, value, f"The query parameter [{name}] is not one of [{names}]")
        parsed = ParsedRequest()
        of_users = operation in USER_OPERATIONS
        for words in vocabularies:
            parsed.fields |= words.to_older_fields(
                self._list(words.fields_parameter, words.post_fields)
            )
        values = _all(
            words.user_expansions if of_users else words.expansions for words in vocabularies
        )
        parsed.expansions = set(self._list("expansions", values))
        values = _all(words.user_fields for words in vocabularies)
        parsed.user_fields = set(self._list("user.fields", values))
        for words in vocabularies:
            parsed.expansions = words.to_older_expansions(parsed.expansions)
            parsed.user_fields = words.to_older_fields(parsed.user_fields)
        self._list("media.fields", MEDIA_FIELDS)
        self._list("poll.fields", POLL_FIELDS)
        self._list("place.fields", PLACE_FIELDS)
        self._bounds(parsed)
        if operation == "counts":
            self._list("search_count.fields", ("start", "end", *(w.count for w in vocabularies)))
            parsed.granularity = self._choice("granularity", ("minute", "hour", "day")) or "hour"
        self._choice("sort_order", ("recency", "relevancy"))
        parsed.exclude = frozenset(self._list("exclude", ("replies", "retweets")))
        self._list("compliance_job.fields", JOB_FIELDS)
        parsed.job_status = self._choice("status", JOB_STATUSES)
        parsed.job_type = self._choice("type", JOB_TYPES) or ""
        if operation == "jobs" and "type" not in self._args:
            self._refuse("type", "", "The `type` query parameter can not be empty")
        parsed.query = self._query()
        parsed.page_token = self._args.get("next_token") or self._args.get("pagination_token")
        parsed.listed_values = self._things("ids", ID) + self._things("usernames", USERNAME)
        return parsed

    def _bounds(self, parsed: ParsedRequest) -> None:
        parsed.since_id = self._parse("since_id", _number, f"does not match {ID}")
        parsed.until_id = self._parse("until_id", _number, f"does not match {ID}")
        parsed.start = self._parse("start_time", read_time, "is not a date-time with its zone")
        parsed.end = self._parse("end_time", read_time, "is not a date-time with its zone")
        if self._operation in PAGE_SIZES:
            least, most = PAGE_SIZES[self._operation]

            def size(text: str) -> int:
                if not least <= _number(text) <= most:
                    raise ValueError
                return int(text)

            problem = f"is not between {least} and {most}"
            parsed.max_results = self._parse("max_results", size, problem) or DEFAULT_PAGE

    def _query(self) -> str:
        if "query" not in PARAMETERS[self._operation]:
            return ""
        query = self._args.get("query", "")
        if not query.strip():
            self._refuse("query", query, "The `query` query parameter can not be empty")
        return query

    def _list(self, name: str, values: Iterable[str]) -> list[str]:
        if name not in self._args:
            return []
        parsed = self._args[name].split(",")
        known = set(values)
        for value in parsed:
            if value not in known:
                choices = ",".join(sorted(known))
                self._refuse_value(name, value, f"is not one of [{choices}]")
                return []
        return parsed

    def _choice(self, name: str, values: tuple[str, ...]) -> str | None:
        value = self._args.get(name)
        if value is not None and value not in values:
            self._refuse_value(name, value, f"is not one of [{','.join(values)}]")
        return value

    def _things(self, name: str, pattern: str) -> tuple[str, ...]:
        if name not in PARAMETERS[self._operation]:
            return ()
        if not self._args.get(name):
            self._refuse(name, "", f"The `{name}` query parameter can not be empty")
            return ()
        things = self._args[name].split(",")
        if len(things) > MAX_LISTED:
            self._refuse_value(name, self._args[name], f"has more than {MAX_LISTED} elements")
        for thing in things:
            if not re.fullmatch(pattern, thing, re.ASCII):
                self._refuse_value(name, thing, f"does not match {pattern}")
                break
        return tuple(things)

    def _parse(self, name: str, parse: Callable[[str], Value], problem: str) -> Value | None:
        if name not in self._args:
            return None
        try:
            return parse(self._args[name])
        except ValueError:
            self._refuse_value(name, self._args[name], problem)
            return None

    def _refuse_value(self, name: str, value: str, problem: str) -> None:
        message = f"The `{name}` query parameter value [{value}] {problem}"
        self._refuse(name, self._args.get(name, value), message)

    def _refuse(self, name: str, value: str, message: str) -> None:
        error = (name, value, message)
        if error not in self.errors:
            self.errors.append(error)


def _all(lists: Iterable[tuple[str, ...]]) -> set[str]:
    return set().union(*lists)


def _number(text: str) -> int:
    if not re.fullmatch(ID, text, re.ASCII):
        raise ValueError(text)
    return int(text)
