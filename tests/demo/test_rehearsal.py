"""The day as the deployed code handles it agrees with the plain check of its archive."""

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
    """`pulse check` finds nothing in pulse.demo.yaml."""
    assert check(SETTINGS) == []


def test_nothing_is_lost_and_nothing_fails(replayed_day: ReplayedDay) -> None:
    """The replay has each conversation of the archive with all its mentions, and no others."""
    assert replayed_day.result.outcome.failures == []
    end = replayed_day.day.period.end
    expected = {
        key: (
            len(conversation.mentions),
            conversation.waiting_since(),
            conversation.first_response(),
        )
        for key, conversation in plain_check.conversations(replayed_day.posts, end).items()
    }
    found = {
        (row["conversation_id"], row["author_id"]): (
            row["mentions"],
            row["waiting_since"] and plain_check.time_of({"created_at": row["waiting_since"]}),
            row["first_response_seconds"],
        )
        for row in replayed_day.result.outcome.conversations
    }
    assert found == expected


def test_the_figures_are_those_of_the_archive(replayed_day: ReplayedDay) -> None:
    """The mentions received in the table of the terminal are those published, by account too."""
    start, end = replayed_day.day.period
    expected = plain_check.received(replayed_day.posts, start, end)
    for row in replayed_day.result.figure_rows:
        if row.start is not None and row.end is not None:
            inside = plain_check.received(replayed_day.posts, row.start, row.end)
            assert row.figures.received == inside.get("all", 0)
        else:
            assert row.figures.received == expected[row.account or "all"]
    assert len(replayed_day.day.mentions) == expected["all"]
    assert replayed_day.result.report.coverage.watched == (end - start) // _MINUTE


def test_the_digest_counts_who_waits(replayed_day: ReplayedDay) -> None:
    """The subject of each of Dan's digests states how many customers wait by the plain check."""
    digests = [one for one in replayed_day.mails if one.kind == "digest" and one.name == "Dan"]
    assert len(digests) == (3 if TEST_ALL else 1)
    for mail in digests:
        waiting = sum(
            conversation.waiting_since() is not None
            for conversation in plain_check.conversations(replayed_day.posts, mail.at).values()
        )
        assert mail.subject.startswith(f"{waiting} waiting, longest ")


def test_the_outage_is_noticed_and_people_are_alerted(replayed_day: ReplayedDay) -> None:
    """The night shift is alerted 17 minutes into the outage at the latest, the manager after 95."""
    start, first_answer = replayed_day.day.outage
    assert replayed_day.result.surge_noticed_at is not None
    assert start < replayed_day.result.surge_noticed_at < first_answer
    first_mails = {
        name: min(mail.at for mail in found)
        for name in ("boris", "oleg")
        if (
            found := [
                mail
                for mail in replayed_day.result.sent_mails
                if mail.person == name and mail.at >= start + 14 * _MINUTE
            ]
        )
    }
    assert first_mails["boris"] <= start + 17 * _MINUTE
    assert first_mails["oleg"] <= start + 95 * _MINUTE


def test_a_mention_that_nobody_answers_reaches_the_topic(replayed_day: ReplayedDay) -> None:
    """A mention without a reply is critical after four hours, and goes to the SNS topic."""
    critical = [mail for mail in replayed_day.result.sent_mails if mail.kind == "critical"]
    mentioned_at = next(
        mention.at
        for mention in replayed_day.day.mentions
        if mention.author.username == "tess_harrow"
    )
    assert timedelta(0) <= critical[0].at - (mentioned_at + timedelta(hours=4)) <= 2 * _MINUTE


def test_every_mail_was_recorded_as_it_reads(replayed_day: ReplayedDay) -> None:
    """Subject and address of each mail on disk are those that were recorded."""
    recorded = sorted(
        (mail.to, mail.subject)
        for mail in replayed_day.result.sent_mails
        if mail.person != "*topic"
    )
    assert sorted((one.address, one.subject) for one in replayed_day.mails) == recorded
    assert len(list((replayed_day.out / "mail").glob("*.html"))) == len(replayed_day.mails)


@pytest.mark.whole
def test_unanswered_customers_are_in_the_last_digest(replayed_day: ReplayedDay) -> None:
    """The digest of 21:00 counts all customers whom the script leaves unanswered."""
    shown = {card.customer.username for card in replayed_day.result.worst}
    assert shown < replayed_day.day.never_answered
    assert len(replayed_day.result.report.waiting) == len(replayed_day.day.never_answered)


@pytest.mark.whole
def test_the_readme_shows_what_the_demo_shows(replayed_day: ReplayedDay) -> None:
    """The report in the README has the lines of the report in the terminal."""
    readme = (TEMPLATE.parent / "README.md").read_text("utf-8")
    shown = readme.split("From the report:")[1].split("```")[1].strip().splitlines()
    console = Console(width=80, file=StringIO(), highlight=False, markup=False)
    console.print(draw_report(replayed_day.day, replayed_day.result, DemoTexts("en")))
    printed = {line.rstrip() for line in str(console.file.getvalue()).splitlines()}  # type: ignore[attr-defined]
    assert [line for line in shown if line.strip("─ ") and line not in printed] == []
    assert f"{len(replayed_day.mails)} emails" in readme


@pytest.mark.whole
def test_the_command_runs_to_its_end(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The command runs the demo in Russian, prints its report and writes the mails."""
    out = tmp_path_factory.mktemp("command")
    result = CliRunner().invoke(demo, ["--out", str(out), "--lang", "ru"])
    assert result.exit_code == 0, result.output
    assert "Кто ждёт" in result.output
    assert (out / "mail" / "index.html").is_file()
