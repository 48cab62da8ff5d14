"""What the built functions talk to."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from pulse_cli.laptop import locally
from pulse_cli.laptop.sam import ROOT

ARCHIVE = ROOT / "infra" / "archive"


@pytest.fixture
def running() -> Iterator[locally.Local]:
    """Run AWS and X on loopback ports; X shows an hour of posts that ends now."""
    with locally.run(locally.moved(ARCHIVE, datetime.now(UTC) - timedelta(minutes=60))) as local:
        yield local
