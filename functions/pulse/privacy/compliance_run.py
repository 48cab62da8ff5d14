"""One step of a compliance job: make it and upload the ids, wait, carry out what it tells.

How far the job is, X itself says; so a run that broke off is simply done again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pulse.audit.entries import field_of
from pulse.kernel.company import Company
from pulse.kernel.posts import RemovalReason
from pulse.outbox.entries import Entry
from pulse.privacy.compliance import REPORTED_AT_ONCE, ComplianceState
from pulse.privacy.deletion import delete_posts
from pulse.privacy.retention import first_stored_day
from pulse.x.faults import XError

if TYPE_CHECKING:
    from pulse.repositories import Repositories
    from pulse.x.compliance import ComplianceApi, ComplianceJob

_MOST_BYTES = 80 * 10**6
"""Of ids in one job, 20 each: four million posts, the newest."""
_LONGEST_NAME = 64
_DAY = timedelta(days=1)


@dataclass(slots=True)
class ComplianceRun:
    """One run for one app of X: what it uses, what it did. `checking` is as it was last written."""

    companies: Sequence[Company]
    compliance: ComplianceApi
    stores: Repositories
    now: datetime
    out_of_time: Callable[[], bool]
    checking: ComplianceState
    checked: int = 0
    removed: int = 0
    unreadable: int = 0

    def step(self) -> dict[str, Any]:
        """Take the next step; trouble is kept, and tried again later."""
        if not self.checking.is_due(self.now):
            return {"step": "not due"}
        try:
            step = self._go_on()
        except XError as error:
            step = f"trouble: {error}"
            self._trouble(self.checking, error)
        return {
            "step": step,
            "checked": self.checked,
            "removed": self.removed,
            "unreadable": self.unreadable,
        }

    def _go_on(self) -> str:
        if self.checking.job_id is not None:
            job = self.compliance.job(self.checking.job_id)
        elif next(self._kept(), None) is None:
            self._save(self.checking.skipped(self.now))
            return "nothing is kept"
        else:
            running = [j for j in self.compliance.under_way() if j.status_at(self.now) != "expired"]
            job = next((one for one in running if one.name == self._name), None)
            if job is None:
                others = "waits for a job of others"
                return self._held_up(self.checking, others) if running else self._begin()
            self._save(self.checking.started(job.id, self.now))  # made, and not remembered
        status = job.status_at(self.now) if job is not None else "unknown to X"
        if job is None or status in ("failed", "expired"):
            return self._held_up(self.checking.voided(self.now), f"void: {status}")
        if status == "complete":
            return self._carry_out(job)
        if status == "created":
            return self._upload(job, self._ids())
        late = self.checking.next_at is not None and self.checking.next_at <= self.now
        return self._held_up(self.checking, "waits for long") if late else "waits"

    def _begin(self) -> str:
        ids = self._ids()
        job = self.compliance.create(self._name)
        self._save(self.checking.started(job.id, self.now))
        return self._upload(job, ids)

    def _upload(self, job: ComplianceJob, ids: bytes) -> str:
        self.compliance.upload(job, ids)
        self.checked = ids.count(b"\n")
        return "uploaded"

    def _carry_out(self, job: ComplianceJob) -> str:
        """Remove what is gone, day by day; when time runs out the next run does it again."""
        results = self.compliance.results(job)
        self.unreadable = results.unreadable
        for company, day in self._days() if results.gone else ():
            if self.out_of_time():
                return "carries out"
            self._remove(company, day, results.gone)
        if results.gone:
            self._redact(results.gone)
        self._save(self.checking.done(self.now))
        return "done"

    def _remove(self, company: Company, day: date, gone: Mapping[str, RemovalReason]) -> None:
        kept = self.stores.post_index.posts_of_day(company.name, day)
        self.removed += delete_posts(
            company,
            {post: gone[post.version] for post in kept if post.version in gone},
            self.stores.deletions,
            self.stores.outbox,
            self.stores.author_cache,
            self.stores.own_posts,
            self.now,
            f"compliance job, posts of {day}",
        )

    def _redact(self, gone: Mapping[str, RemovalReason]) -> None:
        """What could not be read is kept as it came: its id tells whether it is gone."""
        for company in self.companies:
            self.removed += self.stores.audit_log.redact(
                company.name, lambda raw: field_of(raw, "id") in gone
            )

    def _ids(self) -> bytes:
        """Ids of all that is kept, one a line."""
        lines = bytearray()
        for post_id in self._kept():
            lines += f"{post_id}\n".encode()
            if len(lines) > _MOST_BYTES:
                break
        return bytes(lines)

    def _kept(self) -> Iterator[str]:
        """Each version of each post, the newest days first."""
        for company in self.companies:
            for raw in self.stores.audit_log.quarantined(company.name):
                if (post_id := field_of(raw, "id")).isdecimal():
                    yield post_id
        for company, day in self._days():
            for post in self.stores.post_index.posts_of_day(company.name, day):
                yield post.version

    def _days(self) -> Iterator[tuple[Company, date]]:
        """Days of which posts may be kept, back to before anything was read."""
        first = {company.name: first_stored_day(company, self.stores) for company in self.companies}
        day = self.now.date() + _DAY
        while any(one is not None and one <= day for one in first.values()):
            for company in self.companies:
                since = first[company.name]
                if since is not None and since <= day:
                    yield company, day
            day -= _DAY

    @property
    def _name(self) -> str:
        """By which a job is known as ours; other stacks may use the same app."""
        return self.stores.table.name[:_LONGEST_NAME]

    def _save(self, checking: ComplianceState) -> None:
        self.checking = self.stores.compliance_states.save(checking)

    def _held_up(self, checking: ComplianceState, step: str) -> str:
        """X answers, and yet no check goes through: trouble all the same, should it last."""
        self._trouble(checking, XError("unavailable", step))
        return step

    def _trouble(self, checking: ComplianceState, error: XError) -> None:
        """Keep it with its next try; tell each owner once, of what a person mends or what lasts."""
        checking = checking.failed(error, self.now)
        tell = checking.must_report(self.now)
        owners = {c.person(c.owner).email: c for c in reversed(self.companies)}
        entries = [self._entry(company, error) for company in owners.values()] if tell else []
        self.checking = self.stores.compliance_states.save(
            checking.reported() if tell else checking, entries
        )

    def _entry(self, company: Company, error: XError) -> Entry:
        return Entry(
            id=f"{self.now.isoformat()}#{self.checking.app}#{error.kind}",
            company=company.name,
            person=company.owner,
            kind="trouble",
            at=self.now,
            details=(
                ("trouble", "compliance" if error.kind in REPORTED_AT_ONCE else "unchecked"),
                ("subject", company.accounts[0].username),
                ("detail", error.detail),
            ),
        )
