"""`pulse try` reads real accounts (here simulated ones, over HTTP) and writes a digest."""

import email
import email.policy
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pulse_cli.simulated_x import SimulatedX
from tests.cli.command_runner import BEARER, USER_TOKEN, always, post, run

Posts = Callable[..., SimulatedX]
Put = Callable[[dict[str, str]], None]


def test_a_digest_is_written(
    x: Posts, token: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    x()
    token(BEARER)
    environment = dict(os.environ)
    result = run("try", "@svyaz_help", "--official", "@svyaz", "--out", "seen", "--lang", "ru")
    assert result.code == 0, result.err
    assert dict(os.environ) == environment
    output = " ".join(result.out.split())
    assert "This will read about 4 posts, for about 0.07 USD." in result.err
    assert "@user1 5 h critical @svyaz_help number 1" in output
    assert "@user3 5 min in time @svyaz_help [31mred[0m and more" in output
    assert "\x1b" not in result.out
    assert "Received 3 mentions, 1 of them answered" in output
    assert "First response median 5 min" in output
    assert "Within policy 50% answered within 1 h (target 95%)" in output
    assert "open digest.html" in output
    assert {file.name for file in (tmp_path / "seen").iterdir()} == {
        "digest.eml",
        "digest.html",
        "digest.txt",
    }
    message = email.message_from_bytes(
        (tmp_path / "seen" / "digest.eml").read_bytes(), policy=email.policy.default
    )
    assert message["Subject"].startswith("2 ждут, дольше всех 5 ч")
    assert "@user1" in (tmp_path / "seen" / "digest.html").read_text("utf-8")


def test_json_is_for_scripts(x: Posts, token: Put) -> None:
    x()
    token(USER_TOKEN)
    result = run("try", "svyaz_help", "--hours", "4", "--json")
    assert result.code == 0, result.err
    assert (
        "The number of posts to read is not known (X provides counts for a bearer token only)"
        in result.err
    )
    assert result.json["waiting"] == 1
    assert result.json["worst"][0]["level"] is None
    assert result.json["received"] == 2
    assert result.json["posts_read"] == 3
    assert "out/try/digest.html" in result.json["files"]


def test_the_poll_takes_more_than_one_run(x: Posts, token: Put) -> None:
    """If X returns five posts a page, 42 pages take two runs of at most 30 pages."""
    sim = x([post(1000 + n, (210 - n) * 6) for n in range(210)], page_size=5)
    token(BEARER)
    result = run("try", "svyaz_help", "--json")
    assert result.code == 0, result.err
    assert result.json["received"] == 210
    assert sim.requests["mentions", "200"] >= 42


def test_a_quiet_day(x: Posts, token: Put) -> None:
    x([])
    token(BEARER)
    result = run("try", "svyaz_help")
    assert result.code == 0
    assert "Waiting nobody; everyone has been answered" in " ".join(result.out.split())


def test_no_token() -> None:
    result = run("try", "svyaz_help")
    assert result.code == 1
    assert "no token in the environment; set PULSE_X_BEARER" in result.err


def test_x_rejects_the_token(x: Posts, token: Put, tmp_path: Path) -> None:
    x(faults=always(401, "Unauthorized", "mentions"))
    token(BEARER)
    result = run("try", "svyaz_help")
    assert result.code == 1
    assert "pulse: The token for @svyaz_help does not work (401 Unauthorized)" in result.err
    assert not (tmp_path / "out").exists()


def test_x_returns_only_a_part(x: Posts, token: Put) -> None:
    x(faults=always(503, "over capacity", "posts"))
    token(BEARER)
    result = run("try", "svyaz_help")
    assert result.code == 0
    assert "X returned only a part of the posts: X did not answer (503 over capacity)" in result.err


def test_an_unknown_handle(x: Posts, token: Put) -> None:
    x()
    token(BEARER)
    assert "X cannot find the account @nobody" in run("try", "svyaz_help", "nobody").err


@pytest.mark.parametrize("more", [("--hours", "0"), ("--time-zone", "Mars/Base"), ("--lang", "de")])
def test_wrong_use(more: tuple[str, str]) -> None:
    assert run("try", "svyaz_help", *more).code == 2
