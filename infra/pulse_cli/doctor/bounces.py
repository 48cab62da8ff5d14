"""Checks whether SES reports bounces and complaints to Pulse."""

from __future__ import annotations

from collections.abc import Iterator

from pulse_cli.doctor.findings import DoctorFinding, fail, ok
from pulse_cli.stack.deployment import Deployment

__all__ = ["check_bounce_events"]

_WHAT = "bounces and complaints"
_REQUIRED_EVENTS = {"bounce", "complaint", "reject"}


def check_bounce_events(deployment: Deployment) -> Iterator[DoctorFinding]:
    """Check whether bounces and complaints about sent mails reach the function `feedback`.

    Raises:
        CommandError: there is no such stack, or it lacks an output.
    """
    answer = deployment.client("ses").describe_configuration_set(
        ConfigurationSetName=deployment.output("ConfigurationSetName"),
        ConfigurationSetAttributeNames=["eventDestinations"],
    )
    name = f"{deployment.name}-feedback"
    destinations = [
        one for one in answer.get("EventDestinations") or () if one and one["Name"] == name
    ]
    enabled_events = {
        kind.lower() for one in destinations for kind in one["MatchingEventTypes"] if one["Enabled"]
    }
    if enabled_events >= _REQUIRED_EVENTS:
        yield ok(_WHAT, "SES reports them to Pulse")
    else:
        missing = ", ".join(sorted(_REQUIRED_EVENTS - enabled_events))
        message = (
            f"SES does not report them to Pulse ({missing}), so Pulse keeps writing to "
            "addresses that bounce"
        )
        yield fail(_WHAT, message, "deploy again with make deploy")
