"""Recent search and recent counts, which take the same queries over the last seven days."""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from pulse_cli.simulated_x.call import ApiCall
from pulse_cli.simulated_x.error_bodies import unsupported_authentication
from pulse_cli.simulated_x.search_query import Query, QueryError, read_query
from pulse_cli.simulated_x.timelines import index_range, is_in_time_range, make_page
from pulse_cli.simulated_x.timestamps import write_time
from pulse_cli.simulated_x.visible_posts import SEARCH_WINDOW

SEARCH_LAG = timedelta(seconds=10)
"""How long before the request the searched time must end."""
STEPS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}


def search_posts(call: ApiCall) -> dict[str, Any]:
    """Return a page of the posts that match a query, newest first.

    Raises:
        RequestRefusedError: the query, its bounds or the page token are wrong.
    """
    query = _query(call)
    return make_page(
        call, call.request.query, call.visible.ids_in(query.key), matches=query.matches
    )


def count_posts(call: ApiCall) -> dict[str, Any]:
    """Return how many posts match a query, per minute, hour or day.

    Raises:
        RequestRefusedError: it is a user's token, or the query or its bounds are wrong.
    """
    if call.identity.is_user and not call.behavior.user_counts:
        raise unsupported_authentication(
            "OAuth 1.0a User Context", "OAuth 2.0 Application-Only", call.vocabularies[-1]
        )
    query, parsed = _query(call), call.request
    parsed.end = parsed.end or call.now
    ids = call.visible.ids_in(query.key)
    low, high = index_range(parsed, call.visible, ids)
    times = sorted(
        post.created_at
        for post in map(call.visible.post, ids[low:high])
        if is_in_time_range(parsed, post) and query.matches(post)
    )
    start = parsed.start or call.now - SEARCH_WINDOW
    edges = _edges(start, parsed.end, STEPS[parsed.granularity])
    rows = []
    for index, (begin, end) in enumerate(pairwise(edges)):
        words = call.vocabularies[index % len(call.vocabularies)]
        number = bisect_left(times, end) - bisect_left(times, begin)
        rows.append({"end": write_time(end), "start": write_time(begin), words.count: number})
    return call.response.build(rows, meta={call.vocabularies[-1].total: len(times)})


def _query(call: ApiCall) -> Query:
    _check_bounds(call)
    try:
        query = read_query(call.request.query, call.archive)
    except QueryError as error:
        message = f"There were errors processing your request: {error}"
        call.refuse("query", call.request.query, message)
    if call.request.start is None:
        call.request.start = call.now - SEARCH_WINDOW
    return query


def _check_bounds(call: ApiCall) -> None:
    parsed, oldest = call.request, call.now - SEARCH_WINDOW
    for name, number in (("since_id", parsed.since_id), ("until_id", parsed.until_id)):
        if number is not None and (parsed.start or parsed.end):
            message = "Invalid use of 'since_id' or 'until_id' in conjunction with 'start_time' or "
            call.refuse(name, number, message + "'end_time'.")
    for name, time in (("start_time", parsed.start), ("end_time", parsed.end)):
        if time and time < oldest:
            _refuse_time(call, name, time, f"must be on or after {write_time(oldest)}")
        if time and time > call.now - SEARCH_LAG:
            rule = "must be a minimum of 10 seconds prior to the request time."
            _refuse_time(call, name, time, rule)
    if parsed.start and parsed.end and parsed.start >= parsed.end:
        rule = f"must be before the 'end_time' {write_time(parsed.end)}"
        _refuse_time(call, "start_time", parsed.start, rule)
    too_old = call.visible.newest_unsearchable()
    if parsed.since_id is not None and too_old is not None and parsed.since_id <= too_old:
        message = f"'since_id' must be a tweet id created after {write_time(oldest)}. "
        message += f"Please use a 'since_id' that is larger than {too_old}"
        call.refuse("since_id", parsed.since_id, message)


def _refuse_time(call: ApiCall, name: str, time: datetime, rule: str) -> None:
    message = write_time(time)
    call.refuse(name, message, f"Invalid '{name}':'{message}'. '{name}' {rule}")


def _edges(start: datetime, end: datetime, step: timedelta) -> list[datetime]:
    """Return where rows begin and end: at whole steps, except for the first and the last."""
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    edges = [start]
    while edges[-1] < end:
        whole = midnight + ((edges[-1] - midnight) // step + 1) * step
        edges.append(min(whole, end))
    return edges
