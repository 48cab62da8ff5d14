"""Two and three functions at once, in every order of their calls that can make a difference."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pulse.domain.facts import Key
from tests.jobs.town import HELP, NEWS, alone, settings
from tests.tiers import WHOLE

from .orders import drawn_orders, every_order
from .people import Click
from .reckoning import wrong
from .said import Said
from .stage import Stage, Writer, function, poll

SHIFTS = alone(
    people={"carl": "Carl <carl@acme.example>", "dora": "Dora <dora@acme.example>"},
    groups={
        "agents": [
            {"person": "anna", "hours": "08:00-09:30"},
            {"person": "carl", "hours": "08:00-09:30"},
            {"person": "dora", "hours": "09:30-17:00"},
        ]
    },
    policy={
        "levels": [
            {"name": "warning", "after": "15 min", "tell": ["agents"]},
            {"name": "critical", "after": "4 h", "tell": ["vera"]},
        ]
    },
)
"""Anna and Carl are on duty until minute 30, then Dora."""
STRICTER = alone(
    policy={
        "levels": [
            {"name": "warning", "after": "5 min", "tell": ["anna"]},
            {"name": "critical", "after": "1 h", "tell": ["vera"]},
        ]
    }
)
DIGESTS = alone(digests=[{"period": "shift", "to": ["anna", "vera"], "at": ["09:10", "09:20"]}])


def a_mention(said: Said) -> None:
    """Asked at 1; then all is still."""
    said.mention(1)


def an_answer(said: Said) -> None:
    """Asked at 1 and 3, answered just before the twentieth minute."""
    first = said.mention(1)
    said.mention(3, thread=first)
    said.reply(19.5, first)


def two_ask(said: Said) -> None:
    """One asks at 1, another at 2."""
    said.mention(1)
    said.mention(2, who="8")


def two_ask_again(said: Said) -> None:
    """One asks at 1, another at 2, and both again just before the twentieth minute."""
    first, second = said.mention(1), said.mention(2, who="8")
    said.mention(19.2, thread=first)
    said.mention(19.5, who="8", thread=second)


def both_are_named(said: Said) -> None:
    """One post names both accounts."""
    said.mention(1, to=(HELP, NEWS))


@dataclass
class Scene:
    """What is said, what has happened before, and who goes to work at once."""

    writers: Callable[[list[Key]], list[Writer]]
    said: Callable[[Said], None] = a_mention
    before: tuple[Writer, ...] = (poll(0), poll(3))
    document: Mapping[str, Any] = field(default_factory=alone)
    push: Mapping[str, Any] | None = None


def refused(key: Key, minute: float, who: str = "anna") -> Writer:
    return Writer(Click(key, "refused", who, f"{who}{minute}"), minute)


def taken(key: Key, minute: float, who: str = "boris") -> Writer:
    return Writer(Click(key, "mine", who, f"{who}{minute}"), minute)


FLAGGED = (poll(0), poll(3), function("flag", 17))
SCENES: dict[str, Scene] = {
    "an answer is read while the minute is flagged": Scene(
        lambda _: [poll(20), function("flag", 20)], said=an_answer
    ),
    "a click while the minute is flagged": Scene(
        lambda keys: [refused(keys[0], 20), function("flag", 20)]
    ),
    "a task is delivered twice": Scene(lambda _: [poll(20), poll(20)], said=two_ask_again),
    "the same post from two accounts": Scene(
        lambda _: [poll(3, HELP), poll(3, NEWS)],
        said=both_are_named,
        before=(poll(0, HELP), poll(0, NEWS)),
        document=settings(look_back="0"),
    ),
    "the minute is flagged twice": Scene(
        lambda _: [function("flag", 20), function("flag", 20)], said=two_ask
    ),
    "the minute is flagged while mail goes out": Scene(
        lambda _: [function("send", 17), function("flag", 17)],
        said=two_ask,
        before=(poll(0), poll(3), function("flag", 16)),
    ),
    "digests are written twice": Scene(
        lambda _: [function("digest", 20), function("digest", 20)],
        before=(function("digest", 1), function("digest", 10), function("send", 10)),
        said=lambda _: None,
        document=DIGESTS,
    ),
    "a shift ends while mail goes out twice": Scene(
        lambda _: [function("send", 31), function("send", 31)],
        said=lambda said: [said.mention(1), said.mention(5, who="8")] and None,
        before=(poll(0), poll(6), *(function(f, m) for m in (17, 21) for f in ("flag", "send"))),
        document=SHIFTS,
    ),
    "a poll by the old settings while the new ones are taken up": Scene(
        lambda _: [poll(4, settings="old"), function("flag", 4)],
        said=lambda said: [said.mention(1), said.mention(3.5, who="8")] and None,
        before=(poll(0), poll(2), function("flag", 2)),
        push=STRICTER,
    ),
    "the minute is flagged by the old settings and the new ones": Scene(
        lambda _: [function("flag", 4, settings="old"), function("flag", 4)],
        said=two_ask,
        before=(poll(0), poll(2), function("flag", 2)),
        push=STRICTER,
    ),
    "mail goes out twice": Scene(
        lambda _: [function("send", 17), function("send", 17)], before=FLAGGED
    ),
}


@pytest.fixture
def play(tmp_path: Path) -> Any:
    """Play a scene in every order; how many there were."""

    def run(scene: Scene, most: int | None = None) -> int:
        said = Said()
        scene.said(said)
        with Stage(tmp_path, said, scene.document) as stage:
            stage.arrange(*scene.before)
            writers = scene.writers(list(said.facts))

            def start() -> Any:
                return stage.begin(*writers, push=scene.push)

            count = 0
            bad = []
            for _ in every_order(start) if most is None else drawn_orders(start, most):
                last = max(w.minute for w in writers)
                after = [("flag", 1), ("flag", 2), ("send", 5), ("send", 40)]
                stage.perform(*(function(name, last + minute) for name, minute in after))
                count += 1
                if w := wrong(stage.evidence()):
                    bad.append(w)
            print(count, len(bad), bad[:1])
            assert not bad
            return count

    return run


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_in_every_order(scene: Scene, play: Any) -> None:
    """Given functions at work at once, when in whatever order, then nothing is lost or doubled."""
    count = play(scene)
    print(count)
    assert count > 1
