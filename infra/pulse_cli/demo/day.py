"""The made-up day, put together: the same each time, to the last id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from random import Random
from typing import Any

from pulse_cli.demo import post_format, scripted_posts, talks
from pulse_cli.demo.people import Cast
from pulse_cli.demo.posts import Said
from pulse_cli.demo.script import Stretch, Who, moment, read, stretch
from pulse_cli.demo.support_desk import Desk

_SEED = 20261118
COMPANY = "svyaz"


@dataclass(frozen=True, slots=True)
class Day:
    """The archive of the day, and what its script says that came to pass.

    `mentions` are the posts that speak to the company, an edited one as it first was. `never`
    are the handles of those whom nobody answers by the script's will; `outage` runs from its
    first mention to the first word of ours.
    """

    mentions: tuple[Said, ...]
    posts: list[dict[str, Any]]
    users: list[dict[str, str]]
    companies: list[dict[str, Any]]
    never: frozenset[str]
    outage: Stretch
    whole: Stretch

    @property
    def people(self) -> int:
        """How many people speak to the company."""
        return len({said.who for said in self.mentions})

    @property
    def shown_late(self) -> int:
        """How many posts X shows later than they were published."""
        return sum("visible_at" in post for post in self.posts)

    def spoken(self, start: datetime, end: datetime) -> int:
        """How many mentions were published from `start` on, before `end`."""
        return sum(start <= said.at < end for said in self.mentions)


def made_up() -> Day:
    """Make the day up."""
    rng = Random(_SEED)
    told, cast = read("told"), Cast(rng)
    accounts = {
        key: cast.called(one["username"], one["name"], one["id"])
        for key, one in told["accounts"].items()
    }
    published = scripted_posts.news(accounts["news"])
    played = scripted_posts.scenes(cast, accounts, published)
    customers = [
        *talks.ordinary("evening", cast, accounts, rng),
        *talks.outage(cast, accounts, published, rng),
        *talks.ordinary("day", cast, accounts, rng),
    ]
    said = [
        *published.values(),
        *scripted_posts.retweets(cast, published),
        *chain.from_iterable(played.values()),
        *Desk(customers, accounts["help"], rng).run(),
    ]
    said.sort(key=lambda one: one.at)
    post_format.number(said, rng)
    by_name = {who.username: who for who in cast.people.values()}
    silent = {one["who"]["username"] for one in told["scenes"] if one.get("never")}
    return Day(
        tuple(one for one in said if _is_mention(one, accounts)),
        [post_format.post(one, by_name) for one in said],
        [_user(who) for who in _speakers(said)],
        [{"name": COMPANY, "accounts": [_account(one) for one in told["accounts"].values()]}],
        frozenset(silent),
        Stretch(moment(told["outage"]["from"]), moment(told["outage"]["first_word"])),
        stretch(told),
    )


def _is_mention(said: Said, accounts: dict[str, Who]) -> bool:
    passed_on = said.retweets is not None or said.edits is not None
    named = post_format.handles(said.text)
    return (
        not passed_on
        and said.who not in accounts.values()
        and any(account.username in named for account in accounts.values())
    )


def _speakers(said: list[Said]) -> list[Who]:
    return sorted({one.who for one in said}, key=lambda who: int(who.id))


def _user(who: Who) -> dict[str, str]:
    return {"id": who.id, "username": who.username, "name": who.name}


def _account(told: dict[str, str]) -> dict[str, str]:
    return {key: told[key] for key in ("id", "username", "role")}
