"""Compliance jobs: ids are uploaded, and those of removed posts are returned with the reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from werkzeug import Request

from pulse_cli.simulated_x.archive import Archive
from pulse_cli.simulated_x.archived_posts import is_id
from pulse_cli.simulated_x.call import ApiCall
from pulse_cli.simulated_x.error_bodies import (
    JSON,
    RequestRefusedError,
    invalid_request,
    not_found,
    title_only,
    unsupported_authentication,
)
from pulse_cli.simulated_x.timestamps import write_time
from pulse_cli.simulated_x.visible_posts import VisiblePosts
from pulse_cli.simulated_x.vocabulary import Vocabulary

JOB_DURATION = timedelta(minutes=3)
"""The time from the upload to the results."""
UPLOAD_LIFE = timedelta(minutes=15)
"""How long ids can be uploaded after a job was created."""
DOWNLOAD_LIFE = timedelta(days=7)
"""How long results can be downloaded after a job was created."""
STORAGE = "https://storage.simulated-x.example/compliance"
"""Not X's own host: clients must lead requests to this one to the simulated X as well."""
_LONGEST_NAME = 64
_FIRST_ID = 1_400_000_000_000_000_000


@dataclass(slots=True)
class BatchJob:
    """A job of one app; `ids` are None until they are uploaded."""

    id: str
    app: str
    kind: str
    name: str | None
    created_at: datetime
    ids: tuple[str, ...] | None = None
    ready_at: datetime | None = None

    def status(self, now: datetime) -> str:
        """Return `created`, `in_progress`, `complete`, or `expired` if nothing was uploaded."""
        if self.ready_at is None:
            return "created" if now < self.created_at + UPLOAD_LIFE else "expired"
        return "in_progress" if now < self.ready_at else "complete"

    def signature(self, what: str) -> str:
        """Return the signature that gives access to the upload or the results, without a token."""
        return f"signed-{what}-{self.id}"

    def to_json(self, now: datetime) -> dict[str, Any]:
        """Return the job as X writes it, in JSON values."""
        urls = {
            f"{name}_url": f"{STORAGE}/{self.id}/{what}?signature={self.signature(what)}"
            for name, what in (("upload", "submission"), ("download", "results"))
        }
        return {
            "id": self.id,
            "type": self.kind,
            "status": self.status(now),
            "created_at": write_time(self.created_at),
            "upload_expires_at": write_time(self.created_at + UPLOAD_LIFE),
            "download_expires_at": write_time(self.created_at + DOWNLOAD_LIFE),
            **urls,
            **({"name": self.name} if self.name else {}),
        }


@dataclass(slots=True)
class BatchJobs:
    """The jobs of all apps."""

    archive: Archive
    visible: VisiblePosts
    _jobs: dict[str, BatchJob] = field(default_factory=dict)

    def create_job(self, call: ApiCall, body: Any) -> dict[str, Any]:
        """Create a job, and return the answer with it.

        Raises:
            RequestRefusedError: it is a user's token, the body is wrong, or a job of this app and
                type is in progress.
        """
        _app_only(call)
        kind, name = _read(body, call.vocabularies[-1])
        if any(
            job.app == call.identity.token
            and job.kind == kind
            and job.status(call.now) in ("created", "in_progress")
            for job in self._jobs.values()
        ):
            message = "You already have a job of this type in progress."
            raise invalid_request([("type", kind, message)], call.vocabularies[-1])
        job = BatchJob(str(_FIRST_ID + len(self._jobs)), call.identity.token, kind, name, call.now)
        self._jobs[job.id] = job
        return {"data": job.to_json(call.now)}

    def list_jobs(self, call: ApiCall) -> dict[str, Any]:
        """Return the answer with the app's jobs of the last seven days, by type and status.

        Raises:
            RequestRefusedError: it is a user's token.
        """
        _app_only(call)
        parsed = call.request
        found = [
            job.to_json(call.now)
            for job in self._jobs.values()
            if job.app == call.identity.token
            and job.kind == parsed.job_type
            and call.now < job.created_at + DOWNLOAD_LIFE
            and parsed.job_status in (None, job.status(call.now))
        ]
        meta = {"meta": {"result_count": len(found)}}
        return {"data": found, **meta} if found else meta

    def get_job(self, call: ApiCall) -> dict[str, Any]:
        """Return the answer with one job of the app; a partial error if there is no such job.

        Raises:
            RequestRefusedError: it is a user's token.
        """
        _app_only(call)
        job = self._jobs.get(str(call.path["id"]))
        if job is None or job.app != call.identity.token:
            error = not_found("job", "id", str(call.path["id"]), call.vocabularies[-1])
            return {"errors": [error]}
        return {"data": job.to_json(call.now)}

    def transfer(self, operation: str, job_id: str, request: Request, now: datetime) -> bytes:
        """Accept an upload and return nothing, or return the results.

        Raises:
            RequestRefusedError: the signature is wrong, the request has a token as well, the time
                is over, or there are no results yet.
        """
        job, what = self._jobs.get(job_id), "submission" if operation == "upload" else "results"
        if job is None or request.args.get("signature") != job.signature(what):
            raise _storage_error(403, "SignatureDoesNotMatch")
        if "Authorization" in request.headers:
            raise _storage_error(400, "AuthenticationConflict")
        if now >= job.created_at + (UPLOAD_LIFE if operation == "upload" else DOWNLOAD_LIFE):
            raise _storage_error(400, "ExpiredToken")
        return (
            self._accept_upload(job, request, now)
            if operation == "upload"
            else self._results(job, now)
        )

    def _accept_upload(self, job: BatchJob, request: Request, now: datetime) -> bytes:
        if request.mimetype != "text/plain":
            raise _storage_error(403, "SignatureDoesNotMatch")
        lines = request.get_data().decode("ascii", errors="replace").split()
        job.ids = tuple(line for line in lines if is_id(line))
        job.ready_at = now + JOB_DURATION
        return b""

    def _results(self, job: BatchJob, now: datetime) -> bytes:
        """Return a JSON object a line for each post that was removed; other ids are left out."""
        if job.ready_at is None or now < job.ready_at:
            raise _storage_error(404, "NoSuchKey")
        return "".join(f"{json.dumps(line)}\n" for line in self._lines(job, job.ready_at)).encode()

    def _lines(self, job: BatchJob, at: datetime) -> Iterator[dict[str, str]]:
        for post_id in job.ids or ():
            post = self.archive.index.by_id.get(post_id)
            removal = self.visible.removal_of(post, at) if post is not None else None
            if post is not None and removal is not None:
                yield {
                    "id": post_id,
                    "action": "delete",
                    "created_at": write_time(post.created_at),
                    "redacted_at": write_time(removal.at),
                    "reason": removal.reason,
                }


def _app_only(call: ApiCall) -> None:
    if call.identity.is_user:
        raise unsupported_authentication(
            "OAuth 1.0a User Context", "OAuth 2.0 Application-Only", call.vocabularies[-1]
        )


def _read(body: Any, words: Vocabulary) -> tuple[str, str | None]:
    kind, name = (body.get("type"), body.get("name")) if isinstance(body, dict) else (None, None)
    if kind not in ("tweets", "users"):
        raise invalid_request([("type", str(kind), "`type` is not one of [tweets,users]")], words)
    if name is not None and (not isinstance(name, str) or len(name) > _LONGEST_NAME):
        raise invalid_request([("name", str(name), "`name` is longer than 64 characters")], words)
    return kind, name


def _storage_error(status: int, code: str) -> RequestRefusedError:
    return RequestRefusedError(status, {**title_only(status, code).body, "code": code}, JSON)
