"""The findings of `pulse doctor`: one line each, with the fix where something is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["DoctorFinding", "Status", "fail", "ok", "unknown", "warn"]

Status = Literal["OK", "WARN", "FAIL"]


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    """The result of one check.

    `what` names in a word or two what was checked, `message` says how it is, and `fix` what to do;
    None if nothing is to be done.
    """

    status: Status
    what: str
    message: str
    fix: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the finding for scripts, which know `message` as `said` and `fix` as `mend`."""
        return {"status": self.status, "what": self.what, "said": self.message, "mend": self.fix}


def ok(what: str, message: str) -> DoctorFinding:
    """Return a finding that all is well."""
    return DoctorFinding("OK", what, message)


def warn(what: str, message: str, fix: str) -> DoctorFinding:
    """Return a finding about something that works now, but may soon fail, or fails for some."""
    return DoctorFinding("WARN", what, message, fix)


def fail(what: str, message: str, fix: str) -> DoctorFinding:
    """Return a finding that an account is not watched, or that somebody is not alerted."""
    return DoctorFinding("FAIL", what, message, fix)


def unknown(what: str, why: str) -> DoctorFinding:
    """Return a finding, a warning, that a check could not be made; `why` is the reason."""
    return DoctorFinding("WARN", what, f"could not be checked: {why}")
