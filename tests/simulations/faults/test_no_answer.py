"""X gives no usable answer, in every way there is: over HTTP, up to what people read."""

from contextlib import nullcontext

import pytest

from tests.simulations.faults.no_answer_cases import CASES, RARE, Case
from tests.simulations.faults.two_companies import OTHER, Build, TwoCompaniesPosts
from tests.small_company import HELP, NEWS

PARAMS = [
    pytest.param(case, id=name, marks=[pytest.mark.whole] if name in RARE else [])
    for name, case in CASES.items()
]


@pytest.mark.parametrize("case", PARAMS)
def test_x_gives_no_answer(posts: TwoCompaniesPosts, two_companies: Build, case: Case) -> None:
    """A failing account is reported at most once, delays no other account, and loses nothing."""
    before, during = posts.mention(0.5, "7"), posts.mention(2.5, "8")
    ours, theirs = posts.mention(2.6, "71", to=[NEWS]), posts.to_blue(2.7)
    posts.reply(2.8, before)
    with case.wrong_address() if case.wrong_address else nullcontext() as wrong_url:
        here = two_companies(
            lambda _: case.fault, during=(2, 5), wrong_url=wrong_url, silent=case.silent
        )
        here.run_minutes(0, 1, 2, 3)
        assert here.stored == {before, ours, theirs}
        here.run_minutes(4)
        status = here.status()
        here.run_minutes(*sorted({5, case.recovered_at}))

    for what in ("mentions", "tweets"):
        requests = here.request_minutes(f"/2/users/{HELP}/{what}")
        assert [m for m in requests if 2 <= m <= case.recovered_at] == list(case.tried)
    for account in (NEWS, OTHER):
        requests = here.request_minutes(f"/2/users/{account}/mentions")
        assert [m for m in requests if 2 <= m < 6] == [2, 3, 4, 5]

    reported = [(m.minute, m.who, m.subject) for m in here.fault_mails]
    assert reported == ([(2, "vera", f"{case.subject} · Acme")] if case.subject else [])
    assert all(case.detail in m.text for m in here.fault_mails)
    next_try = next(m for m in case.tried if m > 4)
    assert "@acme_help support 3 min ago" in status
    assert f"mentions: {case.kind} since 09:02, next try 09:{next_try:02} (" in status
    assert case.detail in status

    assert here.stored == {before, during, ours, theirs}
    states = here.states()
    assert states[before].first_response_seconds == 138
    assert [states[p].status for p in (during, ours, theirs)] == ["open"] * 3
    assert all(state.mentions == 1 for state in states.values())
    cursor = here.cursor()
    assert cursor.high_water["mentions"].id == during
    assert (cursor.scans, cursor.faults) == ({}, {})
    assert here.failures == []

    lines = [
        x for x in here.coverage_section(case.recovered_at + 1) if x.startswith("- @acme_help")
    ]
    period = f"09:02 to 09:{case.recovered_at:02}"
    assert lines[0] == f"- @acme_help: not watched, {period} ({case.recovered_at - 2} min)"
    assert lines[1].startswith(f"- @acme_help: {case.words}, {period} (")
    assert len(lines) == 2
