"""What all tests share: the real data beside the checkout, and how hard properties are tried."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("sample", max_examples=60, deadline=None, derandomize=True)
settings.register_profile("all", max_examples=1500, deadline=None)
settings.load_profile("all" if os.environ.get("PULSE_TEST_ALL") else "sample")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The test data beside the checkout; without it CI fails, and others skip."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("PULSE_SHARED_DATA") or beside)
    if not folder.is_dir():
        message = f"no shared test data at {folder}; put it beside the checkout"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return folder
