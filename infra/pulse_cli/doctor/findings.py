"""What the doctor finds: one line each, with the mend where there is something to mend."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["Finding", "Status", "fail", "ok", "unknown", "warn"]

Status = Literal["OK", "WARN", "FAIL"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `what` is a word or two, the mend says what to do."""

    status: Status
    what: str
    said: str
    mend: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Give the finding as JSON has it."""
        return asdict(self)


def ok(what: str, said: str) -> Finding:
    """All is well."""
    return Finding("OK", what, said)


def warn(what: str, said: str, mend: str) -> Finding:
    """It works, and might not tomorrow, or not for all."""
    return Finding("WARN", what, said, mend)


def fail(what: str, said: str, mend: str) -> Finding:
    """Somebody is not watched, or not told."""
    return Finding("FAIL", what, said, mend)


def unknown(what: str, why: str) -> Finding:
    """It may be well or not: nobody could say."""
    return Finding("WARN", what, f"could not be checked: {why}")
