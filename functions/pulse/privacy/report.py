"""What one step of `comply` reports to its log and metrics."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class StepReport:
    """What one step did; a number that has no meaning for the step is None."""

    step: str | None = None
    checked: int | None = None
    """Posts that X was asked about."""
    removed: int | None = None
    """Posts that were deleted."""
    read: int | None = None
    """Posts that X bills."""
    unreadable: int | None = None
    """Lines of a job's results that could not be read."""
    written: int | None = None
    """Items that were given another time to live."""
    unchecked_hours: float | None = None
    """For how long no check of an app of X has succeeded."""

    def as_json(self) -> dict[str, Any]:
        """Return what is not None, as it is logged."""
        return {name: value for name, value in asdict(self).items() if value is not None}
