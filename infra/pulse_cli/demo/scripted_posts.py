"""What the script tells to the second: our own news, passed on by others, and the scenes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pulse_cli.demo.people import PersonGenerator
from pulse_cli.demo.posts import DraftPost, make_reply
from pulse_cli.demo.script import XUser, parse_moment, read_script


def make_news(us: XUser) -> dict[str, DraftPost]:
    """Our own posts, by key."""
    return {
        told["key"]: DraftPost(
            us, parse_moment(told["at"]), told["text"], _language_of(told["key"])
        )
        for told in read_script("told")["news"]
    }


def make_retweets(cast: PersonGenerator, published: Mapping[str, DraftPost]) -> Iterator[DraftPost]:
    """Our news, passed on by others."""
    for told in read_script("told")["retweets"]:
        of, who = published[told["of"]], told["who"]
        text = f"RT @{of.author.username}: {of.text}"
        somebody = cast.named_person(who["username"], who["name"])
        yield DraftPost(somebody, parse_moment(told["at"]), text, of.lang, retweeted=of)


def make_scenes(
    cast: PersonGenerator, accounts: Mapping[str, XUser], published: Mapping[str, DraftPost]
) -> dict[str, list[DraftPost]]:
    """The scenes by key: their posts, oldest first."""
    told = {scene["key"]: scene for scene in read_script("told")["scenes"]}
    played: dict[str, list[DraftPost]] = {}
    for key in sorted(told, key=lambda key: "answers" in told[key]):
        scene = told[key]
        begun = played[scene["answers"]][0] if "answers" in scene else None
        played[key] = list(_make_scene(scene, cast, accounts, published, begun))
    return played


def _make_scene(
    scene: Mapping[str, Any],
    cast: PersonGenerator,
    accounts: Mapping[str, XUser],
    published: Mapping[str, DraftPost],
    begun: DraftPost | None,
) -> Iterator[DraftPost]:
    customer = cast.named_person(scene["who"]["username"], scene["who"]["name"])
    lang, last = scene["who"]["lang"], begun
    to = accounts[scene["to"]]
    for told in scene["posts"]:
        at, text = parse_moment(told["at"]), told["text"]
        if told.get("by"):
            said = make_reply(accounts[told["by"]], at, text, lang, _require_post(last))
        else:
            handle = last.author if last and last.author in accounts.values() else to
            addressed = text if f"@{to.username}" in text else f"@{handle.username} {text}"
            said = DraftPost(customer, at, addressed, lang, in_reply_to=last)
            said.visible_at = parse_moment(told["visible"]) if "visible" in told else None
            said.quoted = published[scene["quote"]] if "quote" in scene and last is None else None
        yield (last := said)
        if "edited" in told:
            edit = told["edited"]
            text = f"@{to.username} {edit['text']}"
            yield (
                last := DraftPost(
                    customer, parse_moment(edit["at"]), text, lang, previous_version=said
                )
            )


def _require_post(said: DraftPost | None) -> DraftPost:
    if said is None:
        raise ValueError("a scene begins with a customer")
    return said


def _language_of(key: str) -> str:
    return "en" if key.endswith("_en") else "ru"
