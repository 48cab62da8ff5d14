"""`make mutants FILE=functions/pulse/...`: change a file a little and see whether a test fails.

One change at a time: a comparison, a boolean operator, a sum, a constant, a `not`, a removed
statement. For each, the tests that reach its line (according to `make coverage`, or those named
as TESTS) run against a copy of functions/ until one fails. Nothing in the tree is changed.
Changes at which no test fails are listed with their lines; if there are any, it exits with 1.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FUNCTIONS = ROOT / "functions"
COVERAGE = ROOT / "build" / "coverage"
LONGEST = 120
"""Seconds after which the tests of a change are stopped: it probably led to an endless loop."""
MOST_TESTS = 40
"""Tests that run for one change, spread over all that reach its line."""

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
}


@dataclass(frozen=True)
class Mutant:
    """A file with one change: its line, the code before and after, and the whole source."""

    line: int
    before: str
    after: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Yield every change of a source, from its beginning; only code that runs is changed."""
    tree = ast.parse(source)
    docstrings = {id(node) for node in ast.walk(tree) for node in _docstrings(node)}
    annotations = {id(inner) for node in ast.walk(tree) for inner in _annotations(node)}
    annotations |= {id(inner) for node in ast.walk(tree) for inner in _decorators(node)}
    for node in ast.walk(tree):
        if id(node) in annotations or id(node) in docstrings:
            continue
        for changed in _replacements(node):
            yield _replace(source, node, changed)


def _docstrings(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the docstrings of a node."""
    for child in getattr(node, "body", ()) if isinstance(getattr(node, "body", ()), list) else ():
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            yield from (child, child.value)


def _annotations(node: ast.AST) -> Iterator[ast.AST]:
    for name in ("annotation", "returns"):
        if isinstance(found := getattr(node, name, None), ast.AST):
            yield from ast.walk(found)


def _decorators(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what decorates a class, such as `frozen=True`, which guards and does nothing."""
    for decorator in node.decorator_list if isinstance(node, ast.ClassDef) else ():
        yield from ast.walk(decorator)


def _replacements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what can replace a node."""
    match node:
        case ast.Compare():
            yield from _compared(node)
        case ast.BoolOp():
            yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
            yield from node.values
        case ast.BinOp(op=op) if type(op) in _OPERATORS:
            yield ast.BinOp(node.left, _OPERATORS[type(op)](), node.right)
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand
        case ast.IfExp():
            yield from (node.body, node.orelse)
        case ast.Constant(value=bool() | int() | float() as value):
            yield ast.Constant(not value if isinstance(value, bool) else value + 1)
        case (
            ast.Assign() | ast.AugAssign() | ast.Expr() | ast.Raise() | ast.Continue() | ast.Break()
        ):
            yield ast.Pass()
        case ast.Return(value=ast.expr()):
            yield ast.Return(None)


def _compared(node: ast.Compare) -> Iterator[ast.Compare]:
    for number, op in enumerate(node.ops):
        one = copy.deepcopy(node)
        one.ops[number] = _COMPARISONS[type(op)]()
        yield one


def _replace(source: str, node: ast.AST, changed: ast.AST) -> Mutant:
    """Replace a node by a change; everything else stays as it is written."""
    lines = source.encode().splitlines(keepends=True)
    first, last = node.lineno - 1, node.end_lineno - 1  # type: ignore[attr-defined]
    start = sum(map(len, lines[:first])) + node.col_offset  # type: ignore[attr-defined]
    end = sum(map(len, lines[:last])) + node.end_col_offset  # type: ignore[attr-defined]
    text = ast.unparse(ast.fix_missing_locations(changed))
    written = f"({text})" if isinstance(node, ast.expr) else text
    whole = source.encode()
    made = whole[:start] + written.encode() + whole[end:]
    before = " ".join(whole[start:end].decode().split())
    return Mutant(first + 1, before, text, made.decode())


def reaching(file: Path) -> dict[int, list[str]]:
    """Return, for each line, the tests that reached it when `make coverage` ran.

    A line that runs when the module is imported, such as a default value, counts as reached by all
    tests that reach any line of the file.
    """
    if not COVERAGE.exists() or COVERAGE.stat().st_mtime < file.stat().st_mtime:
        sys.exit("no fresh coverage of this file: run make coverage, or name tests with TESTS=...")
    from coverage.numbits import numbits_to_nums  # noqa: PLC0415 - only here

    found: dict[int, set[str]] = {}
    at_import: set[int] = set()
    with closing(sqlite3.connect(COVERAGE)) as base:
        rows = base.execute(
            "select context.context, line_bits.numbits from line_bits"
            " join file on file.id = line_bits.file_id"
            " join context on context.id = line_bits.context_id where file.path = ?",
            (str(file),),
        ).fetchall() or _by_arcs(base, file)
        for context, held in rows:
            numbers = numbits_to_nums(held) if isinstance(held, bytes) else [held]
            if not context:
                at_import.update(numbers)
            for line in numbers if context else ():
                found.setdefault(line, set()).add(context.partition("|")[0])
    everyone = set().union(*found.values())
    for line in at_import - found.keys():
        found[line] = everyone
    return {line: sorted(tests) for line, tests in found.items()}


def _by_arcs(base: sqlite3.Connection, file: Path) -> list[tuple[str, int]]:
    """Read branch coverage, which records from which line to which the code went."""
    return base.execute(
        "select context.context, abs(arc.tono) from arc join file on file.id = arc.file_id"
        " join context on context.id = arc.context_id where file.path = ?",
        (str(file),),
    ).fetchall()


def survives(mutant: Mutant, file: Path, tests: Sequence[str]) -> bool:
    """Tell whether all tests pass with a change, in a separate process and copy of functions/."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "functions"
        shutil.copytree(FUNCTIONS, place, ignore=shutil.ignore_patterns("__pycache__"))
        (place / file.relative_to(FUNCTIONS)).write_text(mutant.source, encoding="utf-8")
        arguments = ["-m", "pytest", "-x", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", *tests]
        env = os.environ | {"PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            result = subprocess.run(  # noqa: S603 - our own arguments
                [sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True,
                timeout=LONGEST, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return False
        return result.returncode == 0


def main() -> int:
    """Try all changes of a file, and list those that survive."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("tests", nargs="*", help="paths of tests, instead of those that reach it")
    parser.add_argument("--most", type=int, help="try at most this many changes")
    options = parser.parse_args()
    file = options.file.resolve()
    reached = {} if options.tests else reaching(file)
    source = file.read_text(encoding="utf-8")
    all_of_them = options.tests or _spread(
        sorted({one for tests in reached.values() for one in tests})
    )
    if all_of_them and not survives(Mutant(0, "", "", source), file, all_of_them):
        sys.exit("these tests fail without any change: " + " ".join(all_of_them))
    tried = list(islice(mutants(source), options.most))

    def survives_its_tests(mutant: Mutant) -> bool | None:
        tests = options.tests or _spread(reached.get(mutant.line, []))
        return survives(mutant, file, tests) if tests else None

    counts = {True: 0, False: 0, None: 0}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for mutant, survived in zip(tried, pool.map(survives_its_tests, tried), strict=True):
            counts[survived] += 1
            if survived is not False:
                what = "survives" if survived else "no test runs this line"
                say(f"{options.file}:{mutant.line}: {what}: {mutant.before}  ->  {mutant.after}")
    say(f"{len(tried)} changes: {counts[False]} noticed, {counts[True]} survive, "
        f"{counts[None]} on lines that no test runs")  # fmt: skip
    return 0 if counts[False] == len(tried) else 1


def _spread(tests: Sequence[str]) -> list[str]:
    """Return at most `MOST_TESTS` of them, evenly spread."""
    return list(tests[:: max(1, -(-len(tests) // MOST_TESTS))])


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)  # noqa: T201 - this is what the command is for


if __name__ == "__main__":
    sys.exit(main())
