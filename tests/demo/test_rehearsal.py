"""The day through the deployed code agrees with the day judged the plain way."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from click.testing import CliRunner
from rich.console import Console

from pulse_cli.commands.demo import demo
from pulse_cli.demo.report import draw_report
from pulse_cli.demo.run import SETTINGS
from pulse_cli.demo.texts import DemoTexts
from pulse_cli.settings import check
from pulse_cli.template import TEMPLATE
from tests.tiers import WHOLE

from . import plain
from .conftest import Played

_MINUTE = timedelta(minutes=1)


def test_the_settings_of_the_demo_are_fine() -> None:
    """Given pulse.demo.yaml, then pulse check has nothing to say."""
    assert check(SETTINGS) == []


def test_nothing_is_lost_and_nothing_fails(played: Played) -> None:
    """Given the replay, then every talk is there with all its mentions, and no more."""
    assert played.came.outcome.failures == []
    end = played.day.whole.end
    expected = {
        key: (len(talk.mentions), talk.waiting_since(), talk.first_response())
        for key, talk in plain.talks(played.posts, end).items()
    }
    found = {
        (row["conversation_id"], row["author_id"]): (
            row["mentions"],
            row["waiting_since"] and plain.time_of({"created_at": row["waiting_since"]}),
            row["first_response_seconds"],
        )
        for row in played.came.outcome.conversations
    }
    assert found == expected


def test_the_figures_are_those_of_the_archive(played: Played) -> None:
    """Given the table in the terminal, then received is what was published, by account too."""
    start, end = played.day.whole
    expected = plain.received(played.posts, start, end)
    for row in played.came.rows:
        if row.start is not None and row.end is not None:
            inside = plain.received(played.posts, row.start, row.end)
            assert row.figures.received == inside.get("all", 0)
        else:
            assert row.figures.received == expected[row.account or "all"]
    assert len(played.day.mentions) == expected["all"]
    assert played.came.letter.watch.watched == (end - start) // _MINUTE


def test_the_digest_counts_who_waits(played: Played) -> None:
    """Given the last digest of the run, then its subject holds the plain count."""
    digests = [one for one in played.letters if one.kind == "digest" and one.name == "Dan"]
    assert len(digests) == (3 if WHOLE else 1)
    for letter in digests:
        waiting = sum(
            talk.waiting_since() is not None
            for talk in plain.talks(played.posts, letter.at).values()
        )
        assert letter.subject.startswith(f"{waiting} waiting, longest ")


def test_the_outage_is_noticed_and_told(played: Played) -> None:
    """Given the outage, then the night shift hears within the quarter, the manager in the hour."""
    start, word = played.day.outage
    assert played.came.noticed is not None
    assert start < played.came.noticed < word
    told = {
        name: min(plain.time_of({"created_at": one["at"]}) for one in found)
        for name in ("boris", "oleg")
        if (
            found := [
                one
                for one in played.came.sent
                if one["person"] == name
                and plain.time_of({"created_at": one["at"]}) >= start + 14 * _MINUTE
            ]
        )
    }
    assert told["boris"] <= start + 17 * _MINUTE
    assert told["oleg"] <= start + 95 * _MINUTE


def test_the_one_whom_nobody_feels_addressed_by_reaches_the_topic(played: Played) -> None:
    """Given a question to the official account, then after 4 hours it is critical and on SNS."""
    critical = [one for one in played.came.sent if one["kind"] == "critical"]
    asked = next(s.at for s in played.day.mentions if s.who.username == "tess_harrow")
    first = plain.time_of({"created_at": critical[0]["at"]})
    assert timedelta(0) <= first - (asked + timedelta(hours=4)) <= 2 * _MINUTE


def test_every_mail_was_recorded_as_it_reads(played: Played) -> None:
    """Given the mails on disk, then subject and address are those that were meant."""
    recorded = sorted(
        (one["to"], one["subject"]) for one in played.came.sent if one["person"] != "*topic"
    )
    assert sorted((one.address, one.subject) for one in played.letters) == recorded
    assert len(list((played.out / "mail").glob("*.html"))) == len(played.letters)


@pytest.mark.whole
def test_those_whom_nobody_answers_stand_in_the_last_digest(played: Played) -> None:
    """Given the whole day, then the digest of 21:00 shows those of the script."""
    shown = {card.customer.username for card in played.came.letter.cards}
    assert shown < played.day.never
    assert played.came.letter.waiting == len(played.day.never)


@pytest.mark.whole
def test_the_readme_shows_what_the_demo_shows(played: Played) -> None:
    """Given the report in the README, then its lines are those of the terminal."""
    readme = (TEMPLATE.parent / "README.md").read_text("utf-8")
    shown = readme.split("From the report:")[1].split("```")[1].strip().splitlines()
    console = Console(width=80, file=StringIO(), highlight=False, markup=False)
    console.print(draw_report(played.day, played.came, DemoTexts("en")))
    printed = {line.rstrip() for line in str(console.file.getvalue()).splitlines()}  # type: ignore[attr-defined]
    assert [line for line in shown if line.strip("─ ") and line not in printed] == []
    assert f"{len(played.letters)} emails" in readme


@pytest.mark.whole
def test_the_command_runs_to_its_end(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Given a folder, when the demo is asked for in Russian, then it ends well and says where."""
    out = tmp_path_factory.mktemp("command")
    result = CliRunner().invoke(demo, ["--out", str(out), "--lang", "ru"])
    assert result.exit_code == 0, result.output
    assert "Кто ждёт" in result.output
    assert (out / "mail" / "index.html").is_file()
