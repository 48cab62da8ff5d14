"""A deployed stack works by itself: these tests watch it for some minutes."""

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pulse_cli.template import load_template
from tests.deployed.deployment import Deployment, eventually

pytestmark = [pytest.mark.built, pytest.mark.clock]

PATIENCE = 2.5
"""Minutes after digests are due: `send` runs once a minute, and may have other mails to send."""


def status(deployment: Deployment) -> dict[str, Any]:
    answer = json.loads(deployment.shell.run_ok("pulse", "status", "--json"))
    [company] = answer["companies"]
    return company


def are_read(deployment: Deployment) -> bool:
    return all(one["last_poll"] for one in status(deployment)["accounts"])


def test_both_accounts_are_read(deployment: Deployment) -> None:
    """Within a minute of the push, mentions and replies are read and stored."""
    assert eventually(lambda: are_read(deployment), deployment.until(1))
    now = status(deployment)
    assert now["backlog"]["open"] == 2  # the third was answered
    assert [one["troubles"] for one in now["accounts"]] == [[], []]
    assert now["aside"]["posts"] == 0


@pytest.mark.parametrize(
    ("to", "subject", "language"),
    [
        ("galina@svyaz.example", r"2 ждут, дольше всех 3\d мин · Связь", "ru"),
        ("dan@svyaz.example", r"2 waiting, longest 3\d min · Svyaz", "en"),
    ],
)
def test_a_digest_arrives_by_its_readers_clock(
    deployment: Deployment, to: str, subject: str, language: str
) -> None:
    """A digest arrives when it is due, in two parts, in its reader's language."""
    mail = deployment.inbox.wait_for_mail(to, within=deployment.until(PATIENCE))
    assert re.fullmatch(subject, mail["Subject"])
    assert mail["From"] == "Pulse <pulse@svyaz.example>"
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text
    assert html
    assert f'lang="{language}"' in html.get_content()
    for part in (text, html):
        assert "No signal in the whole district" in part.get_content()


def test_the_person_on_duty_is_alerted_of_a_wait(deployment: Deployment) -> None:
    """When a wait becomes a warning, the person whom the policy names gets a mail."""
    mail = deployment.inbox.wait_for_mail("anna@svyaz.example", within=deployment.until(PATIENCE))
    assert re.fullmatch(r"Warning: 1 customer waiting for 1\d min · Svyaz", mail["Subject"])
    html = mail.get_body(("html",))
    assert html
    assert "личный кабинет" in html.get_content()
    # The other wait was late when Pulse began to watch: the digest reports it, no alert does.
    assert "No signal" not in html.get_content()


def test_functions_run_on_lambdas_python_only(deployment: Deployment) -> None:
    """All functions that have run after a minute ran as built, on the runtime's own Python.

    These are the functions with a queue or a schedule of every minute; `figures` runs at night.
    """
    deployment.inbox.wait_for_mail("anna@svyaz.example", within=deployment.until(PATIENCE))
    ran = {}
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it may have ended
            python, _, script = process.read_text().partition("\0")
            if match := re.match(
                rf"{deployment.unpacked}/ministack-lambda-(pulse-.*)-\w+/", script
            ):
                ran[match[1]] = python
    expected = {
        deployment.resources[one.resource]
        for one in load_template().functions.values()
        if one.queue or "cron(* * * * ? *)" in one.schedules
    }
    assert expected <= set(ran)
    assert set(ran.values()) == {str(deployment.python)}


def test_the_doctor_finds_nothing_to_fix(deployment: Deployment) -> None:
    """For a stack that works, the doctor reports no failure, and its test mail arrives."""
    assert eventually(lambda: are_read(deployment), deployment.until(1))
    answer = json.loads(
        deployment.shell.run_ok("pulse", "doctor", "--json", "--mail", "you@svyaz.example")
    )
    found = {one["what"]: one["status"] for one in answer["findings"]}
    assert found["schedules"] == found["critical topic"] == found["polls given up"] == "OK"
    assert "FAIL" not in found.values()
    unchecked = [one["what"] for one in answer["findings"] if "could not be checked" in one["said"]]
    # a stand-in for AWS promises no delivery and does not say which events SES reports
    assert unchecked == ["bounces and complaints", "test email to you@svyaz.example"]
    assert "Svyaz" in deployment.inbox.wait_for_mail("you@svyaz.example", within=10)["Subject"]
