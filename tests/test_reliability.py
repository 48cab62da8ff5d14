"""The tests that docs/reliability.md names exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", PAGE)))


def test_promises_name_their_tests() -> None:
    """Each row in the tables of promises names at least one test."""
    promised = PAGE.partition("\n## Figures\n")[0].splitlines()
    rows = [line for line in promised if line.startswith("| ") and "---" not in line]
    promises = [row for row in rows if not row.startswith("| Promise |")]
    assert len(promises) >= 40
    assert [row for row in promises if "`tests/" not in row] == []


@pytest.mark.parametrize(("path", "test"), NAMED)
def test_each_named_test_exists(path: str, test: str) -> None:
    """The file of a test that a promise names exists and contains the test."""
    file = ROOT / path
    assert file.exists()
    if test:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        assert test in {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
