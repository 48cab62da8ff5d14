"""`pulse export` as a shell sees it: whole or not at all, nothing overwritten."""

import json
import stat
from pathlib import Path
from typing import Any

import boto3
import pytest

from pulse.dynamodb.table import Table
from pulse_cli.settings import check_file
from pulse_cli.simulated_aws.local_stack import LocalStack
from pulse_cli.stack.deployment import INDEX
from tests.cli.command_runner import run

from .test_forget import full

__all__ = ["full"]


@pytest.fixture
def table(deployed: LocalStack) -> Table:
    return Table(boto3.client("dynamodb"), deployed.table, INDEX)


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_everything_of_one_company(full: Table, tmp_path: Path) -> None:
    """Given two companies, then one's data is given out, for its owner's eyes alone."""
    out = tmp_path / "given" / "svyaz"
    said = run("export", "svyaz", "--out", str(out), "--json")
    assert said.code == 0
    assert said.json["lines"]["posts.ndjson"] == 7
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    assert [p.name for p in out.parent.iterdir()] == ["svyaz"]
    posts = {p["id"]: p for p in lines(out / "posts.ndjson")}
    assert set(posts) == {"10", "11", "12", "15", "20", "31", "50"}
    assert posts["11"]["edit_history_tweet_ids"] == ["10", "11"]
    assert posts["12"]["in_reply_to_user_id"] == "5"
    assert posts["50"]["entities"] == {"mentions": [{"id": "5"}]}
    [position] = lines(out / "positions.ndjson")
    assert (position["what"], position["by"], position["reason"]) == (
        "position",
        "anna",
        "Ivan was rude",
    )
    assert position["mentions"] == ["10"]
    assert position["customer_id"] == "5"
    users = {u["id"]: u["username"] for u in lines(out / "users.ndjson")}
    assert users == {"700000001": "svyaz_help", "700000002": "svyaz", "5": "Ivan_K", "6": "olga"}
    flagged = [c for c in lines(out / "conversations.ndjson") if c.get("flags")]
    assert [(c["conversation_id"], c["flags"][0]["level"]) for c in flagged] == [("10", "warning")]
    assert {r["kind"] for r in lines(out / "journal.ndjson")} == {"aside"}
    assert check_file(out / "settings.json").document is not None


@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_is_there_is_not_overwritten(full: Table, tmp_path: Path, what: str) -> None:
    out = tmp_path / "there"
    if what == "folder":
        out.mkdir()
    else:
        out.write_text("mine")
    said = run("export", "svyaz", "--out", str(out))
    assert said.code in (1, 2)
    assert "there" in said.err
    assert list(tmp_path.glob("there-*")) == []


def test_nowhere_to_write_leaves_nothing(full: Table, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = run("export", "svyaz", "--out", str(tmp_path / "file" / "out"))
    assert said.code == 1
    assert "file" in said.err


def test_a_company_that_is_none(full: Table) -> None:
    said = run("export", "acme", "--out", "out")
    assert said.code == 1
    assert "available: svyaz, other" in said.err


def test_what_it_says(full: Table) -> None:
    said = run("export", "other", "--out", "out")
    assert said.code == 0
    assert "        1  posts.ndjson" in said.out.splitlines()
    assert "Written to out; see README.md" in said.out
