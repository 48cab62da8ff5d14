"""The made-up day is an archive like any other, the same each time, and holds what it tells."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from pulse.incidents.surge import detect_surge
from pulse_cli.demo import DemoDay, archive, make_day
from pulse_cli.demo.script import parse_moment
from pulse_cli.simulated_x import Archive
from pulse_cli.template import TEMPLATE
from tests.demo import plain_check

_MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def folder(day: DemoDay, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("archive")
    archive.write_archive(day, place)
    return place


def test_it_is_the_same_each_time(day: DemoDay) -> None:
    """Given the script, when it is put together again, then every post is the same."""
    again = make_day()
    assert (again.posts, again.users, again.companies) == (day.posts, day.users, day.companies)


def test_the_simulated_x_takes_every_line(folder: Path, day: DemoDay) -> None:
    """Given the archive as written, then nothing in it is put aside, nothing is there twice."""
    read = Archive.load(folder)
    assert not read.quarantined
    assert not read.quarantined_users
    assert len(read.posts) == len(day.posts) == len({post["id"] for post in day.posts})
    assert {post.author_id for post in read.posts} <= read.users.keys()


def test_it_is_a_day_of_some_hundred_posts(day: DemoDay) -> None:
    """Given the day, then it is neither too much to watch nor too little to believe."""
    assert 250 <= len(day.posts) <= 400
    assert timedelta(hours=25) < day.period.length < timedelta(hours=28)
    languages = Counter(post["lang"] for post in day.posts)
    assert languages["ru"] > languages["en"] > 40


def test_ids_hold_their_times_and_rise(day: DemoDay) -> None:
    """Given ids as X makes them, then each holds the second of its post, in order."""
    numbers = [int(post["id"]) for post in day.posts]
    assert numbers == sorted(numbers)
    for post in day.posts:
        assert plain_check.time_in(post["id"]).replace(microsecond=0) == plain_check.time_of(post)
        assert day.period.start <= plain_check.time_of(post) <= day.period.end


def test_replies_fit_what_they_answer(day: DemoDay) -> None:
    """Given a reply, then it is later than its post, in the same thread, to its author."""
    by_id = {post["id"]: post for post in day.posts}
    replies = 0
    for post in day.posts:
        for reference in post.get("referenced_tweets", ()):
            other = by_id[reference["id"]]
            assert int(other["id"]) < int(post["id"])
            if reference["type"] == "replied_to":
                replies += 1
                assert post["in_reply_to_user_id"] == other["author_id"]
                assert post["conversation_id"] == other["conversation_id"]
    assert replies > 150


def test_handles_stand_where_the_entities_say(day: DemoDay) -> None:
    """Given a post, then each handle in it is one of somebody in the archive."""
    names = {user["username"]: user["id"] for user in day.users}
    for post in day.posts:
        for one in post.get("entities", {}).get("mentions", ()):
            assert post["text"][one["start"] : one["end"]] == f"@{one['username']}"
            assert names[one["username"]] == one["id"]
    assert len(names) == len(day.users)
    assert all(len(name) <= 15 for name in names)


def test_it_holds_what_x_makes_hard(day: DemoDay) -> None:
    """Given the day, then an edit, a long post, entities, a late one and a retweet are in it."""
    kinds = {r["type"] for post in day.posts for r in post.get("referenced_tweets", ())}
    assert kinds == {"replied_to", "quoted", "retweeted"}
    [edited] = [post for post in day.posts if len(post["edit_history_tweet_ids"]) > 1]
    assert edited["edit_history_tweet_ids"][1] == edited["id"] != edited["conversation_id"]
    long = [post for post in day.posts if "note_tweet" in post]
    assert long
    assert all(len(p["text"]) <= 290 < len(p["note_tweet"]["text"]) for p in long)
    assert any("&amp;" in post["text"] for post in day.posts)
    assert any("&lt;" in post["text"] for post in day.posts)
    assert day.shown_late == 1


def test_nobody_says_what_is_not_theirs_to_say(day: DemoDay) -> None:
    """Given the texts, then none is empty or left unfilled, and few people say the same."""
    texts = [post["text"] for post in day.posts]
    assert not any("{" in text or text.endswith(" ") or "  " in text for text in texts)
    users = {user["id"] for user in day.users} - plain_check.OURS.keys()
    said = Counter(
        post["text"].split(maxsplit=1)[1] for post in day.posts if post["author_id"] in users
    )
    assert max(said.values()) <= 5


def test_those_whom_nobody_answers_are_those_of_the_script(day: DemoDay) -> None:
    """Given the whole day, then exactly those wait at its end who are to wait."""
    names = {user["id"]: user["username"] for user in day.users}
    waiting = {
        names[talk.customer]
        for talk in plain_check.conversations(day.posts, day.period.end).values()
        if talk.waiting_since()
    }
    assert waiting == day.never_answered
    assert len(waiting) == 6


def test_the_outage_begins_and_is_met_when_the_script_says(day: DemoDay) -> None:
    """Given the night, then nobody of ours says a word for 47 minutes, while many speak."""
    start, word = day.outage
    assert word - start == 47 * _MINUTE
    ours = [p for p in day.posts if p["author_id"] in plain_check.OURS]
    said = [plain_check.time_of(p) for p in ours]
    assert not [at for at in said if start <= at < word]
    assert any(word <= at < word + _MINUTE for at in said)
    counts = plain_check.received(day.posts, start, word)
    assert counts["all"] >= 20
    before = plain_check.received(day.posts, start - 47 * _MINUTE, start)
    assert before.get("all", 0) <= 3
    over = parse_moment("Tue 09:38")
    assert day.count_mentions(start, over) == plain_check.received(day.posts, start, over)["all"]


def test_the_morning_digest_will_tell_of_the_outage(day: DemoDay) -> None:
    """Given the mentions until nine, then by the digest's rule it began when it did."""
    nine = parse_moment("Tue 09:00")
    told = detect_surge([said.at for said in day.mentions], day.period.start, None, nine)
    assert told is not None
    assert told.since.replace(second=0, microsecond=0) == day.outage.start
    assert told.count == day.count_mentions(day.outage.start, nine)


def test_the_readme_tells_of_this_day(day: DemoDay) -> None:
    """Given the README, then the number of posts in it is that of the day."""
    readme = (TEMPLATE.parent / "README.md").read_text("utf-8")
    assert f"made-up telecom: {len(day.posts)} posts" in readme


def test_the_archive_is_plain_json(folder: Path) -> None:
    """Given another program, then it can read the files: a JSON value a line, and a list."""
    for line in (folder / "users.ndjson").read_text("utf-8").splitlines():
        assert json.loads(line).keys() == {"id", "username", "name"}
    [company] = json.loads((folder / "companies.json").read_text("utf-8"))
    assert [account["role"] for account in company["accounts"]] == ["support", "official"]
