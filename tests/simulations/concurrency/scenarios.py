"""The scenarios: who works at the same time, what was posted, and what happened before."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulse.conversations.facts import ConversationKey
from tests.simulations.concurrency.clicks import Click
from tests.simulations.concurrency.interleaved_world import Writer, function, poll
from tests.simulations.concurrency.posts import ExpectedPosts
from tests.small_company import HELP, NEWS, one_account_settings, settings

_TWO_LEVELS = [
    {"name": "warning", "after": "15 min", "tell": ["agents"]},
    {"name": "critical", "after": "4 h", "tell": ["vera"]},
]
_SHIFTS = one_account_settings(
    people={"carl": "Carl <carl@acme.example>", "dora": "Dora <dora@acme.example>"},
    groups={
        "agents": [
            {"person": "anna", "hours": "08:00-09:30"},
            {"person": "carl", "hours": "08:00-09:30"},
            {"person": "dora", "hours": "09:30-17:00"},
        ]
    },
    policy={"levels": _TWO_LEVELS},
)
"""Anna and Carl are on duty until minute 30, then Dora."""
_STRICTER = one_account_settings(
    policy={
        "levels": [
            {"name": "warning", "after": "5 min", "tell": ["anna"]},
            {"name": "critical", "after": "1 h", "tell": ["vera"]},
        ]
    }
)
_DIGESTS = one_account_settings(
    digests=[{"period": "shift", "to": ["anna", "vera"], "at": ["09:10", "09:20"]}]
)
_TWO_ACCOUNTS = settings(look_back="0")


def nothing(_: ExpectedPosts) -> None:
    """Nobody posts anything."""


def a_question(posts: ExpectedPosts) -> None:
    """A mention in minute 1, and no reply."""
    posts.mention(1)


def an_answer(posts: ExpectedPosts) -> None:
    """Mentions in minutes 1 and 3, and a reply just before minute 20."""
    first = posts.mention(1)
    posts.mention(3, thread=first)
    posts.reply(19.5, first)


def two_questions(posts: ExpectedPosts) -> None:
    """One customer asks in minute 1, another in minute 2."""
    posts.mention(1)
    posts.mention(2, who="8")


def two_far_apart(posts: ExpectedPosts) -> None:
    """One customer asks in minute 1, another in minute 5."""
    posts.mention(1)
    posts.mention(5, who="8")


def both_again(posts: ExpectedPosts) -> None:
    """One customer asks in minute 1, another in minute 2, and both again just before minute 20."""
    first, second = posts.mention(1), posts.mention(2, who="8")
    posts.mention(19.2, thread=first)
    posts.mention(19.5, who="8", thread=second)


def both_are_named(posts: ExpectedPosts) -> None:
    """One post names both accounts."""
    posts.mention(1, to=(HELP, NEWS))


def both_are_named_again(posts: ExpectedPosts) -> None:
    """A mention in minute 1; in minute 19 one names both accounts, and one of these replies."""
    first = posts.mention(1)
    posts.mention(19, thread=first, to=(HELP, NEWS))
    posts.reply(19.5, first, NEWS)


@dataclass
class Scenario:
    """Writers that work at once; `push` are settings pushed just before.

    All orders of a scenario with `many` of them are tried by `make test-all` only.
    """

    writers: Callable[[list[ConversationKey]], list[Writer]]
    posts: Callable[[ExpectedPosts], None] = a_question
    before: tuple[Writer, ...] = (poll(0), poll(3))
    document: Mapping[str, Any] = field(default_factory=one_account_settings)
    push: Mapping[str, Any] | None = None
    many: bool = False


def _refused(key: ConversationKey, minute: float, who: str = "anna") -> Writer:
    return Writer(Click(key, "refused", who, f"{who}{minute}"), minute)


def _taken(key: ConversationKey, minute: float, who: str = "boris") -> Writer:
    return Writer(Click(key, "mine", who, f"{who}{minute}"), minute)


_FLAGGED = (poll(0), poll(3), function("flag", 17))
_SHIFT_ENDS = (
    poll(0),
    poll(6),
    *(function(name, minute) for minute in (17, 21) for name in ("flag", "send")),
)
LATE = Scenario(lambda _: [function("send", 17), function("send", 21)], before=_FLAGGED)
"""The second runs after the claim of the first, if it had one, has expired."""
SCENARIOS = {
    "an answer is read while the minute is flagged": Scenario(
        lambda _: [poll(20), function("flag", 20)], posts=an_answer
    ),
    "a position is taken while the minute is flagged": Scenario(
        lambda keys: [_refused(keys[0], 20), function("flag", 20)]
    ),
    "a position is taken while the customer asks again": Scenario(
        lambda keys: [_refused(keys[0], 20), poll(20)], posts=both_again
    ),
    "one takes it, another decides": Scenario(
        lambda keys: [_taken(keys[0], 20), _refused(keys[0], 20)]
    ),
    "a task is delivered twice": Scenario(lambda _: [poll(20), poll(20)], posts=both_again),
    "the same post from two accounts": Scenario(
        lambda _: [poll(3, HELP), poll(3, NEWS)],
        posts=both_are_named,
        before=(poll(0, HELP), poll(0, NEWS)),
        document=_TWO_ACCOUNTS,
    ),
    "the minute is flagged twice": Scenario(
        lambda _: [function("flag", 20), function("flag", 20)], posts=two_questions, many=True
    ),
    "the minute is flagged while mail goes out": Scenario(
        lambda _: [function("send", 17), function("flag", 17)],
        posts=two_questions,
        before=(poll(0), poll(3), function("flag", 16)),
    ),
    "mail goes out twice": Scenario(
        lambda _: [function("send", 17), function("send", 17)], before=_FLAGGED
    ),
    "a shift ends while mail goes out twice": Scenario(
        lambda _: [function("send", 31), function("send", 31)],
        posts=two_far_apart,
        before=_SHIFT_ENDS,
        document=_SHIFTS,
        many=True,
    ),
    "digests are written twice": Scenario(
        lambda _: [function("digest", 20), function("digest", 20)],
        posts=nothing,
        before=(function("digest", 1), function("digest", 10), function("send", 10)),
        document=_DIGESTS,
    ),
    "a poll by the old settings while the new ones are taken up": Scenario(
        lambda _: [poll(20, settings="old"), function("flag", 20)],
        posts=both_again,
        before=(poll(0), poll(3), function("flag", 3)),
        push=_STRICTER,
        many=True,
    ),
    "the minute is flagged by the old settings and the new ones": Scenario(
        lambda _: [function("flag", 4, settings="old"), function("flag", 4)],
        posts=two_questions,
        before=(poll(0), poll(3), function("flag", 3)),
        push=_STRICTER,
    ),
    "a poll, a position, and the minute is flagged": Scenario(
        lambda keys: [poll(20), _refused(keys[0], 20), function("flag", 20)],
        posts=an_answer,
        many=True,
    ),
    "two accounts are polled, and the minute is flagged": Scenario(
        lambda _: [poll(20, HELP), poll(20, NEWS), function("flag", 20)],
        posts=both_are_named_again,
        before=(poll(0, HELP), poll(0, NEWS), poll(3, HELP), poll(3, NEWS)),
        document=_TWO_ACCOUNTS,
        many=True,
    ),
    "the minute is flagged twice while mail goes out": Scenario(
        lambda _: [function("flag", 17), function("flag", 17), function("send", 17)],
        posts=two_questions,
        before=(poll(0), poll(3), function("flag", 16)),
        many=True,
    ),
    "mail goes out twice while the minute is flagged": Scenario(
        lambda _: [function("send", 17), function("send", 17), function("flag", 17)],
        posts=two_questions,
        before=(poll(0), poll(3), function("flag", 16)),
        many=True,
    ),
    "mail goes out three times": Scenario(
        lambda _: [function("send", 17), function("send", 17), function("send", 17)],
        before=_FLAGGED,
        many=True,
    ),
    "two positions while the customer asks again": Scenario(
        lambda keys: [_refused(keys[0], 20), _refused(keys[0], 20, "boris"), poll(20)],
        posts=both_again,
        many=True,
    ),
    "a task is delivered twice while the minute is flagged": Scenario(
        lambda _: [poll(20), poll(20), function("flag", 20)], posts=an_answer, many=True
    ),
    "two polls by the old settings while the new ones are taken up": Scenario(
        lambda _: [
            poll(20, HELP, settings="old"),
            poll(20, NEWS, settings="old"),
            function("flag", 20),
        ],
        posts=both_are_named_again,
        before=(poll(0, HELP), poll(0, NEWS), poll(3, HELP), poll(3, NEWS), function("flag", 3)),
        document=_TWO_ACCOUNTS,
        push={
            **_TWO_ACCOUNTS,
            "companies": [
                {**_TWO_ACCOUNTS["companies"][0], "policy": _STRICTER["companies"][0]["policy"]}
            ],
        },
        many=True,
    ),
}
