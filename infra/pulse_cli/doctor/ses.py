"""Checks SES: whether Pulse may send mail, from which addresses, to whom and how much."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

import botocore.exceptions

from pulse.outbox.suppressions import people_with_address
from pulse_cli.doctor.findings import DoctorFinding, fail, ok, warn
from pulse_cli.stack.deployment import Deployment
from pulse_cli.terminal import one_line

if TYPE_CHECKING:
    from datetime import datetime

    from pulse.kernel.company import Settings

__all__ = [
    "check_account",
    "check_recipients",
    "check_senders",
    "check_suppressed",
    "judge_account",
    "judge_identity",
]

_NEARLY_SPENT = 0.8
"""The share of the day's quota from which on the quota is a warning."""
_ADDRESS = re.compile(r"[^\s,'\"\[\]]+@[^\s,'\"\[\]]+")
_VERIFY = "aws sesv2 create-email-identity --email-identity {}"


def check_account(deployment: Deployment) -> Iterator[DoctorFinding]:
    """Check whether SES sends for this account, and how much of its quota is left.

    Raises:
        CommandError: AWS_ENDPOINT_URL is not a URL.
    """
    yield from judge_account(deployment.client("sesv2").get_account())


def judge_account(answer: Mapping[str, Any]) -> Iterator[DoctorFinding]:
    """Yield what SES's answer about the account (GetAccount) means: health, sandbox, quota."""
    health = answer.get("EnforcementStatus", "HEALTHY")
    if not answer.get("SendingEnabled", True) or health == "SHUTDOWN":
        message = f"SES does not send email for this account ({health})"
        yield fail("SES account", message, "follow the instructions in the SES console")
    elif health != "HEALTHY":
        message = (
            f"SES has this account under review ({health}) because of too many bounces or "
            "complaints"
        )
        yield warn("SES account", message, "follow the instructions in the SES console")
    if answer.get("ProductionAccessEnabled"):
        yield ok("SES sandbox", "production access is granted")
    else:
        message = "SES is in the sandbox and sends to verified addresses only"
        yield warn("SES sandbox", message, "request production access in the SES console")
    quota = answer.get("SendQuota") or {}
    most, sent = quota.get("Max24HourSend", 0), quota.get("SentLast24Hours", 0)
    message = f"{sent:,.0f} of {most:,.0f} emails sent in 24 h"
    if most < 0:  # -1 stands for no limit
        yield ok("SES quota", f"{sent:,.0f} emails sent in 24 h, no limit")
    elif sent >= most:
        fix = "request a higher quota in the SES console; Pulse tries again by itself"
        yield fail("SES quota", message, fix)
    elif sent >= most * _NEARLY_SPENT:
        yield warn("SES quota", message, "request a higher quota in the SES console")
    else:
        yield ok("SES quota", message)


def check_senders(deployment: Deployment, settings: Settings | None) -> Iterator[DoctorFinding]:
    """Check whether every address that Pulse sends from is allowed, verified and signed (DKIM).

    Raises:
        CommandError: there is no such stack, or it lacks an output.
    """
    allowed = _ADDRESS.findall(deployment.parameters.get("Senders", ""))
    addresses = {deployment.output("SenderAddress"): "the stack"}
    for company in settings.companies if settings else ():
        if company.sender:
            addresses.setdefault(parseaddr(company.sender)[1], company.name)
    client = deployment.client("sesv2")
    for address, owner in addresses.items():
        what = f"sender {address}"
        if allowed and address not in allowed:
            listed = ",".join([*allowed, address])
            message = f"{owner} sends from this address, but the stack is not allowed to"
            yield fail(what, message, f"deploy again with Senders={listed}")
            continue
        yield from judge_identity(what, address, *_identity(client, address))


def judge_identity(
    what: str, address: str, name: str | None, answer: Mapping[str, Any]
) -> Iterator[DoctorFinding]:
    """Yield one finding about a sender's address, called `what` there.

    `name` is the identity in SES that covers the address: the address itself or a domain; None if
    there is none. `answer` is what SES says about that identity (GetEmailIdentity).
    """
    domain = address.rpartition("@")[2]
    if name is None:
        yield fail(
            what, "neither the address nor its domain is set up in SES", _VERIFY.format(domain)
        )
        return
    if not (
        answer.get("VerifiedForSendingStatus") or answer.get("VerificationStatus") == "SUCCESS"
    ):
        by_mail = "open the link that AWS sent to the address"
        by_dns = "add the records that the SES console shows to the domain's DNS"
        message = f"{name} is not verified ({answer.get('VerificationStatus', 'PENDING')})"
        yield fail(what, message, by_mail if "@" in name else by_dns)
        return
    dkim = answer.get("DkimAttributes") or {}
    if dkim.get("Status") == "SUCCESS" and dkim.get("SigningEnabled", True):
        yield ok(what, f"{name} is verified and signed (DKIM)")
    else:
        message = (
            f"{name} is verified, but email is not signed (DKIM {dkim.get('Status', 'unknown')})"
        )
        fix = f"verify the domain {domain} with DKIM; otherwise email may be treated as spam"
        yield warn(what, message, fix)


def check_recipients(
    deployment: Deployment, settings: Settings | None, now: datetime
) -> Iterator[DoctorFinding]:
    """Check whether all recipients are verified, which SES demands while it is in its sandbox.

    Raises:
        CommandError: AWS_ENDPOINT_URL is not a URL.
    """
    if settings is None:
        return
    client = deployment.client("sesv2")
    if client.get_account().get("ProductionAccessEnabled"):
        yield ok("recipients", "SES is out of the sandbox, so Pulse can write to any address")
        return
    verified = {name for name, state in _identities(client) if state}
    addresses = _addresses(settings, now)
    missing = [a for a in addresses if not verified & set(_identity_names(a))]
    for address in missing:
        message = "the address is not verified and SES is in the sandbox, so email to it is refused"
        yield fail(f"recipient {address}", message, _VERIFY.format(address))
    if not missing:
        yield ok("recipients", f"all {len(addresses)} are verified")


def check_suppressed(
    deployment: Deployment, settings: Settings | None, now: datetime
) -> Iterator[DoctorFinding]:
    """Check whether an address of our people is on the suppression list.

    Raises:
        CommandError: there is no such stack, or it lacks an output.
    """
    suppressed = [
        (company, suppression)
        for suppression in deployment.db.suppressions.all().values()
        for company in (settings.companies if settings else ())
        if people_with_address(company, suppression.address, now)
    ]
    for company, suppression in suppressed:
        why = "email to it bounced" if suppression.kind == "bounce" else "it was marked as spam"
        since = f"{suppression.at:%Y-%m-%d %H:%M} UTC"
        message = f"{company.name} has not written to it since {since}, because {why}"
        fix = (
            "change the address in pulse.yaml and push, or run pulse addresses --lift "
            f"{suppression.address}"
        )
        yield fail(
            f"address {suppression.address}", f"{message} ({one_line(suppression.reason)})", fix
        )
    if not suppressed:
        yield ok("addresses", "Pulse writes to every address")


def _addresses(settings: Settings, now: datetime) -> list[str]:
    found: dict[str, None] = {}
    for company in settings.companies:
        shadow = company.shadow
        if shadow is not None and now < shadow.until:
            found[shadow.to] = None
        else:
            found |= dict.fromkeys(person.email for person in company.people.values())
    return list(found)


def _identity_names(address: str) -> list[str]:
    """Return the identities that cover an address: itself, its domain and the domains above it."""
    parts = address.rpartition("@")[2].lower().split(".")
    return [address, *(".".join(parts[i:]) for i in range(len(parts) - 1))]


def _identity(client: Any, address: str) -> tuple[str | None, Mapping[str, Any]]:
    for name in _identity_names(address):
        try:
            return name, client.get_email_identity(EmailIdentity=name)
        except botocore.exceptions.ClientError as problem:
            if problem.response.get("Error", {}).get("Code") != "NotFoundException":
                raise
    return None, {}


def _identities(client: Any) -> Iterable[tuple[str, bool]]:
    more: dict[str, str] = {}
    while True:
        answer = client.list_email_identities(**more)
        for row in answer.get("EmailIdentities", []):
            yield row["IdentityName"], row.get("VerificationStatus", "SUCCESS") == "SUCCESS"
        if not answer.get("NextToken"):
            return
        more = {"NextToken": answer["NextToken"]}
