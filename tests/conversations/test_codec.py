"""Facts and conversations are read as they were stored."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pulse.conversations.facts import ConversationKey, Fact, Flag, Lease, Mention, Position, Reply
from pulse.conversations.fold import fold
from pulse.conversations.store.documents import (
    StoredConversation,
    document_values,
    key_from_pk,
    stored_in,
)
from pulse.dynamodb import keys
from pulse.dynamodb.codec import sortable_time
from pulse.dynamodb.table import Table
from tests.conversations.conversation_writers import ACME, POLICY

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


KEY = ConversationKey("acme", "1", "7")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fact=facts)
def test_a_fact_is_read_as_it_was_stored(table: Table, fact: Fact) -> None:
    """Any fact that is stored in DynamoDB is read unchanged."""
    assert store_and_read(table, [fact]).facts == (fact,)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(many=st.lists(facts, max_size=8))
def test_a_conversation_is_read_as_it_was_stored(table: Table, many: list[Fact]) -> None:
    """Any facts are read unchanged, and so are the other attributes of their document."""
    before = StoredConversation(KEY).with_facts(many, ACME)
    found = store_and_read(table, many)
    assert Counter(found.facts) == Counter(many)
    assert found.state(POLICY) == fold(many, POLICY)
    assert replace(found, facts=before.facts, size=0) == before


def store_and_read(table: Table, many: list[Fact]) -> StoredConversation:
    at = keys.document(*KEY)
    table.put(at, document_values(StoredConversation(KEY).with_facts(many, ACME)))
    item = table.get(at)
    assert item is not None
    return stored_in(item)


@pytest.mark.parametrize("company", ["acme", "Tele 2", "Связь", "a:b/c"])
def test_the_key_of_a_conversation_is_read_from_its_partition(company: str) -> None:
    """The key is found whatever the company's name is, as long as it has no `#`."""
    key = ConversationKey(company, "123", "456")
    assert key_from_pk(keys.document(*key).pk) == key


@given(moments, moments)
def test_sortable_times_sort_by_time(one: datetime, other: datetime) -> None:
    """Sorted as texts, they are in the order of their times."""
    assert (sortable_time(one) < sortable_time(other)) == (one < other)
