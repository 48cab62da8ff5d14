"""The comparing part of `make compare`: what counts as a difference, and how it is shown."""

import json
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest

from .results import Parts, compare, differences, read

RUN: dict[str, Any] = {
    "to": "a@x.example",
    "recipient": "a@x.example",
    "subject": "4 people wait",
    "text": "Four people wait.",
    "html": "<p>Four people wait.</p>",
    "topic": "Four people wait.",
    "status": "open",
    "polls": 3,
    "wall_seconds": 1.0,
}


def _side(folder: Path, **change: Any) -> dict[str, Parts]:
    """The results of a run; each new mail has a random MIME boundary of its own."""
    run = RUN | change
    mail = EmailMessage(policy=SMTP)
    mail["To"], mail["Subject"] = run["to"], run["subject"]
    mail.set_content(run["text"])
    mail.add_alternative(run["html"], subtype="html")
    state = {"acme": [{"status": run["status"]}]}
    figures = {key: run[key] for key in ("polls", "wall_seconds")}
    (folder / "out" / "mail").mkdir(parents=True)
    (folder / "wire").mkdir()
    raw = mail.as_bytes()
    (folder / "out" / "mail" / "1.eml").write_bytes(raw)
    (folder / "out" / "state.json").write_text(json.dumps(state, indent=1))
    (folder / "out" / "run.json").write_text(json.dumps(figures))
    calls = [
        {
            "at": "2017-10-31T12:00:00+00:00",
            "operation": "SendEmail",
            "params": {
                "Destination": {"ToAddresses": [run["recipient"]]},
                "Content": {"Raw": {"Data": raw.decode()}},
            },
        },
        {
            "at": "2017-10-31T12:01:00+00:00",
            "operation": "Publish",
            "params": {"Message": run["topic"]},
        },
    ]
    (folder / "wire" / "1.calls").write_text("".join(json.dumps(c) + "\n" for c in calls))
    return read(folder)


def test_two_runs_are_equal_whatever_boundary_was_drawn_and_however_long_they_took(tmp_path: Path):
    base, new = _side(tmp_path / "base"), _side(tmp_path / "new", wall_seconds=2.0)
    raw = [(tmp_path / side / "out/mail/1.eml").read_bytes() for side in ("base", "new")]
    assert raw[0] != raw[1]
    compared = compare(base, new)
    assert {one.kind: one.total for one in compared} == {
        "mails as sent": 1,
        "topic messages": 1,
        "mail files": 1,
        "state.json": 1,
        "run.json": 1,
    }
    assert [one.kind for one in compared if one.differing] == []


@pytest.mark.parametrize(
    ("change", "kinds", "shown"),
    [
        ({"to": "b@x.example"}, ["mails as sent", "mail files"], "+To: b@x.example"),
        ({"recipient": "b@x.example"}, ["mails as sent"], "only the new side has it"),
        ({"subject": "4 wait"}, ["mails as sent", "mail files"], "+Subject: 4 wait"),
        ({"text": "Four wait."}, ["mails as sent", "mail files"], "+Four wait."),
        ({"html": "<p>Four wait.</p>"}, ["mails as sent", "mail files"], "+<p>Four wait.</p>"),
        ({"topic": "Four wait."}, ["topic messages"], '+ "Message": "Four wait."'),
        ({"status": "answered"}, ["state.json"], '+   "status": "answered"'),
        ({"polls": 4}, ["run.json"], '+ "polls": 4'),
    ],
)
def test_each_kind_of_change_is_found_and_shown(
    tmp_path: Path, change: dict[str, Any], kinds: list[str], shown: str
):
    compared = compare(_side(tmp_path / "base"), _side(tmp_path / "new", **change))
    differing = [one for one in compared if one.differing]
    assert [one.kind for one in differing] == kinds
    for one in differing:
        assert shown in [line.strip() for line in differences(one)]


def test_a_kind_that_one_side_does_not_have_differs(tmp_path: Path):
    base = _side(tmp_path / "base")
    new = {kind: parts for kind, parts in base.items() if kind != "state.json"}
    assert [one.kind for one in compare(base, new) if one.differing] == ["state.json"]


def test_mails_that_change_in_their_encoding_alone_differ(tmp_path: Path):
    base, new = _side(tmp_path / "base"), _side(tmp_path / "new")
    new["mail files"] = {
        name: text.replace('charset="utf-8"', 'charset="UTF-8"')
        for name, text in new["mail files"].items()
    }
    [one] = [one for one in compare(base, new) if one.differing]
    assert one.kind == "mail files"
    assert any(line.strip().startswith("+") and "UTF-8" in line for line in differences(one))
