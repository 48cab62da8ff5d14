"""X gives no answer, in every way there is: over HTTP, to the end that people see."""

from contextlib import nullcontext

import pytest

from tests.simulations.faults.no_answer_cases import CASES, RARE, Case
from tests.simulations.faults.two_companies import OTHER, Build, TwoCompaniesPosts
from tests.small_company import HELP, NEWS

ROWS = [
    pytest.param(row, id=name, marks=[pytest.mark.whole] if name in RARE else [])
    for name, row in CASES.items()
]


@pytest.mark.parametrize("row", ROWS)
def test_x_gives_no_answer(posts: TwoCompaniesPosts, two_companies: Build, row: Case) -> None:
    """Given an account that X does this to, then who must hear does, once, and nothing is lost."""
    before, during = posts.mention(0.5, "7"), posts.mention(2.5, "8")
    ours, theirs = posts.mention(2.6, "71", to=[NEWS]), posts.to_blue(2.7)
    posts.reply(2.8, before)
    with row.wrong_address() if row.wrong_address else nullcontext() as wrong_url:
        here = two_companies(
            lambda _: row.fault, during=(2, 5), wrong_url=wrong_url, silent=row.silent
        )
        here.run_minutes(0, 1, 2, 3)
        assert here.stored == {before, ours, theirs}
        here.run_minutes(4)
        status = here.status()
        here.run_minutes(*sorted({5, row.recovered_at}))

    for what in ("mentions", "tweets"):
        asked = here.asked(f"/2/users/{HELP}/{what}")
        assert [m for m in asked if 2 <= m <= row.recovered_at] == list(row.tried)
    for account in (NEWS, OTHER):
        asked = here.asked(f"/2/users/{account}/mentions")
        assert [m for m in asked if 2 <= m < 6] == [2, 3, 4, 5]

    told = [(m.minute, m.who, m.subject) for m in here.troubles]
    assert told == ([(2, "vera", f"{row.subject} · Acme")] if row.subject else [])
    assert all(row.detail in m.text for m in here.troubles)
    next_try = next(m for m in row.tried if m > 4)
    assert "@acme_help support 3 min ago" in status
    assert f"mentions: {row.kind} since 09:02, next try 09:{next_try:02} (" in status
    assert row.detail in status

    assert here.stored == {before, during, ours, theirs}
    states = here.states()
    assert states[before].first_response_seconds == 138
    assert [states[p].status for p in (during, ours, theirs)] == ["open"] * 3
    assert all(state.mentions == 1 for state in states.values())
    cursor = here.cursor()
    assert cursor.high_water["mentions"].id == during
    assert (cursor.scans, cursor.faults) == ({}, {})
    assert here.failures == []

    lines = [x for x in here.coverage_section(row.recovered_at + 1) if x.startswith("- @acme_help")]
    till = f"09:02 to 09:{row.recovered_at:02}"
    assert lines[0] == f"- @acme_help: not watched, {till} ({row.recovered_at - 2} min)"
    assert lines[1].startswith(f"- @acme_help: {row.words}, {till} (")
    assert len(lines) == 2
