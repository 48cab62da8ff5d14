"""The posts and settings of a crowded day, and the facts expected of the posts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

from pulse.conversations.facts import ConversationKey, Fact, Mention, Reply
from tests.small_company import HELP, NEWS, Posts, at, settings

_BEGAN = ("7", "7", "8", "9")
"""Who began each conversation; a second customer joins the last."""
_JOINS = "10"
_HALF, _LATE, _ANSWERED = 0.5, 0.1, 0.2
_SHIFT = 20
"""Minutes after which other people are on duty."""


@dataclass
class ExpectedPosts:
    """The posts as X serves them, and the facts expected of them by conversation."""

    posts: Posts = field(default_factory=Posts)
    facts: dict[ConversationKey, list[Fact]] = field(default_factory=dict)

    def mention(
        self, minute: float, who: str = "7", to: Sequence[str] = (HELP,), **more: Any
    ) -> str:
        """A customer mentions us; see `Posts.mention`."""
        made = self.posts.mention(minute, who, to, **more)
        key = ConversationKey("acme", more.get("thread", made), who)
        fact = Mention(made, made, at(minute), "", frozenset(to))
        self.facts.setdefault(key, []).append(fact)
        return made

    def reply(self, minute: float, to: str, account: str = HELP, **more: Any) -> str:
        """We reply to a mention."""
        made = self.posts.reply(minute, to, account, **more)
        [facts] = [f for f in self.facts.values() if any(x.token == f"m{to}" for x in f)]
        facts.append(Reply(made, made, at(minute), "", account))
        return made

    @property
    def last_seen(self) -> float:
        """The minute from which X shows all posts."""
        moments = [
            datetime.fromisoformat(p.get("visible_at", p["created_at"])) for p in self.posts.lines
        ]
        return (max(moments) - at(0)) / timedelta(minutes=1)


def crowded_posts(minutes: int, seed: int) -> ExpectedPosts:
    """Several posts a minute in four conversations; some name both accounts or are shown late."""
    random, expected = Random(seed), ExpectedPosts()
    conversations: dict[int, str] = {}
    last_mentions: dict[tuple[int, str], str] = {}
    for minute in range(minutes):
        for second in sorted(random.sample(range(1, 59), random.randint(2, 6))):
            place = random.randrange(len(_BEGAN))
            joins = place in conversations and place == len(_BEGAN) - 1 and random.random() < _HALF
            who = _JOINS if joins else _BEGAN[place]
            moment = minute + second / 60
            more: dict[str, Any] = {}
            if random.random() < _LATE:
                more["seen"] = moment + random.randint(1, 4)
            if (place, who) in last_mentions and random.random() < _ANSWERED:
                expected.reply(
                    moment, last_mentions[place, who], random.choice([HELP, NEWS]), **more
                )
                continue
            if place in conversations:
                more["thread"] = conversations[place]
            to = random.choice([(HELP,), (NEWS,), (HELP, NEWS)])
            last_mentions[place, who] = expected.mention(moment, who, to, **more)
            conversations.setdefault(place, last_mentions[place, who])
    return expected


def crowded_settings(*, quick: bool = False) -> dict[str, Any]:
    """Settings under which much falls due in an hour; `quick` are those pushed halfway."""
    levels = [
        {"name": "warning", "after": "1 min" if quick else "2 min", "tell": ["agents"]},
        {"name": "breach", "after": "3 min" if quick else "5 min", "tell": ["boris"]},
        {"name": "critical", "after": "9 min", "tell": ["vera"]},
    ]
    policy = {"alert_window": "4 min", "critical_window": "2 min", "repeat_every": "10 min"}
    names = ("anna", "carl", "dora", "emil")
    hours = [f"{9 + start // 60:02}:{start % 60:02}" for start in range(0, 240, _SHIFT)]
    shifts = [
        {"person": person, "hours": f"{start}-{end}"}
        for place, (start, end) in enumerate(pairwise(hours))
        for person in (names[:2] if place % 2 == 0 else names[2:])
    ]
    return settings(
        look_back="0",
        people={key: f"{key.capitalize()} <{key}@acme.example>" for key in names},
        groups={"agents": shifts},
        policy={"levels": levels, **policy},
        digests=[{"period": "shift", "to": ["boris", "vera"], "at": hours[1:]}],
    )
