"""One step of a compliance job: create it and upload the ids, wait, delete what it found.

X itself says how far the job is: so a run that was interrupted is simply repeated (D-028).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pulse.audit.entries import field_of
from pulse.conversations.facts import Mention, Reply
from pulse.kernel.batching import batched
from pulse.kernel.company import Company
from pulse.kernel.posts import RemovalReason
from pulse.outbox.entries import Entry
from pulse.privacy.compliance import REPORTED_AT_ONCE, ComplianceState
from pulse.privacy.removal import StoredPost, stored_post
from pulse.privacy.run import ComplyRun, StepReport
from pulse.x.answers import is_id
from pulse.x.faults import XError

if TYPE_CHECKING:
    from pulse.x.compliance import ComplianceApi, ComplianceJob

_MOST_BYTES = 80 * 10**6
"""Of ids in one job, about 20 bytes each: four million posts."""
_BATCH = 100
"""Posts that are looked at between two checks of the remaining time."""
_LONGEST_NAME = 64
"""Characters of a job's name."""


@dataclass(slots=True)
class ComplianceRun:
    """One run for one app of X: what it uses and what it did. `state` is as it was last saved."""

    run: ComplyRun
    companies: Sequence[Company]
    """Those that this app reads."""
    compliance: ComplianceApi
    state: ComplianceState
    checked: int = 0
    removed: int = 0
    unreadable: int = 0

    def step(self) -> StepReport:
        """Take the next step. An error of X is stored with the state, and not raised.

        Raises:
            StaleWriteError: another run took this step meanwhile.
        """
        if not self.state.is_due(self.run.now):
            return StepReport("not due")
        try:
            step = self._take_next_step()
        except XError as error:
            step = f"trouble: {error}"
            self._record_failure(self.state, error)
        return StepReport(step, self.checked, self.removed, unreadable=self.unreadable)

    def _take_next_step(self) -> str:
        """Take the next step, and return its name for the log."""
        if self.state.job_id is not None:
            job = self.compliance.job(self.state.job_id)
        elif next(self._stored_ids(), None) is None:
            self._save(self.state.skipped(self.run.now))
            return "nothing is kept"
        else:
            # X allows an app one job at a time. A job that bears our name was created by a run that
            # ended before it could save the state: it is taken over, or it would stand in the way
            # until it expires. A job of others is waited for.
            running = [
                j for j in self.compliance.under_way() if j.status_at(self.run.now) != "expired"
            ]
            job = next((one for one in running if one.name == self._name), None)
            if job is None:
                others = "waits for a job of others"
                return self._hold_up(self.state, others) if running else self._begin()
            self._save(self.state.started(job.id, self.run.now))
        status = job.status_at(self.run.now) if job is not None else "unknown to X"
        if job is None or status in ("failed", "expired"):
            return self._hold_up(self.state.voided(self.run.now), f"void: {status}")
        if status == "complete":
            return self._carry_out(job)
        if status == "created":
            # The ids were never uploaded, or not to the end. What is stored may have changed, but
            # X takes ids again as often as they are sent, until the job begins.
            return self._upload(job, self._ids())
        is_late = self.state.next_at is not None and self.state.next_at <= self.run.now
        return self._hold_up(self.state, "waits for long") if is_late else "waits"

    def _begin(self) -> str:
        ids = self._ids()  # before the job is created: reading them may take a while, or fail
        job = self.compliance.create(self._name)
        self._save(self.state.started(job.id, self.run.now))
        return self._upload(job, ids)

    def _upload(self, job: ComplianceJob, ids: bytes) -> str:
        self.compliance.upload(job, ids)
        self.checked = ids.count(b"\n")
        return "uploaded"

    def _carry_out(self, job: ComplianceJob) -> str:
        """Delete what is no longer on X; after a timeout the next run begins again."""
        # The results name every post again when they are downloaded again; a post that was deleted
        # before is not stored any more, and is found no second time. So no place has to be
        # remembered, and the job is done only when all posts were looked at.
        results = self.compliance.results(job)
        self.unreadable = results.unreadable
        for company in self.companies if results.gone else ():
            for some in batched(self._stored_posts(company), _BATCH):
                if self.run.out_of_time():
                    return "carries out"
                found = {p: results.gone[p.version] for p in some if p.version in results.gone}
                self.removed += self.run.stores.deleter.delete(
                    company, found, self.run.now, "compliance job"
                )
        if results.gone:
            self._redact(results.gone)
        self._save(self.state.done(self.run.now))
        return "done"

    def _redact(self, gone: Mapping[str, RemovalReason]) -> None:
        """Redact quarantined posts that are no longer on X, found by the id in the raw post."""
        for company in self.companies:
            self.removed += self.run.stores.audit_log.redact(
                company.name, lambda raw: field_of(raw, "id") in gone
            )

    def _ids(self) -> bytes:
        """Return the ids of all stored posts, one a line: the last ones, up to what a job takes."""
        # The function has 512 MB: so they are bytes from the start, and what exceeds the limit is
        # dropped from the front, where the conversations are that nobody has spoken in for longest.
        lines = bytearray()
        for post_id in self._stored_ids():
            lines += f"{post_id}\n".encode()
            if len(lines) > _MOST_BYTES:
                del lines[: lines.index(b"\n") + 1]
        return bytes(lines)

    def _stored_ids(self) -> Iterator[str]:
        """Yield each version of each post; quarantined ones come last."""
        for company in self.companies:
            yield from (post.version for post in self._stored_posts(company))
        for company in self.companies:
            for raw in self.run.stores.audit_log.quarantined(company.name):
                if is_id(post_id := field_of(raw, "id")):
                    yield post_id

    def _stored_posts(self, company: Company) -> Iterator[StoredPost]:
        for stored in self.run.stores.conversations.spoken_in_since(company):
            for fact in stored.facts:
                if isinstance(fact, (Mention, Reply)):
                    yield stored_post(stored.key, fact)

    @property
    def _name(self) -> str:
        return self.run.job_name[:_LONGEST_NAME]

    def _save(self, state: ComplianceState) -> None:
        self.state = self.run.stores.compliance_states.save(state)

    def _hold_up(self, state: ComplianceState, step: str) -> str:
        """Record that X answers but no check succeeds, which counts as a failure if it lasts."""
        self._record_failure(state, XError("unavailable", step))
        return step

    def _record_failure(self, state: ComplianceState, error: XError) -> None:
        """Save the failure and its next try; report it once to each owner, if a person must act."""
        # State and entries are one transaction, so each owner gets exactly one report. An owner of
        # several companies (one address) gets one about the first of them, since earlier ones
        # overwrite later ones.
        state = state.failed(error, self.run.now)
        must_report = state.must_report(self.run.now)
        owners = {c.person(c.owner).email: c for c in reversed(self.companies)}
        entries = (
            [self._entry(company, error) for company in owners.values()] if must_report else []
        )
        self.state = self.run.stores.compliance_states.save(
            state.reported() if must_report else state, entries
        )

    def _entry(self, company: Company, error: XError) -> Entry:
        return Entry(
            id=f"{self.run.now.isoformat()}#{self.state.app}#{error.kind}",
            company=company.name,
            person=company.owner,
            kind="trouble",
            at=self.run.now,
            details=(
                ("trouble", "compliance" if error.kind in REPORTED_AT_ONCE else "unchecked"),
                ("subject", company.accounts[0].username),
                ("detail", error.detail),
            ),
        )
