"""Facts and states are the same after they were stored and read."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pulse.conversations.facts import ConversationKey, Fact, Flag, Lease, Mention, Position, Reply
from pulse.conversations.fold import fold
from pulse.conversations.store.codec import (
    conversation_pk,
    fact_item,
    fact_of,
    key_from_pk,
    state_of,
    state_values,
)
from pulse.dynamodb.codec import ItemKey, sortable_time
from pulse.dynamodb.table import Table
from pulse.kernel.policy import Level, Policy

POLICY = Policy((Level("warning", timedelta(minutes=15), ()),), {})
moments = st.datetimes(datetime(2007, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001
    lambda t: t.replace(microsecond=t.microsecond // 1000 * 1000, tzinfo=UTC)
)
ids = st.integers(1, 10**19 - 1).map(str)
texts = st.text(max_size=30)
facts = st.one_of(
    st.builds(
        Mention,
        ids, ids, moments, texts, st.frozensets(ids, max_size=3), st.sampled_from(["und", "ru"]),
        st.none() | moments, st.none() | moments,
    ),
    st.builds(Reply, ids, ids, moments, texts, ids, st.none() | moments),
    st.builds(
        Position,
        ids, st.sampled_from(["refused", "spam"]), st.frozensets(ids, min_size=1, max_size=3),
        texts, moments, texts,
    ),
    st.builds(Lease, st.sampled_from(["mine", "snoozed"]), texts, moments, moments),
    st.builds(
        Flag,
        st.sampled_from(["warning", "breach"]), st.frozensets(ids, min_size=1, max_size=3),
        moments, moments, st.integers(0, 9),
    ),
)  # fmt: skip


def store_and_read(table: Table, at: ItemKey, values: dict[str, Any]) -> dict[str, Any]:
    table.put(at, values)
    item = table.get(at)
    assert item is not None
    return item


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fact=facts)
def test_a_fact_is_read_as_it_was_stored(table: Table, fact: Fact) -> None:
    """Any fact that is stored in DynamoDB is read unchanged."""
    item = store_and_read(table, *fact_item(ConversationKey("acme", "1", "7"), fact, None))
    assert fact_of(item) == fact


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(many=st.lists(facts, max_size=8))
def test_a_state_is_read_as_it_was_stored(table: Table, many: list[Fact]) -> None:
    """Any state that facts fold to is read unchanged."""
    key, state = ConversationKey("acme", "1", "7"), fold(many, POLICY)
    item = store_and_read(
        table, ItemKey(conversation_pk(key), "state"), state_values(key, state, 1, None, 0)
    )
    assert state_of(item) == state


@pytest.mark.parametrize("company", ["acme", "Tele 2", "Связь", "a:b/c"])
def test_a_key_is_read_from_its_partition_key(company: str) -> None:
    """This holds for any name of a company, which cannot contain #."""
    key = ConversationKey(company, "123", "456")
    assert key_from_pk(conversation_pk(key)) == key


@given(moments, moments)
def test_time_stamps_sort_by_time(one: datetime, other: datetime) -> None:
    """As text, time stamps are in the order of their times."""
    assert (sortable_time(one) < sortable_time(other)) == (one < other)
