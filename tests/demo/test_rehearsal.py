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
from tests.demo import plain_check
from tests.demo.conftest import ReplayedDay
from tests.tiers import TEST_ALL

_MINUTE = timedelta(minutes=1)


def test_the_settings_of_the_demo_are_fine() -> None:
    """Given pulse.demo.yaml, then pulse check has nothing to say."""
    assert check(SETTINGS) == []


def test_nothing_is_lost_and_nothing_fails(replayed_day: ReplayedDay) -> None:
    """Given the replay, then every talk is there with all its mentions, and no more."""
    assert replayed_day.came.outcome.failures == []
    end = replayed_day.day.period.end
    expected = {
        key: (len(talk.mentions), talk.waiting_since(), talk.first_response())
        for key, talk in plain_check.conversations(replayed_day.posts, end).items()
    }
    found = {
        (row["conversation_id"], row["author_id"]): (
            row["mentions"],
            row["waiting_since"] and plain_check.time_of({"created_at": row["waiting_since"]}),
            row["first_response_seconds"],
        )
        for row in replayed_day.came.outcome.conversations
    }
    assert found == expected


def test_the_figures_are_those_of_the_archive(replayed_day: ReplayedDay) -> None:
    """Given the table in the terminal, then received is what was published, by account too."""
    start, end = replayed_day.day.period
    expected = plain_check.received(replayed_day.posts, start, end)
    for row in replayed_day.came.figure_rows:
        if row.start is not None and row.end is not None:
            inside = plain_check.received(replayed_day.posts, row.start, row.end)
            assert row.figures.received == inside.get("all", 0)
        else:
            assert row.figures.received == expected[row.account or "all"]
    assert len(replayed_day.day.mentions) == expected["all"]
    assert replayed_day.came.report.coverage.watched == (end - start) // _MINUTE


def test_the_digest_counts_who_waits(replayed_day: ReplayedDay) -> None:
    """Given the last digest of the run, then its subject holds the plain count."""
    digests = [one for one in replayed_day.letters if one.kind == "digest" and one.name == "Dan"]
    assert len(digests) == (3 if TEST_ALL else 1)
    for letter in digests:
        waiting = sum(
            talk.waiting_since() is not None
            for talk in plain_check.conversations(replayed_day.posts, letter.at).values()
        )
        assert letter.subject.startswith(f"{waiting} waiting, longest ")


def test_the_outage_is_noticed_and_told(replayed_day: ReplayedDay) -> None:
    """Given the outage, then the night shift hears within the quarter, the manager in the hour."""
    start, word = replayed_day.day.outage
    assert replayed_day.came.surge_noticed_at is not None
    assert start < replayed_day.came.surge_noticed_at < word
    told = {
        name: min(mail.at for mail in found)
        for name in ("boris", "oleg")
        if (
            found := [
                mail
                for mail in replayed_day.came.sent_mails
                if mail.person == name and mail.at >= start + 14 * _MINUTE
            ]
        )
    }
    assert told["boris"] <= start + 17 * _MINUTE
    assert told["oleg"] <= start + 95 * _MINUTE


def test_the_one_whom_nobody_feels_addressed_by_reaches_the_topic(
    replayed_day: ReplayedDay,
) -> None:
    """Given a question to the official account, then after 4 hours it is critical and on SNS."""
    critical = [mail for mail in replayed_day.came.sent_mails if mail.kind == "critical"]
    asked = next(s.at for s in replayed_day.day.mentions if s.author.username == "tess_harrow")
    assert timedelta(0) <= critical[0].at - (asked + timedelta(hours=4)) <= 2 * _MINUTE


def test_every_mail_was_recorded_as_it_reads(replayed_day: ReplayedDay) -> None:
    """Given the mails on disk, then subject and address are those that were meant."""
    recorded = sorted(
        (mail.to, mail.subject) for mail in replayed_day.came.sent_mails if mail.person != "*topic"
    )
    assert sorted((one.address, one.subject) for one in replayed_day.letters) == recorded
    assert len(list((replayed_day.out / "mail").glob("*.html"))) == len(replayed_day.letters)


@pytest.mark.whole
def test_those_whom_nobody_answers_stand_in_the_last_digest(replayed_day: ReplayedDay) -> None:
    """Given the whole day, then the digest of 21:00 shows those of the script."""
    shown = {card.customer.username for card in replayed_day.came.worst}
    assert shown < replayed_day.day.never_answered
    assert len(replayed_day.came.report.waiting) == len(replayed_day.day.never_answered)


@pytest.mark.whole
def test_the_readme_shows_what_the_demo_shows(replayed_day: ReplayedDay) -> None:
    """Given the report in the README, then its lines are those of the terminal."""
    readme = (TEMPLATE.parent / "README.md").read_text("utf-8")
    shown = readme.split("From the report:")[1].split("```")[1].strip().splitlines()
    console = Console(width=80, file=StringIO(), highlight=False, markup=False)
    console.print(draw_report(replayed_day.day, replayed_day.came, DemoTexts("en")))
    printed = {line.rstrip() for line in str(console.file.getvalue()).splitlines()}  # type: ignore[attr-defined]
    assert [line for line in shown if line.strip("─ ") and line not in printed] == []
    assert f"{len(replayed_day.letters)} emails" in readme


@pytest.mark.whole
def test_the_command_runs_to_its_end(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Given a folder, when the demo is asked for in Russian, then it ends well and says where."""
    out = tmp_path_factory.mktemp("command")
    result = CliRunner().invoke(demo, ["--out", str(out), "--lang", "ru"])
    assert result.exit_code == 0, result.output
    assert "Кто ждёт" in result.output
    assert (out / "mail" / "index.html").is_file()
