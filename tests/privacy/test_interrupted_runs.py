"""Runs of `comply` that end early because time runs out or the process is killed."""

from collections.abc import Callable, Iterable
from typing import Any

from pulse.privacy.comply import comply
from pulse_cli.simulated_x import SimulatedX
from tests.privacy.comply_days import THREE_DAYS, run_comply
from tests.privacy.deleted_posts import deleted_at, table_text
from tests.small_company import Build, Posts, SmallCompany, at, one_account_settings, settings
from tests.tiers import TEST_ALL


def test_a_run_without_time_is_completed_by_the_next(posts: Posts, small_company: Build) -> None:
    """More results than a run has time for are carried out by the next run."""
    for number in range(101):
        posts.mention(1 + number / 1000, str(number + 1000), **deleted_at(3 * THREE_DAYS))
    here = small_company(one_account_settings()).run_minutes(0, 2, 3)
    run_comply(here, 3 * THREE_DAYS, 3 * THREE_DAYS)
    app = here.world.app
    steps, counts = [], []
    for minute in (10, 20):
        here.world.move_clock_to(at(3 * THREE_DAYS + minute))
        answers = iter([False] + [True] * 99)
        out_of_time = (lambda answers=answers: next(answers)) if minute == 10 else (lambda: False)
        [done] = comply(app.comply_run(out_of_time)).values()
        steps.append(done.step)
        counts.append(len(here.stored))
    assert (steps, counts) == (["carries out", "done"], [1, 0])


class KilledError(BaseException):
    """The process of a function was killed."""


def kill_comply_at(here: SmallCompany, number: int) -> Callable[[], int]:
    """Kill `comply` after this call to AWS or X; returns a function that counts its calls."""
    calls = 0

    def on_call(_: str, moment: str) -> None:
        nonlocal calls
        calls += moment == "after"
        if calls == number and moment == "after":
            raise KilledError

    here.world.on_call = on_call  # type: ignore[method-assign]
    return lambda: calls


class HookedX:
    """A transport to X that calls a function after each answer."""

    def __init__(self, sim: SimulatedX, after: Callable[[], None]) -> None:
        self._sim, self._after = sim, after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sim, name)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        content = b"".join(self._sim(environ, start))
        self._after()
        return [content]


def test_a_crash_at_any_call_changes_no_outcome(
    posts: Posts, small_company: Build, tmp_path_factory: Any
) -> None:
    """Killed after any call, `comply` has removed everything in the end, and it stays removed."""
    deleted = posts.mention(1, "7", **deleted_at(THREE_DAYS, "suspended"))
    posts.reply(3, deleted)
    stays = posts.mention(2, "8")
    posts.news(4)
    posts.lines[-1] |= deleted_at(THREE_DAYS)
    number, step = 0, 1 if TEST_ALL else 4
    while True:
        number += step
        here: SmallCompany
        folder = tmp_path_factory.mktemp("crash")
        hook: list[Callable[[str, str], None]] = []

        def after(hook: list[Callable[[str, str], None]] = hook) -> None:
            for one in hook:
                one("x", "after")

        def x(sim: SimulatedX, after: Callable[[], None] = after) -> HookedX:
            return HookedX(sim, after)

        with SmallCompany(folder, posts, settings(look_back="0"), x=x) as here:
            here.run_minutes(0, 5)
            run_comply(here, 10, 20)
            calls = kill_comply_at(here, number)
            hook.append(here.world.on_call)
            run_comply(here, THREE_DAYS, THREE_DAYS + 10)
            was_killed = calls() >= number
            here.world.on_call = lambda *_: None  # type: ignore[method-assign]
            hook.clear()
            run_comply(here, THREE_DAYS + 20, THREE_DAYS + 130)
            assert here.stored == {stays}, number
            assert set(here.states()) == {stays}, number
            assert "All is well" not in table_text(here), number
            assert here.world.app.db.author_cache.find(["7"]) == {}
            assert len(here.failures) == was_killed
        if not was_killed:
            break
    assert number > 25
