"""Archives in which posts go: a replay sweeps and checks when it must, and else does not."""

from datetime import timedelta
from pathlib import Path

import pytest

from pulse_cli.replay.one_company import ReplayPlan, replay_company
from pulse_cli.replay.outcome import ReplayOutcome
from pulse_cli.replay.world import ReplayWorld
from pulse_cli.settings.defaults import default_settings
from pulse_cli.simulated_x import Archive
from tests.replay.random_archive import START, RandomArchive


def replayed(made: RandomArchive, folder: Path) -> tuple[ReplayOutcome, dict[str, int]]:
    made.write(folder)
    seen: dict[str, int] = {}

    def look(world: ReplayWorld) -> None:
        seen.update(world.lambdas.invocations)

    ours = [{"id": i, "username": f"ours{i}"} for i in ("11", "12")]
    document = default_settings([{"name": "acme", "accounts": ours}])
    until = START + timedelta(days=3)
    archive = Archive.load(folder)
    plan = ReplayPlan(archive, "acme", document, START, until, final_digest=False, on_end=look)
    return replay_company(plan), seen


@pytest.fixture
def made() -> RandomArchive:
    return RandomArchive(5, hours=1, posts_an_hour=20)


def test_without_any_nothing_is_checked(made: RandomArchive, tmp_path: Path) -> None:
    _, invocations = replayed(made, tmp_path)
    assert "comply" not in invocations


@pytest.mark.parametrize("later", [timedelta(minutes=10), timedelta(days=2)])
def test_what_goes_is_not_there_at_the_end(
    made: RandomArchive, tmp_path: Path, later: timedelta
) -> None:
    """Given half of the posts going, the same hour or two days on, then none of them is left."""
    whole, _ = replayed(made, tmp_path / "whole")
    going = {p["id"] for n, p in enumerate(made.posts) if n % 2 and p["kind"] == "mention"}
    for post in made.posts:
        if post["id"] in going:
            post["gone_at"] = (START + timedelta(hours=1, minutes=5) + later).isoformat()
    gone, invocations = replayed(made, tmp_path / "gone")
    left = {row["first_mention_id"] for row in gone.conversations}
    assert left
    assert not left & going
    assert len(gone.conversations) < len(whole.conversations)
    assert invocations["comply"] > 1
    assert gone.failures == []
    assert gone.x["rereads_across_days"] == whole.x["rereads_across_days"]
