"""Examples in docstrings are correct; those of the command run on moto."""

import doctest
import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from moto import mock_aws

ROOT = Path(__file__).parents[1]


def modules(folder: str) -> list[ModuleType]:
    """Return the modules of a folder whose docstrings contain an example."""
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
def test_an_example_of_the_functions_is_correct(module: ModuleType) -> None:
    """An example in a docstring has the result that it states."""
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0


@pytest.mark.parametrize("module", modules("infra"), ids=name_of)
def test_an_example_of_the_command_is_correct(module: ModuleType, aws: None) -> None:
    """An example in a docstring has, on moto, the result that it states."""
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0
