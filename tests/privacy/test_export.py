"""An export can be read back: a replay of it leads to the same conversations."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pulse.conversations.facts import ConversationKey, Mention
from pulse.settings import reader as settings_reader
from pulse.x import parse
from pulse_cli.data.archive_posts import archive_post_of
from pulse_cli.data.export import export_company
from pulse_cli.replay.one_company import ReplayPlan, replay_company
from pulse_cli.replay.outcome import ReplayOutcome
from pulse_cli.settings.defaults import default_settings
from pulse_cli.simulated_x import Archive
from tests.replay.random_archive import START, RandomArchive
from tests.tiers import TEST_ALL

ACME = {"name": "acme", "accounts": [{"id": "11", "username": "ours11"}]}
SEEDS = range(6) if TEST_ALL else (3,)


def replay(folder: Path, company: str, until: datetime, out: Path | None = None) -> ReplayOutcome:
    """Replay one company, and export its data to `out` at the end if that is given."""
    archive = Archive.load(folder)
    [ours] = [c for c in archive.companies if c.name == company]
    accounts = [{"id": a.id, "username": a.username, "role": a.role} for a in ours.accounts]
    document = default_settings([{"name": company, "accounts": accounts}])

    def export(world: Any) -> None:
        if out is not None:
            out.mkdir()
            export_company(world.app.db.table, world.company, document, out)

    plan = ReplayPlan(archive, company, document, START, until, final_digest=False, on_end=export)
    return replay_company(plan)


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_replay_of_the_export_gives_the_same_state(tmp_path: Path, seed: int) -> None:
    """Hours with late and edited posts are exported and replayed to the same conversations."""
    made = RandomArchive(seed, hours=4, posts_an_hour=25, late=0.2)
    folder = made.write(tmp_path / "archive")
    first = replay(folder, "acme", made.end, tmp_path / "export")
    again = replay(tmp_path / "export", "acme", made.end)
    assert len(first.conversations) > 20
    assert {row["status"] for row in first.conversations} >= {"open", "answered"}
    assert again.conversations == first.conversations
    assert first.failures == again.failures == []


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ReplayOutcome]:
    folder = tmp_path_factory.mktemp("export")
    made = RandomArchive(8, hours=3, posts_an_hour=20)
    first = replay(made.write(folder / "archive"), "acme", made.end, folder / "out")
    return folder / "out", first


def test_every_file_is_there_and_explained(exported: tuple[Path, ReplayOutcome]) -> None:
    folder, outcome = exported
    readme = (folder / "README.md").read_text()
    names = {path.name for path in folder.iterdir()} - {"README.md"}
    assert all(f"`{name}`" in readme for name in names)
    assert len(names) == 9
    assert len(lines(folder / "conversations.ndjson")) == len(outcome.conversations)
    assert len(lines(folder / "sent.ndjson")) == outcome.mails
    assert all("ttl" not in row for row in lines(folder / "sent.ndjson"))


def test_nothing_of_another_company_and_no_token(exported: tuple[Path, ReplayOutcome]) -> None:
    """With two companies on X, the export has no posts of the other one and no token."""
    folder, _ = exported
    posts = lines(folder / "posts.ndjson")
    named = [{m["id"] for m in p.get("entities", {}).get("mentions", [])} for p in posts]
    for post, ids in zip(posts, named, strict=True):
        assert post["author_id"] in ("11", "12") or ids & {"11", "12"}
    everything = "".join(path.read_text() for path in folder.iterdir())
    assert "rehearsal" not in everything
    [company] = json.loads((folder / "settings.json").read_text())["companies"]
    assert company["name"] == "acme"


def test_posts_are_the_oldest_first(exported: tuple[Path, ReplayOutcome]) -> None:
    folder, _ = exported
    times = [datetime.fromisoformat(p["created_at"]) for p in lines(folder / "posts.ndjson")]
    assert times == sorted(times)
    assert times[-1] - times[0] > timedelta(hours=1)


@pytest.mark.parametrize("text", ["a < b & c", "&amp; &lt;", "Связь\n\u2028 <b>", '"quoted"'])
def test_a_text_is_exported_and_read_unchanged(text: str) -> None:
    """The export escapes any text as X does, so that it is read as it was."""
    key = ConversationKey("acme", "1", "7")
    fact = Mention("1", "3", START, text, frozenset({"11"}), "ru", stored_at=START)
    [company] = settings_reader.read(default_settings([ACME])).companies
    post = archive_post_of(key, fact, company)
    read = parse.parse_post(json.loads(json.dumps(post)))
    assert (read.text, read.id, read.version) == (text, "1", "3")
    assert (read.author_id, read.conversation_id, read.created_at) == ("7", "1", START)
    assert (read.named, read.lang) == (frozenset({"11"}), "ru")
