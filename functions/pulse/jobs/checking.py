"""One step of a compliance job: make it and upload the ids, wait, carry out what it tells.

How far the job is, X itself says; so a run that broke off is simply done again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pulse.domain.compliance import Checking, Job
from pulse.domain.journal import part_of
from pulse.domain.outbox import Entry
from pulse.domain.removal import Why
from pulse.domain.settings import Company
from pulse.domain.trouble import TroubleError, TroubleKind
from pulse.jobs.remove import remove
from pulse.jobs.retime import first_day

if TYPE_CHECKING:
    from pulse.adapters.compliance import Compliance
    from pulse.adapters.table import Stores

_MOST_BYTES = 80 * 10**6
"""Of ids in one job, 20 each: four million posts, the newest."""
_LONGEST_NAME = 64
_DAY = timedelta(days=1)
_TOLD: frozenset[TroubleKind] = frozenset({"forbidden", "token", "request"})
"""Troubles of these jobs alone; of others the polls tell."""


@dataclass(slots=True)
class Complying:
    """One run for one app of X: what it uses, what it did. `checking` is as it was last written."""

    companies: Sequence[Company]
    compliance: Compliance
    stores: Stores
    now: datetime
    out_of_time: Callable[[], bool]
    checking: Checking
    checked: int = 0
    removed: int = 0
    unreadable: int = 0

    def step(self) -> dict[str, Any]:
        """Take the next step; trouble is kept, and tried again later."""
        if not self.checking.due(self.now):
            return {"step": "not due"}
        try:
            step = self._go_on()
        except TroubleError as error:
            step = f"trouble: {error}"
            self._trouble(error)
        return {
            "step": step,
            "checked": self.checked,
            "removed": self.removed,
            "unreadable": self.unreadable,
        }

    def _go_on(self) -> str:
        if self.checking.job_id is not None:
            job = self.compliance.job(self.checking.job_id)
        else:
            running = self.compliance.under_way()
            job = next((one for one in running if one.name == self._name), None)
            if job is None:
                self._well(self.checking)
                return "waits for a job of others" if running else self._begin()
            self._well(self.checking.began(job.id, self.now))  # made, and not remembered
        if job is None or job.status in ("failed", "expired"):
            self._well(self.checking.void(self.now))
            return f"void: {job.status if job else 'unknown to X'}"
        self._well(self.checking)
        if job.status == "complete":
            return self._carry_out(job)
        if job.status == "created" and self.now < job.upload_expires_at:
            return self._upload(job, self._ids())
        return "waits"

    def _begin(self) -> str:
        ids = self._ids()
        if not ids:
            self._well(self.checking.skipped(self.now))
            return "nothing is kept"
        job = self.compliance.create(self._name)
        self._well(self.checking.began(job.id, self.now))
        return self._upload(job, ids)

    def _upload(self, job: Job, ids: bytes) -> str:
        self.compliance.upload(job, ids)
        self.checked = ids.count(b"\n")
        return "uploaded"

    def _carry_out(self, job: Job) -> str:
        """Remove what is gone, day by day; when time runs out the next run does it again."""
        results = self.compliance.results(job)
        self.unreadable = results.unreadable
        for company, day in self._days() if results.gone else ():
            if self.out_of_time():
                return "carries out"
            self._remove(company, day, results.gone)
        if results.gone:
            self._redact(results.gone)
        self._well(self.checking.done(self.now))
        return "done"

    def _remove(self, company: Company, day: date, gone: Mapping[str, Why]) -> None:
        kept = self.stores.kept.of(company.name, day)
        self.removed += remove(
            company,
            {post: gone[post.version] for post in kept if post.version in gone},
            self.stores.retraction,
            self.stores.outbox,
            self.stores.shelf,
            self.now,
            f"compliance job, posts of {day}",
        )

    def _redact(self, gone: Mapping[str, Why]) -> None:
        """What could not be read is kept as it came: its id tells whether it is gone."""
        for company in self.companies:
            self.removed += self.stores.journal.redact(
                company.name, lambda raw: part_of(raw, "id") in gone
            )

    def _ids(self) -> bytes:
        """Ids of all that is kept, one a line: each version, the newest days first."""
        lines = bytearray()
        for company in self.companies:
            for raw in self.stores.journal.put_aside(company.name):
                if (post_id := part_of(raw, "id")).isdecimal():
                    lines += f"{post_id}\n".encode()
        for company, day in self._days():
            for post in self.stores.kept.of(company.name, day):
                lines += f"{post.version}\n".encode()
            if len(lines) > _MOST_BYTES:
                break
        return bytes(lines)

    def _days(self) -> Iterator[tuple[Company, date]]:
        """Days of which posts may be kept, back to before anything was read."""
        first = {company.name: first_day(company, self.stores) for company in self.companies}
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

    def _well(self, checking: Checking) -> None:
        """Write it, without the trouble that is over."""
        checking = replace(checking, trouble=None)
        if checking != self.checking:
            self.checking = self.stores.checks.save(checking)

    def _trouble(self, error: TroubleError) -> None:
        """Keep it with its next try; tell each owner, once, what only a person can mend."""
        checking = self.checking.failed(error, self.now)
        tell = error.kind in _TOLD and not (checking.trouble and checking.trouble.told)
        owners = {c.person(c.owner).email: c for c in reversed(self.companies)}
        entries = [self._entry(company, error) for company in owners.values()] if tell else []
        self.checking = self.stores.checks.save(
            checking.told() if tell else checking, [self.stores.outbox.item(e) for e in entries]
        )

    def _entry(self, company: Company, error: TroubleError) -> Entry:
        return Entry(
            id=f"{self.now.isoformat()}#{self.checking.app}#{error.kind}",
            company=company.name,
            person=company.owner,
            kind="trouble",
            at=self.now,
            details=(
                ("trouble", "compliance"),
                ("subject", company.accounts[0].username),
                ("detail", error.detail),
            ),
        )
