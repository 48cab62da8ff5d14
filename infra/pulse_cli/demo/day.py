"""The made-up day, put together: the same each time, to the last id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from random import Random
from typing import Any

from pulse_cli.demo import post_format, scripted_posts, talks
from pulse_cli.demo.people import PersonGenerator
from pulse_cli.demo.posts import DraftPost
from pulse_cli.demo.script import TimeRange, XUser, parse_moment, parse_range, read_script
from pulse_cli.demo.support_desk import SupportDesk

_SEED = 20261118
COMPANY = "svyaz"


@dataclass(frozen=True, slots=True)
class DemoDay:
    """The archive of the day, and what its script says that came to pass.

    `mentions` are the posts that speak to the company, an edited one as it first was. `never`
    are the handles of those whom nobody answers by the script's will; `outage` runs from its
    first mention to the first word of ours.
    """

    mentions: tuple[DraftPost, ...]
    posts: list[dict[str, Any]]
    users: list[dict[str, str]]
    companies: list[dict[str, Any]]
    never_answered: frozenset[str]
    outage: TimeRange
    period: TimeRange

    @property
    def people(self) -> int:
        """How many people speak to the company."""
        return len({said.author for said in self.mentions})

    @property
    def shown_late(self) -> int:
        """How many posts X shows later than they were published."""
        return sum("visible_at" in post for post in self.posts)

    def count_mentions(self, start: datetime, end: datetime) -> int:
        """How many mentions were published from `start` on, before `end`."""
        return sum(start <= said.at < end for said in self.mentions)


def make_day() -> DemoDay:
    """Make the day up."""
    rng = Random(_SEED)
    told, cast = read_script("told"), PersonGenerator(rng)
    accounts = {
        key: cast.named_person(one["username"], one["name"], one["id"])
        for key, one in told["accounts"].items()
    }
    published = scripted_posts.make_news(accounts["news"])
    played = scripted_posts.make_scenes(cast, accounts, published)
    customers = [
        *talks.make_ordinary_talks("evening", cast, accounts, rng),
        *talks.make_outage_talks(cast, accounts, published, rng),
        *talks.make_ordinary_talks("day", cast, accounts, rng),
    ]
    said = [
        *published.values(),
        *scripted_posts.make_retweets(cast, published),
        *chain.from_iterable(played.values()),
        *SupportDesk(customers, accounts["help"], rng).run(),
    ]
    said.sort(key=lambda one: one.at)
    post_format.assign_ids(said, rng)
    by_name = {who.username: who for who in cast.people.values()}
    silent = {one["who"]["username"] for one in told["scenes"] if one.get("never")}
    return DemoDay(
        tuple(one for one in said if _is_mention(one, accounts)),
        [post_format.archive_line(one, by_name) for one in said],
        [_user(who) for who in _speakers(said)],
        [{"name": COMPANY, "accounts": [_account(one) for one in told["accounts"].values()]}],
        frozenset(silent),
        TimeRange(parse_moment(told["outage"]["from"]), parse_moment(told["outage"]["first_word"])),
        parse_range(told),
    )


def _is_mention(said: DraftPost, accounts: dict[str, XUser]) -> bool:
    passed_on = said.retweeted is not None or said.previous_version is not None
    named = post_format.mentioned_handles(said.text)
    return (
        not passed_on
        and said.author not in accounts.values()
        and any(account.username in named for account in accounts.values())
    )


def _speakers(said: list[DraftPost]) -> list[XUser]:
    return sorted({one.author for one in said}, key=lambda who: int(who.id))


def _user(who: XUser) -> dict[str, str]:
    return {"id": who.id, "username": who.username, "name": who.name}


def _account(told: dict[str, str]) -> dict[str, str]:
    return {key: told[key] for key in ("id", "username", "role")}
