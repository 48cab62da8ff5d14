"""Trouble with compliance jobs: gone back from, told where only a person can mend it."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from pulse_cli.simulated_x import SimulatedX
from tests.privacy.comply_days import DAY, HOUR, THREE_DAYS, run_comply
from tests.privacy.deleted_posts import deleted_at, table_text
from tests.small_company import Build, Posts, at, one_account_settings
from tests.x_interceptor import fault


def test_a_job_of_others_is_waited_for(posts: Posts, small_company: Build) -> None:
    """Given another program's job of the same app, then ours begins when that is over."""
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


def test_a_job_that_was_made_and_not_remembered_is_found(
    posts: Posts, small_company: Build
) -> None:
    """Given a crash between X's yes and our note, then the job is known by its name."""
    posts.mention(1, "7", **deleted_at(THREE_DAYS))
    here = small_company(one_account_settings()).run_minutes(0, 2)
    here.world.move_clock_to(at(THREE_DAYS - 1))
    here.world.app.compliance("rehearsal").create(here.world.app.db.table.name[:64])
    assert run_comply(here, THREE_DAYS, THREE_DAYS + 10) == ["uploaded", "done"]
    assert here.stored == set()


TROUBLES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "X is down": ({"endpoint": "compliance", "status": 503}, ["uploaded", "done"]),
    "no answer": ({"endpoint": "compliance", "drop": "timeout"}, ["uploaded", "done"]),
    "too many requests": ({"endpoint": "compliance", "status": 429}, ["uploaded", "done"]),
    "no JSON": ({"endpoint": "compliance", "status": 200, "body": "<html>"}, ["uploaded", "done"]),
    "the storage is down": ({"endpoint": "storage", "status": 503}, ["uploaded", "done"]),
    "the storage sends elsewhere": (
        {"endpoint": "storage", "status": 302, "headers": {"location": "https://evil.example"}},
        ["uploaded", "done"],
    ),
}


@pytest.mark.parametrize("case", TROUBLES)
def test_trouble_is_kept_and_gone_back_from(posts: Posts, small_company: Build, case: str) -> None:
    """Given trouble at the first step, then nobody is told, polls know nothing, and it goes on."""
    what, after = TROUBLES[case]
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


def test_results_that_do_not_come_are_fetched_again(posts: Posts, small_company: Build) -> None:
    """Given a storage that fails when results are due, then the job is not forgotten."""
    posts.mention(1, "7", **deleted_at(THREE_DAYS))
    faults = [fault(THREE_DAYS + 5, THREE_DAYS + 15, endpoint="storage", drop="mid-body", body="{")]
    here = small_company(one_account_settings(), faults=faults).run_minutes(0, 2)
    steps = run_comply(here, THREE_DAYS, THREE_DAYS + 20)
    assert (steps[0], steps[2]) == ("uploaded", "done")
    assert steps[1].startswith("trouble: unavailable")
    assert here.stored == set()


def test_an_upload_that_comes_too_late_makes_a_new_job(posts: Posts, small_company: Build) -> None:
    """Given no upload within a quarter of an hour, then the job is void, and another is made."""
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


class Changed:
    """Changes what the simulated X says of jobs."""

    def __init__(self, sim: SimulatedX, **changes: Any) -> None:
        self._sim, self._changes = sim, changes
        self.on = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sim, name)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        begun: list[Any] = []
        content = b"".join(self._sim(environ, lambda *said: begun.append(said)))
        status, headers = begun[0]
        if self.on and "/compliance/jobs/" in environ["PATH_INFO"]:
            body = json.loads(content)
            content = json.dumps({**body, "data": {**body["data"], **self._changes}}).encode()
        start(status, [(n, v) for n, v in headers if n.lower() != "content-length"])
        return [content]


def test_a_job_that_x_gives_up_is_made_again_an_hour_later(
    posts: Posts, small_company: Build
) -> None:
    """Given a job that fails at X, then another is made, and nobody is told."""
    posts.mention(1, "7", **deleted_at(THREE_DAYS))
    between: list[Changed] = []

    def x(sim: SimulatedX) -> Changed:
        between.append(Changed(sim, status="failed"))
        return between[0]

    here = small_company(one_account_settings(), x=x).run_minutes(0, 2)
    assert run_comply(here, THREE_DAYS, THREE_DAYS + 10) == ["uploaded", "void: failed"]
    between[0].on = False
    steps = run_comply(here, THREE_DAYS + 20, THREE_DAYS + 100)
    assert [s for s in steps if s != "not due"] == ["uploaded", "done"]
    assert here.stored == set()
    assert here.mails == []


@pytest.mark.parametrize(("status", "detail"), [(403, "403"), (401, "401")])
def test_what_only_a_person_can_mend_is_told_once(
    posts: Posts, small_company: Build, status: int, detail: str
) -> None:
    """Given an X that refuses such jobs, then the owner hears once, in words of its own."""
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
    """Given schedules that are off for eight days after an upload, then a new job is made."""
    posts.mention(1, "7", text="@acme_help my number is 12345", **deleted_at(5 * DAY))
    here = small_company(one_account_settings()).run_minutes(0, 2)
    assert run_comply(here, 10, 10) == ["uploaded"]
    steps = run_comply(here, 8 * DAY, 8 * DAY + 7 * HOUR)
    assert [s for s in steps if s != "not due"][:3] == ["void: expired", "uploaded", "done"]
    assert "12345" not in table_text(here)
    assert here.mails == []
    assert here.sim.requests["lookup", "200"] == 0


def test_a_job_stuck_in_created_is_replaced(posts: Posts, small_company: Build) -> None:
    """Given no upload in time, and an X that does not say so, then another job is made."""
    posts.mention(1, "7", **deleted_at(THREE_DAYS))
    faults = [fault(THREE_DAYS, THREE_DAYS + 18, endpoint="storage", status=503)]
    between: list[Changed] = []

    def x(sim: SimulatedX) -> Changed:
        between.append(Changed(sim, status="created"))
        return between[0]

    here = small_company(one_account_settings(), faults=faults, x=x).run_minutes(0, 2)
    steps = run_comply(here, THREE_DAYS, THREE_DAYS + 20)
    assert steps[-1] == "void: expired"
    between[0].on = False
    steps = run_comply(here, THREE_DAYS + 30, THREE_DAYS + 100)
    assert [s for s in steps if s != "not due"] == ["uploaded", "done"]
    assert here.stored == set()
