"""What the doctor finds: one line each, with the mend where there is something to mend."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["DoctorFinding", "Status", "fail", "ok", "unknown", "warn"]

Status = Literal["OK", "WARN", "FAIL"]


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    """One thing that was looked at. `what` is a word or two, the mend says what to do."""

    status: Status
    what: str
    said: str
    mend: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the finding as JSON has it."""
        return asdict(self)


def ok(what: str, said: str) -> DoctorFinding:
    """Return all is well."""
    return DoctorFinding("OK", what, said)


def warn(what: str, said: str, mend: str) -> DoctorFinding:
    """It works, and might not tomorrow, or not for all."""
    return DoctorFinding("WARN", what, said, mend)


def fail(what: str, said: str, mend: str) -> DoctorFinding:
    """Somebody is not watched, or not told."""
    return DoctorFinding("FAIL", what, said, mend)


def unknown(what: str, why: str) -> DoctorFinding:
    """It may be well or not: nobody could say."""
    return DoctorFinding("WARN", what, f"could not be checked: {why}")
