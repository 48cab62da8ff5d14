"""docs/reliability.md names tests; each of them is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", PAGE)))


def test_promises_name_their_tests() -> None:
    """Given the tables of promises, then each row names a test or more."""
    promised = PAGE.partition("\n## Figures\n")[0].splitlines()
    rows = [line for line in promised if line.startswith("| ") and "---" not in line]
    promises = [row for row in rows if not row.startswith("| promise")]
    assert len(promises) >= 40
    assert [row for row in promises if "`tests/" not in row] == []


@pytest.mark.parametrize(("path", "test"), NAMED)
def test_each_test_named_is_there(path: str, test: str) -> None:
    """Given a test that a promise leans on, then its file holds it."""
    place = ROOT / path
    assert place.exists()
    if test:
        tree = ast.parse(place.read_text(encoding="utf-8"))
        assert test in {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
