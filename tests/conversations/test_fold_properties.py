"""The fold against an oracle, in every order, with everything twice, a fact at a time."""

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
    """Posts whose times grow with their ids, edits, positions on what there was, leases."""
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
    """Status, who waits, since when, first response and waits are what a simulation finds."""
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
    """Given the facts with flags among them, shuffled and in part twice: the same state."""
    told = list(facts)
    for moment in range(0, minute, 120):
        told += levels_due(fold(told, POLICY), POLICY, at(moment))
    shuffled = told + random.sample(told, k=random.randint(0, len(told)))
    random.shuffle(shuffled)
    assert fold(shuffled, POLICY) == fold(told, POLICY)


@given(conversations(), st.integers(0, 2000))
def test_what_is_due_and_when_it_is_looked_at_agree(facts: list[Fact], minute: int) -> None:
    """The index leads to all that is due and to nothing else, at whatever minute one looks."""
    told = list(facts)
    for moment in range(0, minute, 97):
        told += levels_due(fold(told, POLICY), POLICY, at(moment))
    folded = fold(told, POLICY)
    due = levels_due(folded, POLICY, at(minute))
    is_due = folded.attention_at is not None and folded.attention_at <= at(minute)
    assert bool(due) == is_due
    if due:
        after = fold([*told, *due], POLICY)
        assert not levels_due(after, POLICY, at(minute))
        assert after.attention_at is None or after.attention_at > at(minute)


@given(conversations(), st.data())
def test_people_hear_what_the_oracle_says_however_late_facts_arrive(
    facts: list[Fact], data: st.DataObject
) -> None:
    """Minute by minute, with posts that turn up late: each level once, at the highest."""
    arrivals = sorted(
        (
            (f.at + timedelta(minutes=data.draw(st.sampled_from([0, 0, 0, 3, 40, 300]))), n)
            for n, f in enumerate(facts)
        )
    )
    desk, known, said = ExpectedAlerts(POLICY, facts), [], []
    heard = []
    for minute in range(0, int((arrivals[-1][0] - at(0)) / timedelta(minutes=1)) + 600, 7):
        while arrivals and arrivals[0][0] <= at(minute):
            known.append(facts[arrivals.pop(0)[1]])
        flags = levels_due(fold([*known, *said], POLICY), POLICY, at(minute))
        said += flags
        heard.append((flags[-1].level, flags[-1].reminder) if flags else None)
        assert heard[-1] == desk.due(known, at(minute)), f"minute {minute}"


@given(conversations())
def test_facts_of_a_post_are_told_apart(facts: list[Fact]) -> None:
    """A fact's token names it: no two of them share one, so each is stored."""
    assert len({f.token for f in facts}) == len(facts)
    posts = [f for f in facts if isinstance(f, (Mention, Reply))]
    assert all(f.token.endswith(f.version) for f in posts)
