"""Posts whose times are given to the second: our own news, retweets of it, and scenes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pulse_cli.demo.people import PersonGenerator
from pulse_cli.demo.posts import DraftPost, make_reply
from pulse_cli.demo.script import XUser, parse_moment, read_script


def make_news(us: XUser) -> dict[str, DraftPost]:
    """Return our own posts, by their keys in the script."""
    return {
        entry["key"]: DraftPost(
            us, parse_moment(entry["at"]), entry["text"], _language_of(entry["key"])
        )
        for entry in read_script("schedule")["news"]
    }


def make_retweets(
    people: PersonGenerator, published: Mapping[str, DraftPost]
) -> Iterator[DraftPost]:
    """Yield retweets of our news by other people."""
    for entry in read_script("schedule")["retweets"]:
        of, who = published[entry["of"]], entry["who"]
        text = f"RT @{of.author.username}: {of.text}"
        somebody = people.named_person(who["username"], who["name"])
        yield DraftPost(somebody, parse_moment(entry["at"]), text, of.lang, retweeted=of)


def make_scenes(
    people: PersonGenerator, accounts: Mapping[str, XUser], published: Mapping[str, DraftPost]
) -> dict[str, list[DraftPost]]:
    """Return the posts of each scene, oldest first, by the scene's key in the script."""
    entries = {scene["key"]: scene for scene in read_script("schedule")["scenes"]}
    scenes_by_key: dict[str, list[DraftPost]] = {}
    # A scene that answers another needs its first post, so it comes after all others.
    for key in sorted(entries, key=lambda key: "answers" in entries[key]):
        scene = entries[key]
        first_post = scenes_by_key[scene["answers"]][0] if "answers" in scene else None
        scenes_by_key[key] = list(_make_scene(scene, people, accounts, published, first_post))
    return scenes_by_key


def _make_scene(
    scene: Mapping[str, Any],
    people: PersonGenerator,
    accounts: Mapping[str, XUser],
    published: Mapping[str, DraftPost],
    first_post: DraftPost | None,
) -> Iterator[DraftPost]:
    customer = people.named_person(scene["who"]["username"], scene["who"]["name"])
    lang, last = scene["who"]["lang"], first_post
    to = accounts[scene["to"]]
    for entry in scene["posts"]:
        at, text = parse_moment(entry["at"]), entry["text"]
        if entry.get("by"):
            draft = make_reply(accounts[entry["by"]], at, text, lang, _require_post(last))
        else:
            handle = last.author if last and last.author in accounts.values() else to
            addressed = text if f"@{to.username}" in text else f"@{handle.username} {text}"
            draft = DraftPost(customer, at, addressed, lang, in_reply_to=last)
            draft.visible_at = parse_moment(entry["visible"]) if "visible" in entry else None
            draft.quoted = published[scene["quote"]] if "quote" in scene and last is None else None
        yield (last := draft)
        if "edited" in entry:
            edit = entry["edited"]
            text = f"@{to.username} {edit['text']}"
            yield (
                last := DraftPost(
                    customer, parse_moment(edit["at"]), text, lang, previous_version=draft
                )
            )


def _require_post(draft: DraftPost | None) -> DraftPost:
    if draft is None:
        raise ValueError("a scene begins with a customer")
    return draft


def _language_of(key: str) -> str:
    return "en" if key.endswith("_en") else "ru"
