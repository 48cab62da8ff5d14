"""Explains in plain words why a file is not YAML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from yaml.error import MarkedYAMLError, YAMLError
from yaml.reader import ReaderError

from pulse_cli.settings.findings import SettingsFinding

if TYPE_CHECKING:
    from yaml.error import Mark


class Position(NamedTuple):
    """A line and a column, counted from 1."""

    line: int
    column: int

    @classmethod
    def from_mark(cls, mark: Mark) -> Position:
        """Return the position of a mark of PyYAML, which counts from 0."""
        return cls(mark.line + 1, mark.column + 1)


_INDENT = "start it in the same column as its neighbours"
# A part of PyYAML's message, the problem in our words, and the fix. The first match counts.
_EXPLANATIONS: tuple[tuple[str, str, str], ...] = (
    ("character '@'", "text cannot begin with @", 'remove the @, or use quotes: "@name"'),
    ("that cannot start any token", "begins with a character that YAML reserves", "use quotes"),
    ("mapping values are not allowed", "has a colon where none is allowed", _INDENT),
    ("could not find expected ':'", "is not a `field: value`", "write `field: value`"),
    ("expected <block end>", "is not aligned", _INDENT),
    ("expected ',' or", "opens a bracket that is never closed", "close the bracket"),
    (
        "undefined alias",
        "uses a * name that is not defined",
        'define it with &, or use quotes: "*"',
    ),
    ("but found another document", "begins a second document", "keep one document, without `---`"),
    ("expected '<document start>'", "does not fit the lines above", "check the line above"),
    (
        "sequence entries are not",
        "has a dash where none is allowed",
        "begin the list on a new line",
    ),
    (
        "expected the node content",
        "has a symbol where a value is expected",
        "write a value, or use quotes",
    ),
    ("expected alphabetic", "has a & or * without a name", "put quotes around the text"),
    ("end of stream", "opens a quote that is never closed", "close the quote"),
    ("unknown escape", "has a backslash that YAML does not know", "use single quotes"),
)
_AT_START = ("expected ',' or", "end of stream", "could not find expected ':'")
"""Problems that are where the construct began, not where PyYAML noticed them."""
_OPEN_QUOTE = re.compile(r"""(?:^|[\[{,:-]\s+|[\[{])(["'])(?:(?!\1).)*$""")
_BREAK = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
_GLUED = re.compile(r"\s*(?:- )*([A-Za-z_]+):[^\s/]")


def describe_syntax_error(error: YAMLError, text: str) -> SettingsFinding:
    """Return the finding that this text is not YAML, with the place that must be fixed."""
    if isinstance(error, ReaderError):
        before = text[: error.position]
        column = error.position - before.rfind("\n")
        problem = f"has a control character (U+{ord(text[error.position]):04X})"
        return SettingsFinding(before.count("\n") + 1, column, "", problem, "delete it")
    if not isinstance(error, MarkedYAMLError):
        return SettingsFinding(1, 1, "", f"is not YAML: {error}", "check quotes and brackets")
    message = error.problem or ""
    marks = [mark for mark in (error.problem_mark, error.context_mark) if mark]
    if any(sign in message for sign in _AT_START):
        marks.reverse()
    place = Position.from_mark(marks[0])
    lines = [*_BREAK.split(text), ""]
    quote = _open_quote(lines[: place.line])
    if quote:
        return SettingsFinding(*quote, "", "opens a quote that is never closed", "close the quote")
    return SettingsFinding(*place, "", *_explain(message, lines[place.line - 1], place))


def _open_quote(lines: list[str]) -> Position | None:
    """Return where a quote opens that is not closed on its line, None if there is none."""
    for number, line in enumerate(lines, 1):
        match = _OPEN_QUOTE.search(line.partition(" #")[0])
        if match and not line.lstrip().startswith("#"):
            return Position(number, match.start(1) + 1)
    return None


def _explain(message: str, line: str, place: Position) -> tuple[str, str]:
    """Return the problem in a line, and the fix."""
    if "\t" in line[: place.column]:
        return "has a tab", "use spaces"
    glued = _GLUED.match(line)
    if glued and "':'" in message:
        return f"has no space after `{glued[1]}:`", f"write `{glued[1]}: ...`"
    if "mapping values" in message and line.count(": ") > 1:
        return "has a second colon", "put quotes around the text"
    for sign, problem, fix in _EXPLANATIONS:
        if sign in message:
            return problem, fix
    return f"is not YAML: {message}", "check quotes, brackets and columns"
