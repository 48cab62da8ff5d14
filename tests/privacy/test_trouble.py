"""Faults of compliance jobs: retried, and reported only where a person has to fix them."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from pulse_cli.simulated_x import SimulatedX
from tests.privacy.comply_days import DAY, HOUR, THREE_DAYS, run_comply
from tests.privacy.deleted_posts import deleted_at, table_text
from tests.small_company import Build, Posts, at, one_account_settings
from tests.x_interceptor import fault


def test_comply_waits_for_a_job_of_others(posts: Posts, small_company: Build) -> None:
    """While another program of the same app has a job, ours waits, and then begins."""
    post = posts.mention(1, "7", **deleted_at(THREE_DAYS))
    here = small_company(one_account_settings()).run_minutes(0, 2)
    here.world.move_clock_to(at(THREE_DAYS - 1))
    api = here.world.app.compliance("rehearsal")
    api.create("another program's")
    assert run_comply(here, THREE_DAYS, THREE_DAYS + 40) == [
        "waits for a job of others",
        "waits for a job of others",
        "uploaded",
        "done",
        "not due",
    ]
    assert post not in here.stored
    assert here.mails == []


def test_a_job_that_was_created_and_not_recorded_is_found(
    posts: Posts, small_company: Build
) -> None:
    """After a crash between X's answer and our record, the job is found by its name."""
    posts.mention(1, "7", **deleted_at(THREE_DAYS))
    here = small_company(one_account_settings()).run_minutes(0, 2)
    here.world.move_clock_to(at(THREE_DAYS - 1))
    here.world.app.compliance("rehearsal").create(here.world.app.db.table.name[:64])
    assert run_comply(here, THREE_DAYS, THREE_DAYS + 10) == ["uploaded", "done"]
    assert here.stored == set()


FAULTS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "X is down": ({"endpoint": "compliance", "status": 503}, ["uploaded", "done"]),
    "no answer": ({"endpoint": "compliance", "drop": "timeout"}, ["uploaded", "done"]),
    "too many requests": ({"endpoint": "compliance", "status": 429}, ["uploaded", "done"]),
    "no JSON": ({"endpoint": "compliance", "status": 200, "body": "<html>"}, ["uploaded", "done"]),
    "the storage is down": ({"endpoint": "storage", "status": 503}, ["uploaded", "done"]),
    "the storage redirects": (
        {"endpoint": "storage", "status": 302, "headers": {"location": "https://evil.example"}},
        ["uploaded", "done"],
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_temporary_fault_is_retried_and_not_reported(
    posts: Posts, small_company: Build, case: str
) -> None:
    """After a fault at the first step, the job is done; polls are not affected."""
    what, after = FAULTS[case]
    posts.mention(1, "7", **deleted_at(THREE_DAYS))
    faults = [fault(THREE_DAYS, THREE_DAYS + 5, **what)]
    here = small_company(one_account_settings(), faults=faults).run_minutes(0, 2)
    [first] = run_comply(here, THREE_DAYS, THREE_DAYS)
    assert first.startswith("trouble: ")
    steps = run_comply(here, THREE_DAYS + 10, THREE_DAYS + 30)
    assert [step for step in steps if step != "not due"] == after
    assert here.stored == set()
    assert here.mails == []
    assert here.cursor().faults == {}
    assert here.failures == []


def test_results_that_cannot_be_fetched_are_fetched_again(
    posts: Posts, small_company: Build
) -> None:
    """When the storage fails as results are due, they are fetched by the next run."""
    posts.mention(1, "7", **deleted_at(THREE_DAYS))
    faults = [fault(THREE_DAYS + 5, THREE_DAYS + 15, endpoint="storage", drop="mid-body", body="{")]
    here = small_company(one_account_settings(), faults=faults).run_minutes(0, 2)
    steps = run_comply(here, THREE_DAYS, THREE_DAYS + 20)
    assert (steps[0], steps[2]) == ("uploaded", "done")
    assert steps[1].startswith("trouble: unavailable")
    assert here.stored == set()


def test_a_job_without_upload_in_time_is_replaced(posts: Posts, small_company: Build) -> None:
    """A job without an upload within 15 minutes is void, and another one is created."""
    posts.mention(1, "7", **deleted_at(THREE_DAYS))
    faults = [fault(THREE_DAYS, THREE_DAYS + 18, endpoint="storage", status=503)]
    here = small_company(one_account_settings(), faults=faults).run_minutes(0, 2)
    steps = run_comply(here, THREE_DAYS, THREE_DAYS + 100)
    assert [s for s in steps if s != "not due" and not s.startswith("trouble")] == [
        "void: expired",
        "uploaded",
        "done",
    ]
    assert here.stored == set()


class JobChanger:
    """Changes what the simulated X answers about jobs."""

    def __init__(self, sim: SimulatedX, **changes: Any) -> None:
        self._sim, self._changes = sim, changes
        self.on = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sim, name)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        begun: list[Any] = []
        content = b"".join(self._sim(environ, lambda *arguments: begun.append(arguments)))
        status, headers = begun[0]
        if self.on and "/compliance/jobs/" in environ["PATH_INFO"]:
            body = json.loads(content)
            content = json.dumps({**body, "data": {**body["data"], **self._changes}}).encode()
        start(status, [(n, v) for n, v in headers if n.lower() != "content-length"])
        return [content]


def test_a_job_that_fails_at_x_is_replaced(posts: Posts, small_company: Build) -> None:
    """Another job is created, and no mail is sent."""
    posts.mention(1, "7", **deleted_at(THREE_DAYS))
    changers: list[JobChanger] = []

    def x(sim: SimulatedX) -> JobChanger:
        changers.append(JobChanger(sim, status="failed"))
        return changers[0]

    here = small_company(one_account_settings(), x=x).run_minutes(0, 2)
    assert run_comply(here, THREE_DAYS, THREE_DAYS + 10) == ["uploaded", "void: failed"]
    changers[0].on = False
    steps = run_comply(here, THREE_DAYS + 20, THREE_DAYS + 100)
    assert [s for s in steps if s != "not due"] == ["uploaded", "done"]
    assert here.stored == set()
    assert here.mails == []


@pytest.mark.parametrize(("status", "detail"), [(403, "403"), (401, "401")])
def test_a_fault_that_a_person_must_fix_is_reported_once(
    posts: Posts, small_company: Build, status: int, detail: str
) -> None:
    """When X refuses compliance jobs, the owner gets one mail about it."""
    posts.mention(1, "7")
    faults = [fault(0, THREE_DAYS, endpoint="compliance", status=status)]
    here = small_company(one_account_settings(), faults=faults).run_minutes(0, 2)
    run_comply(here, 10, 12 * HOUR)
    here.flag_and_send_at(12 * HOUR + 1, 12 * HOUR + 10, DAY)
    [mail] = [m for m in here.mails if "Pulse cannot check for posts deleted" in m.subject]
    assert mail.who == "vera"
    assert detail in mail.text
    assert here.cursor().faults == {}


def test_expired_job_results_are_requested_again(posts: Posts, small_company: Build) -> None:
    """When schedules are off for eight days after an upload, a new job is created."""
    posts.mention(1, "7", text="@acme_help my number is 12345", **deleted_at(5 * DAY))
    here = small_company(one_account_settings()).run_minutes(0, 2)
    assert run_comply(here, 10, 10) == ["uploaded"]
    steps = run_comply(here, 8 * DAY, 8 * DAY + 7 * HOUR)
    assert [s for s in steps if s != "not due"][:3] == ["void: expired", "uploaded", "done"]
    assert "12345" not in table_text(here)
    assert here.mails == []
    assert here.sim.requests["lookup", "200"] == 0


def test_a_job_stuck_in_created_is_replaced(posts: Posts, small_company: Build) -> None:
    """A job without an upload in time is replaced even if X does not report it as expired."""
    posts.mention(1, "7", **deleted_at(THREE_DAYS))
    faults = [fault(THREE_DAYS, THREE_DAYS + 18, endpoint="storage", status=503)]
    changers: list[JobChanger] = []

    def x(sim: SimulatedX) -> JobChanger:
        changers.append(JobChanger(sim, status="created"))
        return changers[0]

    here = small_company(one_account_settings(), faults=faults, x=x).run_minutes(0, 2)
    steps = run_comply(here, THREE_DAYS, THREE_DAYS + 20)
    assert steps[-1] == "void: expired"
    changers[0].on = False
    steps = run_comply(here, THREE_DAYS + 30, THREE_DAYS + 100)
    assert [s for s in steps if s != "not due"] == ["uploaded", "done"]
    assert here.stored == set()
