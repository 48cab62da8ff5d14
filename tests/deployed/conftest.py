"""One deployment for all tests here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deployed.deployment import Deployment, deploy_pulse


@pytest.fixture(scope="package")
def deployment(
    built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    assert built
    with deploy_pulse(tmp_path_factory.mktemp("deployment")) as deployment:
        yield deployment
