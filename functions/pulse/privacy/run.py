"""One run of the job `comply`: what it uses, and what it reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pulse.audit.store import AuditLog
from pulse.conversations.store.conversations import ConversationStore
from pulse.kernel.company import Company
from pulse.listening.store import CursorStore
from pulse.privacy.deletion import PostDeleter
from pulse.privacy.store import ComplianceStore
from pulse.settings.store import SettingsStore

if TYPE_CHECKING:
    from pulse.x.client import XClient
    from pulse.x.compliance import ComplianceApi


@dataclass(frozen=True, slots=True)
class PrivacyStores:
    """Handed to the job `comply` by the app; `deleter` deletes a post wherever it is stored."""

    audit_log: AuditLog
    compliance_states: ComplianceStore
    conversations: ConversationStore
    cursors: CursorStore
    deleter: PostDeleter
    settings: SettingsStore


@dataclass(frozen=True, slots=True)
class ComplyRun:
    """One run of the job: the companies, the access to X, the stores and the time limit."""

    companies: Sequence[Company]
    bearer: Callable[[Company], str | None]
    """The bearer token of the app of X that reads a company; None if the company has none."""
    compliance: Callable[[str], ComplianceApi]
    """The compliance jobs of the app of X that has this bearer."""
    x: Callable[[Company], XClient]
    job_name: str
    """Distinguishes our jobs from those of other stacks that use the same app of X."""
    stores: PrivacyStores
    now: datetime
    out_of_time: Callable[[], bool]


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
