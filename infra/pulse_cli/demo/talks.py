"""Generated conversations: what each side writes in turn; the support desk decides when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import cycle
from random import Random
from typing import Any

from pulse_cli.demo.people import Gender, PersonGenerator
from pulse_cli.demo.posts import DraftPost
from pulse_cli.demo.script import (
    Language,
    XUser,
    entry_language,
    parse_moment,
    parse_range,
    read_script,
)

_SPEAKS_AGAIN = 0.34
_TO_OFFICIAL = 0.24
_BELOW_NEWS = 0.5
_EAGER = 1.3
_CLOSE = (0.02, 0.15)
"""How closely posts of a burst follow each other, as shares of the mean distance."""
DECIDED_LATER = ""
"""Stands for a customer's line that depends on whether anybody has answered by then."""


@dataclass(slots=True)
class Talk:
    """A customer, and what both sides have still to write.

    `desk_lines` are the replies to come; in a talk about the outage there are none, since these
    replies depend on the time. `posts` are those written so far, oldest first.
    """

    customer: XUser
    account: XUser
    lang: Language
    starts_at: datetime
    customer_lines: list[str]
    desk_lines: list[str] = field(default_factory=list)
    about_outage: bool = False
    news_post: DraftPost | None = None
    """Our own post that the talk begins below, if it does."""
    posts: list[DraftPost] = field(default_factory=list)

    @property
    def answered(self) -> bool:
        """Whether anybody else has written in the talk yet."""
        return any(post.author is not self.customer for post in self.posts)


def make_ordinary_talks(
    name: str, people: PersonGenerator, accounts: dict[str, XUser], rng: Random
) -> Iterator[Talk]:
    """Yield the talks of one file of the script, spread over its part of the day."""
    entries = read_script(name)
    part = parse_range(read_script("schedule")["pace"][name])
    shares = sorted(rng.random() for _ in entries)
    for entry, share in zip(entries, shares, strict=True):
        lang = entry_language(entry)
        to = accounts["news" if entry.get("to") == "svyaz" else "help"]
        at = part.start + share**_EAGER * part.length
        turns = entry[lang]
        yield Talk(people.new_person(lang, _gender(entry)), to, lang, at, turns[::2], turns[1::2])


def make_outage_talks(
    people: PersonGenerator, accounts: dict[str, XUser], news: dict[str, DraftPost], rng: Random
) -> Iterator[Talk]:
    """Yield the talks about the outage, which begin in bursts, some of them below our news."""
    script = read_script("outage")
    for phase in ("first", "night", "morning"):
        for entry, at in zip(script[phase], _bursts(phase, len(script[phase]), rng), strict=True):
            entry_texts: dict[str, Any] = {"ru": entry} if isinstance(entry, str) else entry
            text = next(iter(entry_texts.values()))
            lang = entry_language(entry_texts)
            customer = people.new_person(lang, _gender(entry_texts))
            to = accounts["news" if rng.random() < _TO_OFFICIAL else "help"]
            news_post = _latest_news(news, lang, at) if to is accounts["news"] else None
            lines = [text, DECIDED_LATER] if rng.random() < _SPEAKS_AGAIN else [text]
            if rng.random() >= _BELOW_NEWS:
                news_post = None
            yield Talk(customer, to, lang, at, lines, about_outage=True, news_post=news_post)


class OutageLines:
    """The lines about the outage that are used again and again, in turn."""

    def __init__(self) -> None:
        script = read_script("outage")
        self._lines: dict[str, Iterator[str]] = {
            name: cycle(lines) for name, lines in script.items()
        }
        outage = read_script("schedule")["outage"]
        self._promised = parse_moment(outage["promised"])
        self._restored = parse_moment(outage["restored"])

    def next_answer(self, talk: Talk, at: datetime) -> str:
        """Return the desk's next reply, which depends on the time and on replies before it."""
        if at >= self._promised:
            return self._next("answers_late" if at >= self._restored else "answers_overdue", talk)
        return self._next("answers_again" if talk.answered else "answers", talk)

    def next_follow_up(self, talk: Talk) -> str:
        """Return what a customer adds, which depends on whether there was an answer."""
        return self._next("again" if talk.answered else "impatient", talk)

    def _next(self, kind: str, talk: Talk) -> str:
        return next(self._lines[kind if talk.lang == "ru" else f"{kind}_en"])


def _bursts(phase: str, posts: int, rng: Random) -> Iterator[datetime]:
    """Yield times for so many posts in a phase of the outage, burst after burst."""
    pace = read_script("schedule")["pace"][phase]
    part, bursts = parse_range(pace), int(pace["bursts"])
    gap = part.length / posts
    for burst in range(bursts):
        start = part.start + part.length * burst / bursts
        size = posts // bursts + (burst < posts % bursts)
        yield from sorted(start + place * gap * rng.uniform(*_CLOSE) for place in range(size))


def _latest_news(news: dict[str, DraftPost], lang: Language, at: datetime) -> DraftPost | None:
    outage_start = parse_moment(read_script("schedule")["outage"]["from"])
    # A customer needs two minutes to find our post and write below it.
    found = [
        n
        for n in news.values()
        if n.lang == lang and outage_start <= n.at < at - timedelta(minutes=2)
    ]
    return max(found, key=lambda n: n.at, default=None)


def _gender(entry: dict[str, Any]) -> Gender | None:
    return "he" if "he" in entry else "she" if "she" in entry else None
