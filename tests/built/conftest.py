"""The functions as built for Lambda; built once, when the sources have changed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pulse_cli.laptop import locally, sam
from pulse_cli.laptop.sam import ROOT
from pulse_cli.stand_in.template import load_template
from tests.tiers import missing

ARCHIVE = ROOT / "infra" / "archive"


@pytest.fixture(scope="session")
def built() -> dict[str, Path]:
    """Build, and give each function's artifact; without Lambda's Python, skip (in CI, fail)."""
    try:
        sam.find_python()
    except sam.BuildError as error:
        missing(str(error))
    sam.build()
    return {one.name: sam.BUILD / one.resource for one in load_template().functions.values()}


@pytest.fixture
def running() -> Iterator[locally.Local]:
    """Run AWS and X on loopback ports; X shows an hour of posts that ends now."""
    with locally.run(locally.moved(ARCHIVE, datetime.now(UTC) - timedelta(minutes=60))) as local:
        yield local
