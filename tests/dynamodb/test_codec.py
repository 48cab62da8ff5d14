"""Records come back from JSON as they went, by the types of their fields alone."""

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
def test_a_record_comes_back_as_it_went(kind: type, data: st.DataObject) -> None:
    """Whatever a record holds, then the JSON of it is the same record."""
    record = data.draw(RECORDS[kind])
    assert from_json(kind, json.loads(json.dumps(to_json(record)))) == record


def test_what_is_empty_takes_no_room() -> None:
    """Given fields that are None or empty, then they are left out, and have their defaults."""
    assert to_json(ComplianceState("a")) == {"app": "a", "rev": 0}
    assert from_json(ComplianceState, {"app": "a"}) == ComplianceState("a")


def test_what_cannot_be_a_record_is_an_error() -> None:
    """Given an unknown field, or none where one must be, then it is not passed over."""
    with pytest.raises(TypeError):
        from_json(HighWater, {"id": "1", "at": "2030-05-14T09:00:00+00:00", "odd": 1})
    with pytest.raises(TypeError):
        from_json(HighWater, {"id": "1"})
