"""Replays of random archives: the states are those that independent code computes."""

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


def replay(
    generated: RandomArchive, folder: Path, vocabulary: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    archive, out = generated.write(folder / "archive"), folder / "out"
    options = ("--vocabulary", vocabulary, "--until", generated.end.isoformat(), "--out", str(out))
    result = CliRunner().invoke(pulse, ["replay", str(archive), *options], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return (
        json.loads((out / "state.json").read_text()),
        json.loads((out / "run.json").read_text()),
    )


def timed(rows: list[dict[str, Any]], *fields: str) -> list[dict[str, Any]]:
    """Rows with parsed times, and without `fields`, which are not compared."""
    parsed = [{k: v for k, v in row.items() if k not in fields} for row in rows]
    for row in parsed:
        if isinstance(row["waiting_since"], str):
            row["waiting_since"] = datetime.fromisoformat(row["waiting_since"])
        for flag in row.get("flagged", ()):
            for name in ("due_at", "flagged_at"):
                flag[name] = datetime.fromisoformat(flag[name])
    return parsed


@pytest.mark.parametrize("seed", range(12) if TEST_ALL else [3])
def test_states_and_flags_are_those_of_the_posts(tmp_path: Path, seed: int) -> None:
    """After hours of posts and a burst, states are as expected, and each flag to the minute."""
    generated = (
        RandomArchive(seed) if TEST_ALL else RandomArchive(seed, hours=4.5, posts_an_hour=12)
    )
    state, run = replay(generated, tmp_path, VOCABULARIES[seed % 3])
    for company, rows in state.items():
        assert timed(rows) == timed(expected_state(generated.posts, company, generated.end))
        assert {f["level"] for row in rows for f in row["flagged"]} == {
            "warning",
            "breach",
            "critical",
        }
    assert run["failed_invocations"] == 0
    assert run["capture_latency_seconds"]["from_visible_at"]["max"] < 60
    assert run["flag_lateness_max_seconds"] < 60


def make_fault(start: float, end: float, **what: Any) -> dict[str, Any]:
    """A fault between these minutes."""
    first, last = (START + timedelta(minutes=m) for m in (start, end))
    return {
        "from": first.isoformat(),
        "until": last.isoformat(),
        "endpoint": "*",
        "every": 1,
    } | what


FAULTS = (
    make_fault(10, 23, status=503, body="over capacity"),
    make_fault(30, 31, status=429, body="Too Many Requests"),
    make_fault(35, 41, drop="timeout", every=2),
    make_fault(50, 60, endpoint="posts", drop="connect"),
    make_fault(65, 78, endpoint="mentions", status=200, body='{"data": [{"id"'),
    make_fault(90, 95, status=200, body="<html>"),
    make_fault(100, 110, drop="mid-body", every=3),
    make_fault(250, 290, status=401, body='{"title": "Unauthorized", "status": 401}'),
)


@pytest.mark.parametrize("seed", range(20, 28) if TEST_ALL else [20])
def test_what_is_shown_late_or_reached_late_ends_the_same(tmp_path: Path, seed: int) -> None:
    """If X shows posts up to 40 minutes late and has faults, the states are still as expected.

    When a level is flagged depends on what was known by then, so flags are not compared. The level
    of each open wait at the end is.
    """
    size = {} if TEST_ALL else {"hours": 2, "posts_an_hour": 20}
    generated = RandomArchive(seed, late=0.25, faults=FAULTS, **size)
    state, run = replay(generated, tmp_path, VOCABULARIES[seed % 3])
    for company, rows in state.items():
        expected = expected_state(generated.posts, company, generated.end)
        assert timed(rows, "flagged") == timed(expected, "flagged")
    assert run["failed_invocations"] == 0
