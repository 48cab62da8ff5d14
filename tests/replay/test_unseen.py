"""Archives made up from a seed, replayed: everything as worked out by other code."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pulse_cli.main import pulse
from tests.replay.random_archive import START, RandomArchive, expected_state
from tests.tiers import TEST_ALL

VOCABULARIES = ("tweet", "post", "mixed")


def replayed(
    made: RandomArchive, folder: Path, vocabulary: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    archive, out = made.write(folder / "archive"), folder / "out"
    options = ("--vocabulary", vocabulary, "--until", made.end.isoformat(), "--out", str(out))
    said = CliRunner().invoke(pulse, ["replay", str(archive), *options], catch_exceptions=False)
    assert said.exit_code == 0, said.output
    return (
        json.loads((out / "state.json").read_text()),
        json.loads((out / "run.json").read_text()),
    )


def timed(rows: list[dict[str, Any]], *fields: str) -> list[dict[str, Any]]:
    """Rows with times as times, and without the fields that are not compared."""
    kept = [{k: v for k, v in row.items() if k not in fields} for row in rows]
    for row in kept:
        if isinstance(row["waiting_since"], str):
            row["waiting_since"] = datetime.fromisoformat(row["waiting_since"])
        for flag in row.get("flagged", ()):
            for name in ("due_at", "flagged_at"):
                flag[name] = datetime.fromisoformat(flag[name])
    return kept


@pytest.mark.parametrize("seed", range(12) if TEST_ALL else [3])
def test_states_and_flags_are_those_of_the_posts(tmp_path: Path, seed: int) -> None:
    """Given hours of talk and a burst, then states, and each flag to the minute, are the truth."""
    made = RandomArchive(seed) if TEST_ALL else RandomArchive(seed, hours=4.5, posts_an_hour=12)
    state, run = replayed(made, tmp_path, VOCABULARIES[seed % 3])
    for company, rows in state.items():
        assert timed(rows) == timed(expected_state(made.posts, company, made.end))
        assert {f["level"] for row in rows for f in row["flagged"]} == {
            "warning",
            "breach",
            "critical",
        }
    assert run["failed_invocations"] == 0
    assert run["capture_latency_seconds"]["from_visible_at"]["max"] < 60
    assert run["flag_lateness_max_seconds"] < 60


def wrong(start: float, end: float, **what: Any) -> dict[str, Any]:
    """A fault between these minutes."""
    first, last = (START + timedelta(minutes=m) for m in (start, end))
    return {
        "from": first.isoformat(),
        "until": last.isoformat(),
        "endpoint": "*",
        "every": 1,
    } | what


TROUBLE = (
    wrong(10, 23, status=503, body="over capacity"),
    wrong(30, 31, status=429, body="Too Many Requests"),
    wrong(35, 41, drop="timeout", every=2),
    wrong(50, 60, endpoint="posts", drop="connect"),
    wrong(65, 78, endpoint="mentions", status=200, body='{"data": [{"id"'),
    wrong(90, 95, status=200, body="<html>"),
    wrong(100, 110, drop="mid-body", every=3),
    wrong(250, 290, status=401, body='{"title": "Unauthorized", "status": 401}'),
)


@pytest.mark.parametrize("seed", range(20, 28) if TEST_ALL else [20])
def test_what_is_shown_late_or_reached_late_ends_the_same(tmp_path: Path, seed: int) -> None:
    """Given posts shown up to 40 minutes late, and trouble with X, then the states are the truth.

    When each level was told depends on what could be known; that no open wait is below its
    level in the end does not.
    """
    talk = {} if TEST_ALL else {"hours": 2, "posts_an_hour": 20}
    made = RandomArchive(seed, late=0.25, faults=TROUBLE, **talk)
    state, run = replayed(made, tmp_path, VOCABULARIES[seed % 3])
    for company, rows in state.items():
        expected = expected_state(made.posts, company, made.end)
        assert timed(rows, "flagged") == timed(expected, "flagged")
    assert run["failed_invocations"] == 0
