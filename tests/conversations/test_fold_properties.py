"""The fold against an oracle: in every order, with repetitions, one fact at a time."""

from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from pulse.conversations.facts import Fact, Mention, Reply
from pulse.conversations.fold import fold, levels_due
from tests.conversations.fact_builders import POLICY, at, lease, mention, position, reply
from tests.conversations.oracle import ExpectedAlerts, expected_state


@st.composite
def conversations(draw: st.DrawFn, most: int = 9) -> list[Fact]:
    """Draw posts whose times grow with their ids, edits, positions on what was shown, leases."""
    numbers = sorted(draw(st.sets(st.integers(1, 120), min_size=1, max_size=most)))
    gaps = [draw(st.integers(0, 90)) for _ in numbers]
    minutes = [sum(gaps[: n + 1]) for n in range(len(gaps))]
    watched = draw(st.none() | st.integers(0, 400))
    facts: list[Fact] = []
    for number, minute in zip(numbers, minutes, strict=True):
        if draw(st.integers(0, 2)):
            late = watched if watched is not None and minute < watched else None
            facts.append(mention(number, minute, watched=late))
            if draw(st.integers(0, 5)) == 0:
                facts.append(mention(number, minute + 7, version=number + 200, watched=late))
        else:
            facts.append(reply(number, minute, account=draw(st.sampled_from(["100", "200"]))))
    for n in range(draw(st.integers(0, 3))):
        # between two whole minutes, so that a position and a post never fall together
        when = draw(st.integers(0, minutes[-1] + 30)) + (n + 1) / 10
        shown = [f for f in facts if isinstance(f, Mention) and f.at <= at(when)]
        named = draw(st.sets(st.sampled_from([int(m.id) for m in shown]))) if shown else set()
        facts.append(position(f"p{n}", when, *named))
    for n in range(draw(st.integers(0, 2))):
        when = draw(st.integers(0, minutes[-1] + 30))
        facts.append(lease(when, when + draw(st.integers(0, 200)), by=f"person{n}"))
    return facts


@given(conversations())
def test_the_fold_agrees_with_the_oracle(facts: list[Fact]) -> None:
    """A simulation finds the same status, mentions, waits and first response."""
    folded, true = fold(facts, POLICY), expected_state(facts)
    assert folded.status == true.status
    assert folded.mentions == true.mentions
    assert list(folded.waiting) == true.waiting
    assert folded.waiting_since == true.waiting_since
    assert folded.first_response_seconds == true.first_response
    assert [list(wait) for wait in folded.waits] == true.waits


@given(conversations(), st.randoms(use_true_random=False), st.integers(0, 900))
def test_any_order_and_any_repetition_folds_the_same(
    facts: list[Fact], random: Random, minute: int
) -> None:
    """The facts and their flags, shuffled and partly repeated, fold to the same state."""
    known = list(facts)
    for moment in range(0, minute, 120):
        known += levels_due(fold(known, POLICY), POLICY, at(moment))
    shuffled = known + random.sample(known, k=random.randint(0, len(known)))
    random.shuffle(shuffled)
    assert fold(shuffled, POLICY) == fold(known, POLICY)


@given(conversations(), st.integers(0, 2000))
def test_something_is_due_exactly_when_attention_is_needed(facts: list[Fact], minute: int) -> None:
    """At any minute, the index leads to all conversations with something due, and to no other."""
    known = list(facts)
    for moment in range(0, minute, 97):
        known += levels_due(fold(known, POLICY), POLICY, at(moment))
    folded = fold(known, POLICY)
    due = levels_due(folded, POLICY, at(minute))
    is_due = folded.attention_at is not None and folded.attention_at <= at(minute)
    assert bool(due) == is_due
    if due:
        after = fold([*known, *due], POLICY)
        assert not levels_due(after, POLICY, at(minute))
        assert after.attention_at is None or after.attention_at > at(minute)


@given(conversations(), st.data())
def test_alerts_agree_with_the_oracle_however_late_facts_arrive(
    facts: list[Fact], data: st.DataObject
) -> None:
    """Minute by minute, with posts that arrive late: each level once, and the highest due."""
    arrivals = sorted(
        (
            (f.at + timedelta(minutes=data.draw(st.sampled_from([0, 0, 0, 3, 40, 300]))), n)
            for n, f in enumerate(facts)
        )
    )
    oracle, known, raised = ExpectedAlerts(POLICY, facts), [], []
    alerts = []
    for minute in range(0, int((arrivals[-1][0] - at(0)) / timedelta(minutes=1)) + 600, 7):
        while arrivals and arrivals[0][0] <= at(minute):
            known.append(facts[arrivals.pop(0)[1]])
        flags = levels_due(fold([*known, *raised], POLICY), POLICY, at(minute))
        raised += flags
        alerts.append((flags[-1].level, flags[-1].reminder) if flags else None)
        assert alerts[-1] == oracle.due(known, at(minute)), f"minute {minute}"


@given(conversations())
def test_facts_have_different_tokens(facts: list[Fact]) -> None:
    """No two facts share a token, so that each is stored."""
    assert len({f.token for f in facts}) == len(facts)
    posts = [f for f in facts if isinstance(f, (Mention, Reply))]
    assert all(f.token.endswith(f.version) for f in posts)
