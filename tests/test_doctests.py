"""Examples in docstrings are true: those of the rules as they are, those of the command on moto."""

import doctest
import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from moto import mock_aws

ROOT = Path(__file__).parents[1]


def modules(folder: str) -> list[ModuleType]:
    """Those of a folder whose docstrings hold an example."""
    base = ROOT / folder
    files = [file for file in sorted(base.rglob("*.py")) if ">>> " in file.read_text("utf-8")]
    names = [".".join(file.relative_to(base).with_suffix("").parts) for file in files]
    return [importlib.import_module(name.removesuffix(".__init__")) for name in names]


def name_of(module: ModuleType) -> str:
    return module.__name__


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield


@pytest.mark.parametrize("module", modules("functions"), ids=name_of)
def test_an_example_of_the_functions_is_true(module: ModuleType) -> None:
    """Given an example in a docstring, when it is run, then it gives what it says."""
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0


@pytest.mark.parametrize("module", modules("infra"), ids=name_of)
def test_an_example_of_the_command_is_true(module: ModuleType, aws: None) -> None:
    """Given an example in a docstring, when it is run on moto, then it gives what it says."""
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0
