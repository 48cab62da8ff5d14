"""Reads a YAML file into a plain document, with the line of every field.

Every scalar is read as text: `21:00`, `no` and `2026-12-01` are what they look like, not the
numbers, booleans and dates that YAML 1.1 makes of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml
from yaml.nodes import Node, ScalarNode, SequenceNode

from pulse_cli.settings.findings import FieldPath, Remark, SettingsFinding, format_path
from pulse_cli.settings.syntax import Position, describe_syntax_error

if TYPE_CHECKING:
    from pathlib import Path as File

_MAX_NODES = 50_000
_MAX_BYTES = 300_000
"""The document must fit into an item of the table, which can have 400 kB."""
_TOP = Position(1, 1)
_EMPTY = "start from infra/settings/pulse.minimal.yaml"


@dataclass(slots=True)
class Source:
    """A file's document, None if it cannot be read at all, and the positions of its fields.

    `positions` are those of values, `key_positions` those of the fields' names, by path.
    """

    document: Any = None
    findings: list[SettingsFinding] = field(default_factory=list)
    positions: dict[FieldPath, Position] = field(default_factory=dict)
    key_positions: dict[FieldPath, Position] = field(default_factory=dict)

    def locate(self, remark: Remark, *, key: bool = False) -> SettingsFinding:
        """Return the remark as a finding, with its line.

        It is the line of the value, or with `key` of the field's name. A place that is not in the
        file has the line of the nearest place above it.
        """
        places = self.key_positions if key and remark.path in self.key_positions else self.positions
        at = remark.path
        while at and at not in places:
            at = at[:-1]
        place = places.get(at, Position(1, 1))
        field = format_path(remark.path)
        return SettingsFinding(*place, field, remark.problem, remark.fix, remark.severity)

    def reject(self, place: Position, problem: str, fix: str) -> None:
        """Add a finding that keeps the whole file from being read."""
        self.findings.append(SettingsFinding(*place, "", problem, fix))


def load_yaml(file: File) -> Source:
    """Return a YAML file's document; what keeps the file from being read is in its findings."""
    source = Source()
    text = _read_text(file, source)
    if text is None:
        return source
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is not None:
            source.document = _DocumentBuilder(source).build(node, (), None)
        else:
            source.reject(_TOP, "the file is empty", _EMPTY)
    except yaml.YAMLError as error:
        source.findings.append(describe_syntax_error(error, text))
    except RecursionError:
        source.reject(_TOP, "is nested too deeply", "use fewer nested levels")
    except _UnreadableError as error:
        source.reject(*error.args)
    return source


def _read_text(file: File, source: Source) -> str | None:
    try:
        raw = file.read_bytes()
    except OSError as error:
        problem = (error.strerror or str(error)).lower()
        source.reject(_TOP, problem, "check the file's name and permissions")
        return None
    if len(raw) > _MAX_BYTES:
        source.reject(_TOP, "is larger than 300 kB", "check that it is the right file")
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        source.reject(Position(line, column), "is not UTF-8 text", "save the file as UTF-8")
        return None


class _UnreadableError(Exception):
    """The document cannot be read as settings; its arguments are a position, problem and fix."""


class _DocumentBuilder:
    """Builds the document from the YAML nodes of one file, and notes their positions."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._ancestors: set[int] = set()
        self._node_count = 0

    def build(self, node: Node, path: FieldPath, key: Node | None) -> Any:
        """Return a node as text, list or mapping; `key` is the node of its field's name."""
        # An alias (*) may refer to a node above itself, and aliases of aliases grow exponentially.
        named = key is not None and not (isinstance(node, ScalarNode) and node.value)
        place = Position.from_mark((key if named and key else node).start_mark)
        self._source.positions[path] = place
        self._node_count += 1
        if id(node) in self._ancestors or self._node_count > _MAX_NODES:
            raise _UnreadableError(
                place, "refers to itself, or is too large", "write it out without *"
            )
        if not node.tag.startswith("tag:yaml.org,2002:"):
            raise _UnreadableError(place, f"the tag {node.tag} is not supported", "remove it")
        if isinstance(node, ScalarNode):
            absent = node.style is None and node.value in ("", "~", "null")
            return None if absent else node.value.strip()
        self._ancestors.add(id(node))
        try:
            if isinstance(node, SequenceNode):
                return [self.build(n, (*path, i), None) for i, n in enumerate(node.value)]
            return self._fields(node, path)
        finally:
            self._ancestors.discard(id(node))

    def _fields(self, node: Node, path: FieldPath) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for key, value in node.value:
            place = Position.from_mark(key.start_mark)
            if not isinstance(key, ScalarNode) or not key.value.strip():
                raise _UnreadableError(place, "a field's name must be text", "put quotes around it")
            if key.value == "<<":
                raise _UnreadableError(place, "`<<` is not supported", "write the fields out")
            name = key.value.strip()
            here = (*path, name)
            if name in fields:
                problem = f"is already set on line {self._source.key_positions[here].line}"
                finding = SettingsFinding(*place, format_path(here), problem, "keep one of the two")
                self._source.findings.append(finding)
                continue
            self._source.key_positions[here] = place
            fields[name] = self.build(value, here, key)
        return fields
