"""A record is the same after it was written as JSON, by the types of its fields alone."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse.conversations.facts import ConversationKey
from pulse.conversations.fold import Wait
from pulse.dynamodb.codec import from_json, to_json
from pulse.listening.cursor import Cursor
from pulse.listening.scan import HighWater, TimelineScan
from pulse.outbox.entries import Entry
from pulse.privacy.compliance import ComplianceState
from pulse.x.access import Limit
from pulse.x.faults import OpenFault

TEXTS = st.text(max_size=5)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
MARKS = st.builds(HighWater, TEXTS, MOMENTS)
SCANS = st.builds(
    TimelineScan,
    st.sampled_from(["mentions", "posts"]),
    MOMENTS,
    st.none() | MARKS,
    st.none() | MOMENTS,
    st.sampled_from(["timeline", "search"]),
    st.none() | MARKS,
    read=st.integers(0, 900),
)
FAULTS = st.builds(
    OpenFault,
    st.sampled_from(["token", "credits"]),
    TEXTS,
    MOMENTS,
    st.integers(1, 9),
    MOMENTS,
    st.booleans(),
    st.lists(st.sampled_from(["token", "credits"])).map(tuple),
)
ENDPOINTS = st.sampled_from(["mentions", "posts"])
RECORDS: dict[type, st.SearchStrategy[Any]] = {
    Cursor: st.builds(
        Cursor,
        TEXTS,
        MOMENTS,
        st.dictionaries(ENDPOINTS, MARKS),
        st.dictionaries(TEXTS, SCANS),
        st.dictionaries(TEXTS, st.builds(Limit, st.integers(0, 9), MOMENTS)),
        st.dictionaries(ENDPOINTS, FAULTS),
        st.none() | MOMENTS,
        reads=st.dictionaries(TEXTS, st.integers(0, 9)),
    ),
    ComplianceState: st.builds(
        ComplianceState, TEXTS, st.none() | TEXTS, st.none() | MOMENTS, fault=st.none() | FAULTS
    ),
    Entry: st.builds(
        Entry,
        TEXTS,
        TEXTS,
        TEXTS,
        st.just("alert"),
        MOMENTS,
        st.lists(st.builds(ConversationKey, TEXTS, TEXTS, TEXTS)).map(tuple),
        st.booleans(),
        details=st.lists(st.tuples(TEXTS, TEXTS | st.integers() | st.lists(TEXTS))).map(tuple),
        unreachable=st.lists(TEXTS).map(tuple),
    ),
    Wait: st.builds(Wait, TEXTS, MOMENTS, st.none() | MOMENTS, st.sampled_from(["reply", None])),
}


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_a_record_is_the_same_after_json(kind: type, data: st.DataObject) -> None:
    """Whatever a record holds, reading its JSON gives an equal record."""
    record = data.draw(RECORDS[kind])
    assert from_json(kind, json.loads(json.dumps(to_json(record)))) == record


def test_empty_fields_are_left_out() -> None:
    """Fields that are None or empty are not written, and are read as their defaults."""
    assert to_json(ComplianceState("a")) == {"app": "a", "rev": 0}
    assert from_json(ComplianceState, {"app": "a"}) == ComplianceState("a")


def test_unknown_or_missing_fields_are_an_error() -> None:
    """Neither an unknown field nor the lack of a required one is ignored."""
    with pytest.raises(TypeError):
        from_json(HighWater, {"id": "1", "at": "2030-05-14T09:00:00+00:00", "odd": 1})
    with pytest.raises(TypeError):
        from_json(HighWater, {"id": "1"})
