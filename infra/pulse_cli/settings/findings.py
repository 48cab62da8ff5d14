"""What `pulse check` finds: where, what is wrong, and how to mend it."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONG = 64
_SECRET = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])[A-Za-z0-9_%+/=-]{20,}")
Severity = Literal["error", "warning"]
FieldPath = tuple[str | int, ...]
"""Where something stands in the settings: names of fields, and places in lists from 0."""


class Remark(NamedTuple):
    """Something to mend, by its place in the document; it has no line yet."""

    path: FieldPath
    problem: str
    mend: str
    severity: Severity = "error"


@dataclass(frozen=True, slots=True, order=True)
class SettingsFinding:
    """Something to mend in a file; `line` and `column` count from 1."""

    line: int
    column: int
    field: str
    """Dotted path, such as `companies[0].policy.levels[1].after`; empty for the whole file."""
    problem: str
    mend: str
    severity: Severity = "error"

    def to_line(self, file: str) -> str:
        """Return the finding in one line."""
        parts = [f"{file}:{self.line}"]
        if self.severity == "warning":
            parts.append("warning")
        if self.field:
            parts.append(self.field)
        return " ".join(f"{': '.join(parts)}: {self.problem} — {self.mend}".split())

    def as_json(self) -> dict[str, Any]:
        """Return the finding as JSON has it."""
        return asdict(self)


def quote(value: str) -> str:
    """Show a value as it was written, cut when it is long, or looks like a secret."""
    if looks_secret(value):
        return f"`{value[:4]}...`"
    return f"`{value}`" if len(value) <= _LONG else f"`{value[:_LONG]}...`"


def looks_secret(value: str) -> bool:
    """Return whether it is long and mixed as tokens are, and names are not."""
    return _SECRET.fullmatch(value) is not None


def format_path(path: FieldPath) -> str:
    """Write a path as people read it: `companies[0].owner`."""
    return "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in path).lstrip(".")


def parse_path(field: str) -> FieldPath:
    """Read a path as people write it: the other way round."""
    steps = re.findall(r"([^.\[\]]+)|\[([0-9]+)\]", field)
    return tuple(name or int(place) for name, place in steps)


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was probably meant, if any is near."""
    lowered = {k.lower(): k for k in known}
    near = get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    return lowered[near[0]] if near else None


def suggest(word: str, known: Iterable[str]) -> str:
    """Say what to write instead of a word that is none of the known ones."""
    known = list(known)
    meant = closest(word, known)
    if meant:
        return f"did you mean `{meant}`?"
    return f"write one of: {', '.join(known)}" if known else "none is defined yet"
