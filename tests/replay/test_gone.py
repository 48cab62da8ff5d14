"""A replay runs compliance checks if, and only if, posts of the archive are removed."""

from datetime import timedelta
from pathlib import Path

import pytest

from pulse_cli.replay.one_company import ReplayPlan, replay_company
from pulse_cli.replay.outcome import ReplayOutcome
from pulse_cli.replay.world import ReplayWorld
from pulse_cli.settings.defaults import default_settings
from pulse_cli.simulated_x import Archive
from tests.replay.random_archive import START, RandomArchive


def replay(random_archive: RandomArchive, folder: Path) -> tuple[ReplayOutcome, dict[str, int]]:
    random_archive.write(folder)
    invocations: dict[str, int] = {}

    def on_end(world: ReplayWorld) -> None:
        invocations.update(world.lambdas.invocations)

    ours = [{"id": i, "username": f"ours{i}"} for i in ("11", "12")]
    document = default_settings([{"name": "acme", "accounts": ours}])
    until = START + timedelta(days=3)
    archive = Archive.load(folder)
    plan = ReplayPlan(archive, "acme", document, START, until, final_digest=False, on_end=on_end)
    return replay_company(plan), invocations


@pytest.fixture
def random_archive() -> RandomArchive:
    return RandomArchive(5, hours=1, posts_an_hour=20)


def test_without_removals_nothing_is_checked(random_archive: RandomArchive, tmp_path: Path) -> None:
    _, invocations = replay(random_archive, tmp_path)
    assert "comply" not in invocations


@pytest.mark.parametrize("later", [timedelta(minutes=10), timedelta(days=2)])
def test_removed_posts_are_not_in_the_final_state(
    random_archive: RandomArchive, tmp_path: Path, later: timedelta
) -> None:
    """Of mentions that X removes, within the hour or two days later, none is left at the end."""
    whole, _ = replay(random_archive, tmp_path / "whole")
    removed = {
        p["id"] for n, p in enumerate(random_archive.posts) if n % 2 and p["kind"] == "mention"
    }
    for post in random_archive.posts:
        if post["id"] in removed:
            post["gone_at"] = (START + timedelta(hours=1, minutes=5) + later).isoformat()
    outcome, invocations = replay(random_archive, tmp_path / "gone")
    remaining = {row["first_mention_id"] for row in outcome.conversations}
    assert remaining
    assert not remaining & removed
    assert len(outcome.conversations) < len(whole.conversations)
    assert invocations["comply"] > 1
    assert outcome.failures == []
    assert outcome.x["rereads_across_days"] == whole.x["rereads_across_days"]
