"""The AWS and the X that the built functions call."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from pulse_cli.laptop import local_services
from pulse_cli.laptop.sam import ROOT

ARCHIVE = ROOT / "infra" / "archive"


@pytest.fixture
def running() -> Iterator[local_services.LocalServices]:
    """Run AWS and X on loopback ports; X shows an hour of posts that ends now."""
    with local_services.run_services(
        local_services.load_shifted(ARCHIVE, datetime.now(UTC) - timedelta(minutes=60))
    ) as local:
        yield local
