"""Random posts, read over HTTP: each is stored or quarantined, and the digest counts them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pulse.x import parse
from tests.simulations.faults.two_companies import TwoCompanies, TwoCompaniesPosts
from tests.small_company import HELP, NEWS
from tests.tiers import TEST_ALL
from tests.x.schema_fuzzer import DESCRIPTIONS, SchemaFuzzer

MENTIONS = f"/2/users/{HELP}/mentions"
POSTS = 300
SEEDS = range(12 if TEST_ALL else 1)


@pytest.mark.shared
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("odd", [0.01, 0.3])
@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_each_is_stored_or_quarantined_and_the_next_poll_succeeds(
    shared: Path,
    posts: TwoCompaniesPosts,
    two_companies: Callable[..., TwoCompanies],
    figure: Callable[[str, object], None],
    name: str,
    odd: float,
    seed: int,
) -> None:
    """Each random post of a page is stored or quarantined; the digest counts the latter."""
    draw = SchemaFuzzer(shared / "x-api" / "openapi" / name, f"to the end {seed}")
    drawn = [draw.post(odd) for _ in range(POSTS)]

    def change(path: str, _: dict[str, str], body: Any) -> Any:
        return {**body, "data": drawn, "meta": {}} if path == MENTIONS and here.minute < 2 else body

    later = posts.mention(1.5, "7")
    here = two_companies(change=change)
    here.run_minutes(0, 1)
    read = parse.parse_page({"data": drawn})
    mentions = {p.id for p in read.posts if not p.retweet and p.author_id not in {HELP, NEWS}}
    assert here.failures == []
    assert here.fault_mails == []
    assert here.stored == mentions
    quarantined = {json.dumps([a.raw, a.reason], sort_keys=True) for a in read.quarantined}
    assert len(here.log_entries("aside")) == len(quarantined)
    here.run_minutes(2)
    assert later in here.stored
    assert here.failures == []
    coverage = " ".join(here.coverage_section(3))
    assert (str(len(quarantined)) in coverage) is bool(quarantined)
    figure(
        "drawn posts, to the end",
        f"{len(mentions)} stored, {len(quarantined)} quarantined ({name} {odd})",
    )
