"""The contract of `pulse replay`: its files, its time range, and bad input."""

import email
import json
from collections.abc import Callable, Iterable
from datetime import timedelta
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from pulse.settings.reader import SettingsError
from pulse_cli.errors import CommandError
from pulse_cli.main import pulse
from tests.small_company import NEWS, Posts, at, settings

Run = Callable[..., dict[str, Any]]


class Replayed(dict[str, Any]):
    """What a replay wrote: `state`, `run` and `mails` by name; and what it printed."""

    output: str


@pytest.fixture
def posts() -> Posts:
    return Posts()


@pytest.fixture
def replay(tmp_path: Path, posts: Posts) -> Callable[..., Replayed]:
    """Run the command over the posts."""

    def run(*options: str, faults: Iterable[Any] = ()) -> Replayed:
        posts.archive(tmp_path / "archive", faults)
        out = tmp_path / "out"
        result = run_command(tmp_path, *options)
        assert result.exit_code == 0, result.output
        found = Replayed(
            state=json.loads((out / "state.json").read_text()),
            run=json.loads((out / "run.json").read_text()),
            mails={f.name: f.read_bytes() for f in sorted((out / "mail").iterdir())},
        )
        found.output = result.output
        return found

    return run


def run_command(folder: Path, *options: str) -> Result:
    """Run `pulse replay`; an error that a person can fix is raised as it is."""
    arguments = ["replay", str(folder / "archive"), *options, "--out", str(folder / "out")]
    result = CliRunner().invoke(pulse, arguments)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def iso(minute: float) -> str:
    return at(minute).isoformat()


def test_state_json(posts: Posts, replay: Run) -> None:
    """`state.json` has a row of this shape for each conversation, sorted by first mention."""
    late = posts.mention(1, "9", seen=70)
    first = posts.mention(2, "7")
    posts.mention(4, "7", thread=first)
    posts.edit(8, first, "@acme_help I mean something else")
    second = posts.mention(3, "8", to=[NEWS])
    posts.reply(20, second)
    posts.news(5)
    found = replay("--until", iso(75))
    assert list(found["state"]) == ["acme"]
    rows = found["state"]["acme"]
    assert rows[1] == {
        "conversation_id": first,
        "author_id": "7",
        "first_mention_id": first,
        "mentions": 2,
        "status": "open",
        "waiting_since": iso(2),
        "first_response_seconds": None,
        "level": "breach",
        "flagged": [
            {"level": "warning", "due_at": iso(17), "flagged_at": iso(17)},
            {"level": "breach", "due_at": iso(62), "flagged_at": iso(62)},
        ],
    }
    assert rows[2] == {
        "conversation_id": second,
        "author_id": "8",
        "first_mention_id": second,
        "mentions": 1,
        "status": "answered",
        "waiting_since": None,
        "first_response_seconds": 17 * 60,
        "level": None,
        "flagged": [{"level": "warning", "due_at": iso(18), "flagged_at": iso(18)}],
    }
    shown = at(75).isoformat()
    assert rows[0]["conversation_id"] == late
    assert rows[0]["flagged"] == [
        {"level": "warning", "due_at": iso(16), "flagged_at": shown},
        {"level": "breach", "due_at": iso(61), "flagged_at": shown},
    ]
    assert [list(row) for row in rows] == [list(rows[0])] * 3


def test_run_json(posts: Posts, replay: Run) -> None:
    """`run.json` states what the run took, and its figures add up."""
    mention = posts.mention(1.5)
    posts.reply(9.25, mention)
    posts.mention(11.5, "8", seen=31)
    run = replay()["run"]
    expected = {
        "polls", "failed_invocations", "x_requests", "posts_served", "distinct_posts",
        "rereads_within_day", "rereads_across_days", "dynamodb_calls", "messages_sent",
        "capture_latency_seconds", "flag_lateness_max_seconds", "wall_seconds",
    }  # fmt: skip
    assert expected <= run.keys()
    assert run["failed_invocations"] == 0
    assert run["distinct_posts"] == 3
    assert run["posts_served"] - run["rereads_within_day"] == 3
    assert run["x_requests"] >= run["polls"]
    assert run["dynamodb_calls"]["TransactWriteItems"] > 0
    latency = run["capture_latency_seconds"]
    assert latency["from_visible_at"]["p50"] <= latency["from_visible_at"]["max"] <= 15 * 60
    assert latency["from_publishing"]["max"] >= 19 * 60
    assert 0 <= run["flag_lateness_max_seconds"] <= 60
    assert run["wall_seconds"] > 0


def test_mails_sort_by_time_and_are_whole(posts: Posts, replay: Run) -> None:
    """All mails of a wait through all levels are complete files whose names sort by time."""
    posts.mention(0)
    mails = replay("--until", iso(245))["mails"]
    assert all(name.endswith(".eml") for name in mails)
    read = [email.message_from_bytes(raw, policy=default) for raw in mails.values()]
    dates = [message["Date"].datetime for message in read]
    assert dates == sorted(dates)
    alerts = [m for m in read if m["Date"].datetime < at(245)]
    assert [m["To"].partition("@")[0] for m in alerts] == ["agents", "manager", "head"]
    assert {m["To"].partition("@")[0] for m in read[3:]} == {"agents", "manager", "head"}
    assert all(m.get_body(("html",)) and m.get_body(("plain",)) for m in read)


@pytest.mark.parametrize(
    ("until", "seen", "answered"),
    [(10, 1, 0), (9.99, 0, 0), (10.5, 2, 0), (11, 2, 0), (20, 2, 1), (19.99, 2, 0)],
)
def test_until_is_inclusive(
    posts: Posts, replay: Run, until: float, seen: int, answered: int
) -> None:
    """Posts published at the end are included, even if the end is not a whole minute."""
    posts.news(0)
    first = posts.mention(10, "7")
    posts.mention(10.5, "8")
    posts.reply(20, first)
    rows = replay("--until", iso(until))["state"]["acme"]
    assert len(rows) == seen
    assert sum(row["status"] == "answered" for row in rows) == answered


def test_the_end_sweeps_once_more(posts: Posts, replay: Run) -> None:
    """A last sweep finds a post that X shows late just before the end."""
    posts.mention(1, "7", seen=38)
    posts.mention(2, "8")
    assert len(replay("--until", iso(39))["state"]["acme"]) == 2


def test_what_was_published_before_since_does_not_exist(posts: Posts, replay: Run) -> None:
    """A post before `--since` makes no row; a reply to it still covers later mentions."""
    earlier = posts.mention(0, "7")
    posts.mention(3, "8")
    posts.reply(9, earlier)
    first = posts.mention(4, "9")
    thread = posts.mention(1, "6")
    second = posts.mention(6, "6", thread=thread)
    posts.reply(10, thread)
    rows = replay("--since", iso(4), "--until", iso(30))["state"]["acme"]
    assert [row["first_mention_id"] for row in rows] == [first, second]
    assert rows[1]["status"] == "answered"
    assert rows[1]["conversation_id"] == thread
    assert rows[1]["first_response_seconds"] == 240


def test_by_default_it_ends_an_hour_after_the_last_post(posts: Posts, replay: Run) -> None:
    """The default end is an hour after the last post: a breach is flagged, later levels are not."""
    posts.mention(0)
    [row] = replay()["state"]["acme"]
    assert [f["level"] for f in row["flagged"]] == ["warning", "breach"]


def test_a_replay_is_the_same_each_time(posts: Posts, replay: Run) -> None:
    """Two replays of one archive, in two vocabularies, have equal states."""
    for n in range(6):
        mention = posts.mention(n * 5, str(n % 4 + 10), seen=n * 5 + (9 if n % 4 == 0 else 0))
        if n % 3:
            posts.reply(n * 5 + 4, mention)
    until = ("--until", iso(45))
    assert replay(*until)["state"] == replay(*until, "--vocabulary", "mixed")["state"]


def test_faults_of_x_lose_nothing(posts: Posts, replay: Run) -> None:
    """If X fails now and then, the final state is that of a replay without faults."""
    for n in range(4):
        posts.mention(n * 3, str(n + 10))
    fault = {"from": iso(2), "until": iso(10), "every": 3, "status": 503}
    with_faults = replay("--until", iso(30), faults=[fault])
    without_faults = replay("--until", iso(30))
    names = ("conversation_id", "status", "waiting_since", "mentions")
    assert [[r[n] for n in names] for r in with_faults["state"]["acme"]] == [
        [r[n] for n in names] for r in without_faults["state"]["acme"]
    ]
    assert with_faults["run"]["failed_invocations"] == 0


def two_companies(folder: Path, posts: Posts) -> Path:
    """A second company in the archive, and settings in which one person serves both."""
    posts.archive(folder / "archive")
    other = {"name": "Other Co", "accounts": [{"id": "300", "username": "other"}]}
    file = folder / "archive" / "companies.json"
    file.write_text(json.dumps([*json.loads(file.read_text()), other]))
    mention = {
        "id": "900", "text": "@other hi", "author_id": "7", "created_at": iso(0),
        "entities": {"mentions": [{"id": "300", "username": "other"}]},
    }  # fmt: skip
    with (folder / "archive" / "posts.ndjson").open("a") as lines:
        lines.write(json.dumps(mention) + "\n")
    [acme] = settings(look_back="0")["companies"]
    theirs = {**acme, "name": "Other Co", "title": "Other", "accounts": other["accounts"]}
    (folder / "pulse.yaml").write_text(yaml.safe_dump({"companies": [acme, theirs]}))
    return folder / "pulse.yaml"


def test_each_company_is_a_deployment_of_its_own(posts: Posts, tmp_path: Path) -> None:
    """If two companies have the same people, each has its own rows, and no mail is lost."""
    posts.mention(0)
    document = two_companies(tmp_path, posts)
    assert run_command(tmp_path, "--settings", str(document), "--until", iso(16)).exit_code == 0
    state = json.loads((tmp_path / "out" / "state.json").read_text())
    assert {name: len(rows) for name, rows in state.items()} == {"acme": 1, "Other Co": 1}
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    mails = list((tmp_path / "out" / "mail").iterdir())
    assert len(mails) == run["messages_sent"] == 8
    assert run_command(tmp_path, "--company", "Other Co", "--until", iso(16)).exit_code == 0
    state = json.loads((tmp_path / "out" / "state.json").read_text())
    assert list(state) == ["Other Co"]


def test_a_company_without_posts_has_no_conversations(posts: Posts, replay: Run) -> None:
    """For an archive without posts, `state.json` has an empty list."""
    assert replay()["state"] == {"acme": []}


BROKEN: dict[str, tuple[Callable[[Path], object], list[str], str]] = {
    "no posts": (lambda f: (f / "posts.ndjson").unlink(), [], "posts.ndjson"),
    "no users": (lambda f: (f / "users.ndjson").unlink(), [], "users.ndjson"),
    "no companies": (lambda f: (f / "companies.json").unlink(), [], "companies.json"),
    "companies that are not JSON": (
        lambda f: (f / "companies.json").write_text("[{"),
        [],
        "companies.json, line 1",
    ),
    "an invalid fault": (
        lambda f: (f / "faults.json").write_text('[{"status": 99}]'),
        [],
        "faults.json, line 1",
    ),
    "a company name that settings cannot have": (
        lambda f: (f / "companies.json").write_text(
            (f / "companies.json").read_text().replace('"acme"', '"A#B"')
        ),
        [],
        "must be up to 64 characters on one line, without #",
    ),
    "an unknown company": (lambda _: None, ["--company", "Nobody"], "no company 'Nobody'"),
}


@pytest.mark.parametrize(("break_it", "options", "message"), BROKEN.values(), ids=BROKEN)
def test_bad_input_is_reported_in_one_line(
    posts: Posts,
    tmp_path: Path,
    break_it: Callable[[Path], object],
    options: list[str],
    message: str,
) -> None:
    """An archive or company that cannot be used is reported in one line that names it."""
    posts.mention(0)
    posts.archive(tmp_path / "archive")
    break_it(tmp_path / "archive")
    with pytest.raises((CommandError, SettingsError)) as caught:
        run_command(tmp_path, *options)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_settings_of_another_company_are_refused(posts: Posts, tmp_path: Path) -> None:
    """Settings that name a company without posts in the archive are reported in one line."""
    posts.archive(tmp_path / "archive")
    settings = tmp_path / "pulse.yaml"
    settings.write_text(
        "companies: [{name: other, owner: anna, people: {anna: anna@example.com},"
        " accounts: [{id: '1', username: other}],"
        " policy: {levels: [{name: warning, after: 15 min, tell: [anna]}]}}]"
    )
    with pytest.raises(CommandError, match="other"):
        run_command(tmp_path, "--settings", str(settings), "--company", "other")


@pytest.mark.parametrize("options", [["--until", "soon"], ["--vocabulary", "toot"]])
def test_an_invalid_option_is_reported(posts: Posts, tmp_path: Path, options: list[str]) -> None:
    """The command exits with 2 and prints the value that it does not understand."""
    posts.archive(tmp_path / "archive")
    result = run_command(tmp_path, *options)
    assert result.exit_code == 2
    assert options[1] in result.output


def test_a_line_that_is_no_post_is_quarantined(posts: Posts, tmp_path: Path, replay: Run) -> None:
    """A line that is no post is reported with its number and reason; the rest is replayed."""
    mention = posts.mention(0)
    posts.lines.append({"id": str(int(mention) + 1), "text": "no author"})
    found = replay()
    assert [r["first_mention_id"] for r in found["state"]["acme"]] == [mention]
    assert found["run"]["put_aside"] == 1
    assert "posts.ndjson:2: quarantined: no author_id" in found.output


def test_an_end_before_the_beginning_gives_an_empty_state(posts: Posts, replay: Run) -> None:
    """If the end is before the first post, there are no conversations."""
    posts.mention(0)
    found = replay("--until", (at(0) - timedelta(minutes=5)).isoformat())
    assert found["state"] == {"acme": []}
