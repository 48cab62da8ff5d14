"""Sends one test mail, in the same way as all mail is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from pulse.kernel.company import Person
from pulse.outbox.mailer import SesMailer
from pulse.outbox.message import PermanentDeliveryError, TemporaryDeliveryError
from pulse.screens.mails import render
from pulse.screens.models import ProbeMail
from pulse_cli.doctor.findings import DoctorFinding, fail, ok, unknown
from pulse_cli.stack import aws
from pulse_cli.stack.deployment import Deployment

if TYPE_CHECKING:
    from datetime import datetime

    from pulse.kernel.company import Settings

__all__ = ["send_probe"]


def send_probe(
    deployment: Deployment, settings: Settings | None, to: str | None, now: datetime
) -> Iterator[DoctorFinding]:
    """Send a test mail and yield one finding: whether SES accepted it.

    It goes to the address `to`, or else to the shadow address or the owner of the first company.
    Whether it arrives, only a person can see.

    Raises:
        CommandError: there is no such stack, or it lacks an output.
    """
    company = settings.companies[0] if settings else None
    owner = company.people[company.owner] if company else Person("you", "", "")
    shadow = company.shadow if company else None
    if to is None and shadow is not None and now < shadow.until:
        to = shadow.to
    address = to or owner.email
    if not address:
        yield unknown(
            "test email", "no settings are in force, so there is no owner; use --mail ADDRESS"
        )
        return
    person = replace(owner, email=address, name=address if to else owner.name)
    title = company.title_in(person.language) if company else deployment.name
    mail = render(ProbeMail(title, now, person.name), person)
    mailer = SesMailer(
        deployment.client("sesv2"),
        deployment.output("SenderAddress"),
        deployment.outputs.get("ConfigurationSetName"),
    )
    what = f"test email to {address}"
    try:
        message_id = mailer.send(address, mail, now, company.sender if company else None)
    except PermanentDeliveryError as problem:
        fix = (
            "check the sender and recipients above: the address is unverified or on the SES "
            "suppression list"
        )
        yield fail(what, f"SES refused the email: {problem}", fix)
    except TemporaryDeliveryError as problem:
        yield fail(
            what, f"SES did not accept the email: {problem}", "fix what SES reports, and try again"
        )
    else:
        where = aws.endpoint_url()
        if where:
            yield unknown(what, f"the stand-in at {where} accepted it, but does not deliver")
        else:
            yield ok(
                what,
                (
                    f"SES accepted it ({message_id}); check that it arrives, and not in the spam "
                    "folder"
                ),
            )
