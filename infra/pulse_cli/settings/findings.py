"""The findings of `pulse check`: the place in the file, what is wrong, and how to fix it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONG = 64
_SECRET = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])[A-Za-z0-9_%+/=-]{20,}")
Severity = Literal["error", "warning"]
FieldPath = tuple[str | int, ...]
"""A place in the settings: the names of fields, and indexes into lists, from the top."""


class Remark(NamedTuple):
    """Something to fix, by its place in the document; its line is not known yet."""

    path: FieldPath
    problem: str
    fix: str
    severity: Severity = "error"


@dataclass(frozen=True, slots=True, order=True)
class SettingsFinding:
    """Something to fix in a file; `line` and `column` count from 1."""

    line: int
    column: int
    field: str
    """Dotted path, such as `companies[0].policy.levels[1].after`; empty for the whole file."""
    problem: str
    fix: str
    severity: Severity = "error"

    def to_line(self, file: str) -> str:
        """Return the finding as one line, which begins with the name of the file."""
        parts = [f"{file}:{self.line}"]
        if self.severity == "warning":
            parts.append("warning")
        if self.field:
            parts.append(self.field)
        return " ".join(f"{': '.join(parts)}: {self.problem} — {self.fix}".split())

    def as_json(self) -> dict[str, Any]:
        """Return the finding for scripts, which know `fix` as `mend`."""
        return {
            "line": self.line,
            "column": self.column,
            "field": self.field,
            "problem": self.problem,
            "mend": self.fix,
            "severity": self.severity,
        }


def quote(value: str) -> str:
    """Return a value in backticks, shortened if it is long or looks like a secret."""
    if looks_secret(value):
        return f"`{value[:4]}...`"
    return f"`{value}`" if len(value) <= _LONG else f"`{value[:_LONG]}...`"


def looks_secret(value: str) -> bool:
    """Return whether a value is long and mixes letters and digits, as tokens do, unlike names."""
    return _SECRET.fullmatch(value) is not None


def format_path(path: FieldPath) -> str:
    """Return a path as people write it: `companies[0].owner`."""
    return "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in path).lstrip(".")


def parse_path(field: str) -> FieldPath:
    """Return the path that people write like this; the inverse of `format_path`."""
    steps = re.findall(r"([^.\[\]]+)|\[([0-9]+)\]", field)
    return tuple(name or int(place) for name, place in steps)


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was probably meant; None if none is similar."""
    lowered = {k.lower(): k for k in known}
    near = get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    return lowered[near[0]] if near else None


def suggest(word: str, known: Iterable[str]) -> str:
    """Return what to write instead of a word that is not known."""
    known = list(known)
    meant = closest(word, known)
    if meant:
        return f"did you mean `{meant}`?"
    return f"write one of: {', '.join(known)}" if known else "none is defined yet"
