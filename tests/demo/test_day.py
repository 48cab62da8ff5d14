"""The made-up day is a valid archive, the same each time, and contains what its script says."""

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
    """Each time the day is made from its script, its posts, users and companies are the same."""
    again = make_day()
    assert (again.posts, again.users, again.companies) == (day.posts, day.users, day.companies)


def test_the_simulated_x_accepts_every_line(folder: Path, day: DemoDay) -> None:
    """Nothing of the written archive is quarantined, and no post is in it twice."""
    read = Archive.load(folder)
    assert not read.quarantined
    assert not read.quarantined_users
    assert len(read.posts) == len(day.posts) == len({post["id"] for post in day.posts})
    assert {post.author_id for post in read.posts} <= read.users.keys()


def test_it_is_a_day_of_some_hundred_posts(day: DemoDay) -> None:
    """The day has a few hundred posts in two languages, within 25 to 28 hours."""
    assert 250 <= len(day.posts) <= 400
    assert timedelta(hours=25) < day.period.length < timedelta(hours=28)
    languages = Counter(post["lang"] for post in day.posts)
    assert languages["ru"] > languages["en"] > 40


def test_ids_hold_their_times_and_rise(day: DemoDay) -> None:
    """Ids are made as by X: they are in order, and each contains the second of its post."""
    numbers = [int(post["id"]) for post in day.posts]
    assert numbers == sorted(numbers)
    for post in day.posts:
        assert plain_check.time_in(post["id"]).replace(microsecond=0) == plain_check.time_of(post)
        assert day.period.start <= plain_check.time_of(post) <= day.period.end


def test_replies_fit_what_they_answer(day: DemoDay) -> None:
    """Each reply is later than the post it answers, in the same thread, and to its author."""
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
    """The entities of each post give the place and user of each handle in its text."""
    names = {user["username"]: user["id"] for user in day.users}
    for post in day.posts:
        for one in post.get("entities", {}).get("mentions", ()):
            assert post["text"][one["start"] : one["end"]] == f"@{one['username']}"
            assert names[one["username"]] == one["id"]
    assert len(names) == len(day.users)
    assert all(len(name) <= 15 for name in names)


def test_it_contains_the_difficult_kinds_of_posts(day: DemoDay) -> None:
    """The day has an edit, long posts, HTML entities, a late post, quotes and retweets."""
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


def test_texts_are_complete_and_rarely_repeated(day: DemoDay) -> None:
    """No text has an open placeholder or stray spaces; customers post a text five times at most."""
    texts = [post["text"] for post in day.posts]
    assert not any("{" in text or text.endswith(" ") or "  " in text for text in texts)
    users = {user["id"] for user in day.users} - plain_check.OURS.keys()
    repetitions = Counter(
        post["text"].split(maxsplit=1)[1] for post in day.posts if post["author_id"] in users
    )
    assert max(repetitions.values()) <= 5


def test_the_unanswered_customers_are_those_of_the_script(day: DemoDay) -> None:
    """Exactly the customers whom the script leaves unanswered wait at the end of the day."""
    names = {user["id"]: user["username"] for user in day.users}
    waiting = {
        names[conversation.customer]
        for conversation in plain_check.conversations(day.posts, day.period.end).values()
        if conversation.waiting_since()
    }
    assert waiting == day.never_answered
    assert len(waiting) == 6


def test_the_outage_begins_and_is_answered_when_the_script_says(day: DemoDay) -> None:
    """For 47 minutes the company posts nothing, while at least twenty mentions arrive."""
    start, first_answer = day.outage
    assert first_answer - start == 47 * _MINUTE
    ours = [p for p in day.posts if p["author_id"] in plain_check.OURS]
    our_times = [plain_check.time_of(p) for p in ours]
    assert not [at for at in our_times if start <= at < first_answer]
    assert any(first_answer <= at < first_answer + _MINUTE for at in our_times)
    counts = plain_check.received(day.posts, start, first_answer)
    assert counts["all"] >= 20
    before = plain_check.received(day.posts, start - 47 * _MINUTE, start)
    assert before.get("all", 0) <= 3
    end = parse_moment("Tue 09:38")
    assert day.count_mentions(start, end) == plain_check.received(day.posts, start, end)["all"]


def test_the_morning_digest_will_report_the_outage(day: DemoDay) -> None:
    """The digest's rule finds the outage in the mentions until nine, with its start and count."""
    nine = parse_moment("Tue 09:00")
    surge = detect_surge([mention.at for mention in day.mentions], day.period.start, None, nine)
    assert surge is not None
    assert surge.since.replace(second=0, microsecond=0) == day.outage.start
    assert surge.count == day.count_mentions(day.outage.start, nine)


def test_the_readme_states_the_number_of_posts(day: DemoDay) -> None:
    """The number of posts in the README is that of the day."""
    readme = (TEMPLATE.parent / "README.md").read_text("utf-8")
    assert f"made-up telecom: {len(day.posts)} posts" in readme


def test_the_archive_is_plain_json(folder: Path) -> None:
    """Other programs can read the files: one has a JSON object on each line, one is a JSON list."""
    for line in (folder / "users.ndjson").read_text("utf-8").splitlines():
        assert json.loads(line).keys() == {"id", "username", "name"}
    [company] = json.loads((folder / "companies.json").read_text("utf-8"))
    assert [account["role"] for account in company["accounts"]] == ["support", "official"]
