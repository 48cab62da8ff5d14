"""Simulates the support desk: one agent at a time, who answers whoever has waited longest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from random import Random
from typing import Any

from pulse_cli.demo.posts import DraftPost, make_reply
from pulse_cli.demo.script import XUser, parse_moment, parse_range, read_script
from pulse_cli.demo.talks import OutageLines, Talk

_MINUTE = timedelta(minutes=1)
_NOTICED_AFTER = (1.0, 9.0)
"""Minutes until the desk sees a post."""
_FOLLOWS_UP_AFTER = (4.0, 26.0)
"""Minutes until a customer who was answered writes again."""
_REPEATS_AFTER = (48.0, 110.0)
_REPEATS_UNANSWERED = 0.3


class SupportDesk:
    """Lets the customers of `talks` write, and answers them shift after shift."""

    def __init__(self, talks: Iterable[Talk], us: XUser, rng: Random) -> None:
        self._account = us
        self._rng = rng
        self._outage = OutageLines()
        self._attentions: dict[int, float] = {}
        self._upcoming = [(talk.starts_at, number, talk) for number, talk in enumerate(talks)]
        self._number = len(self._upcoming)
        self._waiting: list[tuple[datetime, Talk]] = []
        self._outage_ends = parse_moment(read_script("schedule")["outage"]["promised"])
        self._end = parse_moment(read_script("schedule")["to"])
        heapify(self._upcoming)

    def run(self) -> Iterator[DraftPost]:
        """Yield all posts of the customers and of the desk, talk by talk."""
        talks = [talk for _, _, talk in self._upcoming]
        for shift in read_script("schedule")["desk"]:
            self._shift(shift)
        while self._upcoming:
            self._post_next()
        for talk in talks:
            yield from talk.posts

    def _shift(self, shift: dict[str, Any]) -> None:
        now, end = parse_range(shift)
        answered = 0
        while now < end:
            while self._upcoming and self._upcoming[0][0] <= now:
                self._post_next()
            ready = [
                one
                for one in self._waiting
                if one[0] <= now and self._attention(one[1]) > shift["misses"]
            ]
            if not ready:
                now += _MINUTE / 2
                continue
            chosen = min(ready, key=_by_time)
            now += shift["minutes"] * self._rng.uniform(0.5, 1.5) * _MINUTE
            self._waiting.remove(chosen)
            self._answer(chosen[1], now)
            answered += 1
            if "rest" in shift and answered % shift["round"] == 0:
                now += shift["rest"] * self._rng.uniform(0.7, 1.3) * _MINUTE

    def _attention(self, talk: Talk) -> float:
        """Return how hard a customer is to overlook, from 0 to 1; it is drawn once."""
        return self._attentions.setdefault(id(talk), self._rng.random())

    def _post_next(self) -> None:
        """Let the customer whose turn it is write the next post, and wait from then on."""
        at, _, talk = heappop(self._upcoming)
        text = talk.customer_lines.pop(0) or self._outage.next_follow_up(talk)
        ours = [post for post in talk.posts if post.author is self._account]
        # Customers reply to our last post; without one, to their own, or to the news.
        written = ours or talk.posts
        last = written[-1] if written else talk.news_post
        if last is None:
            draft = DraftPost(talk.customer, at, f"@{talk.account.username} {text}", talk.lang)
        else:
            handle = talk.account if last.author is talk.customer else last.author
            draft = DraftPost(
                talk.customer, at, f"@{handle.username} {text}", talk.lang, in_reply_to=last
            )
        talk.posts.append(draft)
        if not any(other is talk for _, other in self._waiting):
            self._waiting.append((at + self._minutes(_NOTICED_AFTER), talk))
        if talk.about_outage and self._rng.random() < _REPEATS_UNANSWERED:
            self._schedule_next(talk, at + self._minutes(_REPEATS_AFTER))

    def _answer(self, talk: Talk, at: datetime) -> None:
        if talk.about_outage and at >= self._outage_ends:
            talk.customer_lines.clear()
            self._upcoming = [one for one in self._upcoming if one[2] is not talk]
            heapify(self._upcoming)
        text = self._outage.next_answer(talk, at) if talk.about_outage else talk.desk_lines.pop(0)
        talk.posts.append(make_reply(self._account, at, text, talk.lang, talk.posts[-1]))
        if not any(coming is talk for _, _, coming in self._upcoming):
            self._schedule_next(talk, at + self._minutes(_FOLLOWS_UP_AFTER))

    def _schedule_next(self, talk: Talk, at: datetime) -> None:
        end = self._outage_ends if talk.about_outage else self._end
        if talk.customer_lines and at < end:
            heappush(self._upcoming, (at, self._number, talk))
            self._number += 1

    def _minutes(self, between: tuple[float, float]) -> timedelta:
        return self._rng.uniform(*between) * _MINUTE


def _by_time(one: tuple[datetime, Talk]) -> datetime:
    return one[0]
