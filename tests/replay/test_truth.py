"""A sample of a real day against known results; `make truth` compares all of it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pulse_cli.simulated_x import VocabularyName

from .truth import compare

EVENING, MIDNIGHT = (datetime(2017, 10, 31, 18, tzinfo=UTC), datetime(2017, 11, 1, tzinfo=UTC))
SAMPLE: list[tuple[str, VocabularyName]] = [
    ("HPSupport", "tweet"),
    ("nationalrailenq", "post"),
    ("VirginAtlantic", "mixed"),
    ("AirbnbHelp", "post"),
    ("Postmates_Help", "mixed"),
    ("UPSHelp", "tweet"),
]
"""The last three have a second account."""


@pytest.mark.shared
@pytest.mark.parametrize(("company", "vocabulary"), SAMPLE)
def test_a_replay_agrees_with_the_truth(
    shared: Path, company: str, vocabulary: VocabularyName
) -> None:
    """At two instants of a replayed day, every conversation is as in the known results."""
    found = compare(shared / "support-2017", company, vocabulary, (EVENING, MIDNIGHT))
    assert found.differences == []
    assert found.conversations > 0
