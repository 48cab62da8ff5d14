"""A run that ends too early, by the clock or killed."""

from collections.abc import Callable, Iterable
from typing import Any

from pulse.privacy.comply import comply
from pulse_cli.simulated_x import SimulatedX
from tests.jobs.removals import everything, gone
from tests.jobs.town import Build, Posts, Town, alone, at, settings
from tests.tiers import WHOLE

from .days import DAY, THREE_DAYS, check


def test_a_run_that_has_no_time_left_is_done_again(posts: Posts, town: Build) -> None:
    """Given results for more days than a run has time for, then the next run carries them out."""
    posts.mention(1, "7", **gone(3 * THREE_DAYS))
    posts.mention(2 * DAY, "8", **gone(3 * THREE_DAYS))
    here = town(alone()).go(0, 2, 2 * DAY, 2 * DAY + 2)
    check(here, 3 * THREE_DAYS, 3 * THREE_DAYS)
    app = here.world.app
    steps, counts = [], []
    for minute in (10, 20):
        here.world.go_to(at(3 * THREE_DAYS + minute))
        left = iter([False] * 9 + [True] * 99)
        out = (lambda left=left: next(left)) if minute == 10 else (lambda: False)
        [done] = comply(app.comply_run(out)).values()
        steps.append(done.step)
        counts.append(len(here.stored))
    assert (steps, counts) == (["carries out", "done"], [1, 0])


class KilledError(BaseException):
    """The process of a function is gone."""


def killed(here: Town, number: int) -> Callable[[], int]:
    """Let the process of `comply` die at this call to AWS or X; gives how many there were."""
    calls = 0

    def passing(_: str, moment: str) -> None:
        nonlocal calls
        calls += moment == "after"
        if calls == number and moment == "after":
            raise KilledError

    here.world.passing = passing  # type: ignore[method-assign]
    return lambda: calls


class Watched:
    """The way to X, where a process may die after each answer."""

    def __init__(self, sim: SimulatedX, after: Callable[[], None]) -> None:
        self._sim, self._after = sim, after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sim, name)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        content = b"".join(self._sim(environ, start))
        self._after()
        return [content]


def test_a_crash_anywhere_ends_the_same(posts: Posts, town: Build, tmp_path_factory: Any) -> None:
    """Given a process that dies after any call of its, then it all goes, and stays gone."""
    goes = posts.mention(1, "7", **gone(THREE_DAYS, "suspended"))
    posts.reply(3, goes)
    stays = posts.mention(2, "8")
    posts.news(4)
    posts.lines[-1] |= gone(THREE_DAYS)
    number, step = 0, 1 if WHOLE else 4
    while True:
        number += step
        here: Town
        folder = tmp_path_factory.mktemp("crash")
        hook: list[Callable[[str, str], None]] = []

        def after(hook: list[Callable[[str, str], None]] = hook) -> None:
            for one in hook:
                one("x", "after")

        def x(sim: SimulatedX, after: Callable[[], None] = after) -> Watched:
            return Watched(sim, after)

        with Town(folder, posts, settings(look_back="0"), x=x) as here:
            here.go(0, 5)
            check(here, 10, 20)
            calls = killed(here, number)
            hook.append(here.world.passing)
            check(here, THREE_DAYS, THREE_DAYS + 10)
            met = calls() >= number
            here.world.passing = lambda *_: None  # type: ignore[method-assign]
            hook.clear()
            check(here, THREE_DAYS + 20, THREE_DAYS + 130)
            assert here.stored == {stays}, number
            assert set(here.states()) == {stays}, number
            assert "All is well" not in everything(here), number
            assert here.world.app.db.author_cache.find(["7"]) == {}
            assert len(here.failures) == met
        if not met:
            break
    assert number > 40
