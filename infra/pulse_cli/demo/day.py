"""Makes the made-up day: the same each time, down to the ids."""

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
    """The archive of the day, and facts about it that the script states.

    `mentions` are the posts that mention the company, each edited one in its first version.
    `never_answered` are the handles of customers whom the script leaves without an answer.
    `outage` runs from its first mention to our first reply, `period` over the whole day.
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
        """How many people mention the company."""
        return len({draft.author for draft in self.mentions})

    @property
    def shown_late(self) -> int:
        """How many posts X shows later than they are published."""
        return sum("visible_at" in post for post in self.posts)

    def count_mentions(self, start: datetime, end: datetime) -> int:
        """Return how many mentions were published from `start` on, before `end`."""
        return sum(start <= draft.at < end for draft in self.mentions)


def make_day() -> DemoDay:
    """Return the day, the same at each call."""
    rng = Random(_SEED)
    script, people = read_script("schedule"), PersonGenerator(rng)
    accounts = {
        key: people.named_person(one["username"], one["name"], one["id"])
        for key, one in script["accounts"].items()
    }
    published = scripted_posts.make_news(accounts["news"])
    scenes = scripted_posts.make_scenes(people, accounts, published)
    customers = [
        *talks.make_ordinary_talks("evening", people, accounts, rng),
        *talks.make_outage_talks(people, accounts, published, rng),
        *talks.make_ordinary_talks("day", people, accounts, rng),
    ]
    drafts = [
        *published.values(),
        *scripted_posts.make_retweets(people, published),
        *chain.from_iterable(scenes.values()),
        *SupportDesk(customers, accounts["help"], rng).run(),
    ]
    drafts.sort(key=lambda one: one.at)
    post_format.assign_ids(drafts, rng)
    by_name = {who.username: who for who in people.people.values()}
    silent = {one["who"]["username"] for one in script["scenes"] if one.get("never")}
    return DemoDay(
        tuple(one for one in drafts if _is_mention(one, accounts)),
        [post_format.archive_line(one, by_name) for one in drafts],
        [_user(who) for who in _speakers(drafts)],
        [{"name": COMPANY, "accounts": [_account(one) for one in script["accounts"].values()]}],
        frozenset(silent),
        TimeRange(
            parse_moment(script["outage"]["from"]), parse_moment(script["outage"]["first_word"])
        ),
        parse_range(script),
    )


def _is_mention(draft: DraftPost, accounts: dict[str, XUser]) -> bool:
    is_repeated = draft.retweeted is not None or draft.previous_version is not None
    named = post_format.mentioned_handles(draft.text)
    return (
        not is_repeated
        and draft.author not in accounts.values()
        and any(account.username in named for account in accounts.values())
    )


def _speakers(drafts: list[DraftPost]) -> list[XUser]:
    return sorted({one.author for one in drafts}, key=lambda who: int(who.id))


def _user(who: XUser) -> dict[str, str]:
    return {"id": who.id, "username": who.username, "name": who.name}


def _account(script: dict[str, str]) -> dict[str, str]:
    return {key: script[key] for key in ("id", "username", "role")}
