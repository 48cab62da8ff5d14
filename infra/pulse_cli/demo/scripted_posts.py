"""What the script tells to the second: our own news, passed on by others, and the scenes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pulse_cli.demo.people import Cast
from pulse_cli.demo.posts import Said, reply
from pulse_cli.demo.script import Who, moment, read


def news(us: Who) -> dict[str, Said]:
    """Our own posts, by key."""
    return {
        told["key"]: Said(us, moment(told["at"]), told["text"], _spoken(told["key"]))
        for told in read("told")["news"]
    }


def retweets(cast: Cast, published: Mapping[str, Said]) -> Iterator[Said]:
    """Our news, passed on by others."""
    for told in read("told")["retweets"]:
        of, who = published[told["of"]], told["who"]
        text = f"RT @{of.who.username}: {of.text}"
        somebody = cast.called(who["username"], who["name"])
        yield Said(somebody, moment(told["at"]), text, of.lang, retweets=of)


def scenes(
    cast: Cast, accounts: Mapping[str, Who], published: Mapping[str, Said]
) -> dict[str, list[Said]]:
    """The scenes by key: their posts, oldest first."""
    told = {scene["key"]: scene for scene in read("told")["scenes"]}
    played: dict[str, list[Said]] = {}
    for key in sorted(told, key=lambda key: "answers" in told[key]):
        scene = told[key]
        begun = played[scene["answers"]][0] if "answers" in scene else None
        played[key] = list(_play(scene, cast, accounts, published, begun))
    return played


def _play(
    scene: Mapping[str, Any],
    cast: Cast,
    accounts: Mapping[str, Who],
    published: Mapping[str, Said],
    begun: Said | None,
) -> Iterator[Said]:
    customer = cast.called(scene["who"]["username"], scene["who"]["name"])
    lang, last = scene["who"]["lang"], begun
    to = accounts[scene["to"]]
    for told in scene["posts"]:
        at, text = moment(told["at"]), told["text"]
        if told.get("by"):
            said = reply(accounts[told["by"]], at, text, lang, _there(last))
        else:
            handle = last.who if last and last.who in accounts.values() else to
            addressed = text if f"@{to.username}" in text else f"@{handle.username} {text}"
            said = Said(customer, at, addressed, lang, answers=last)
            said.visible = moment(told["visible"]) if "visible" in told else None
            said.quotes = published[scene["quote"]] if "quote" in scene and last is None else None
        yield (last := said)
        if "edited" in told:
            edit = told["edited"]
            text = f"@{to.username} {edit['text']}"
            yield (last := Said(customer, moment(edit["at"]), text, lang, edits=said))


def _there(said: Said | None) -> Said:
    if said is None:
        raise ValueError("a scene begins with a customer")
    return said


def _spoken(key: str) -> str:
    return "en" if key.endswith("_en") else "ru"
