"""How long a replay takes, and how many calls to the table it makes."""

import time
from pathlib import Path

import pytest

from pulse_cli.replay.all_companies import replay_all


@pytest.mark.parametrize("day", ["2017-10-31"])
def test_replay_of_a_day(day: str, tmp_path: Path) -> None:
    """All 38 companies over a day: seconds, ticks, calls per tick."""
    archive = Path(__file__).resolve().parents[2] / "shared" / "data" / "support-2017"
    if not archive.exists():
        pytest.skip(f"no archive at {archive}: it is not part of the project")
    from pulse_cli.commands.replay import Instant  # noqa: PLC0415

    since = Instant().convert(f"{day}T00:00:00Z", None, None)
    until = Instant().convert(f"{day}T23:59:00Z", None, None)
    began = time.perf_counter()
    run = replay_all(archive, [], since, until, None, "tweet", tmp_path)
    calls = sum(run["dynamodb_calls"].values())
    print(
        f"38 companies, a day: {time.perf_counter() - began:.0f} s, {run['ticks']} ticks, "
        f"{calls / run['ticks']:.1f} DynamoDB calls a tick, "
        f"{run['messages_sent']} mails, p95 {run['capture_latency_seconds']}"
    )
