"""One deployment for all tests here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deployed.deployment import Deployment
from tests.deployed.deployment import house as deployed


@pytest.fixture(scope="package")
def house(built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    assert built
    with deployed(tmp_path_factory.mktemp("house")) as house:
        yield house
