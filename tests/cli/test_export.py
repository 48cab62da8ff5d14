"""`pulse export`: it is complete or not made at all, and overwrites nothing."""

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
    """One of two companies is exported, into a folder that only its owner can open."""
    out = tmp_path / "given" / "svyaz"
    result = run("export", "svyaz", "--out", str(out), "--json")
    assert result.code == 0
    assert result.json["lines"]["posts.ndjson"] == 7
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
def test_an_existing_folder_or_file_is_not_overwritten(
    full: Table, tmp_path: Path, what: str
) -> None:
    out = tmp_path / "there"
    if what == "folder":
        out.mkdir()
    else:
        out.write_text("mine")
    result = run("export", "svyaz", "--out", str(out))
    assert result.code in (1, 2)
    assert "there" in result.err
    assert list(tmp_path.glob("there-*")) == []


def test_a_folder_that_cannot_be_made(full: Table, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run("export", "svyaz", "--out", str(tmp_path / "file" / "out"))
    assert result.code == 1
    assert "file" in result.err


def test_an_unknown_company(full: Table) -> None:
    result = run("export", "acme", "--out", "out")
    assert result.code == 1
    assert "available: svyaz, other" in result.err


def test_what_it_prints(full: Table) -> None:
    result = run("export", "other", "--out", "out")
    assert result.code == 0
    assert "        1  posts.ndjson" in result.out.splitlines()
    assert "Written to out; see README.md" in result.out
