"""Validates a document by the JSON Schema, and says in plain words what does not fit."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path as File
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import yaml
from jsonschema import Draft202012Validator

from pulse_cli.settings.findings import FieldPath, Remark, closest, quote, suggest
from pulse_cli.settings.suggestions import suggest_rewrite

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = File(__file__).parents[2] / "settings" / "pulse.schema.json"
"""The JSON Schema of pulse.yaml, for editors and for `pulse check`."""

_Schema = dict[str, Any]
_START = "start from infra/settings/pulse.minimal.yaml"


@cache
def schema() -> _Schema:
    """Return the JSON Schema, read once."""
    read: _Schema = json.loads(SCHEMA.read_text("utf-8"))
    return read


def default_of(part: str, name: str) -> str:
    """Return the default of a field, as text; `part` names a definition of the schema."""
    default: str = schema()["$defs"][part]["properties"][name]["default"]
    return default


class _Violation(NamedTuple):
    """What the validator found: the value, and the part of the schema that it breaks."""

    path: FieldPath
    value: Any
    rule: str
    expected: Any
    schema: _Schema

    @property
    def example_hint(self) -> str:
        """A fix that shows an example of the value."""
        example = _example(_part(self.path)[0])
        return f"write for example `{example}`" if example else _START


class SchemaMisfit(NamedTuple):
    """A remark on something that does not fit the schema."""

    remark: Remark
    is_unreadable: bool = True
    """Whether the value cannot be read, and checks that need it are left out; an unknown field is
    ignored instead."""
    is_worth_reporting: bool = True
    """False for a missing field that is probably there, but misspelt."""


def find_misfits(document: Any) -> Iterator[SchemaMisfit]:
    """Yield everything in the document that does not fit the schema."""
    for error in Draft202012Validator(schema()).iter_errors(document):
        path, value = tuple(error.absolute_path), error.instance
        part, wants = cast("_Schema", error.schema), cast("Any", error.validator_value)
        if "propertyNames" in error.absolute_schema_path:
            path = (*path, str(value))
        if error.validator == "additionalProperties":
            for key in value.keys() - part["properties"].keys():
                yield SchemaMisfit(_unknown(path, key, part["properties"]), is_unreadable=False)
        elif error.validator == "required":
            known = part["properties"]
            misspelt = {closest(key, known) for key in value.keys() - known.keys()}
            for key in [key for key in wants if key not in value]:
                yield SchemaMisfit(_missing((*path, key)), is_worth_reporting=key not in misspelt)
        else:
            misfit = _Violation(path, value, str(error.validator), wants, part)
            yield SchemaMisfit(Remark(path, *_describe(misfit)))


def to_inline_yaml(value: Any) -> str:
    """Return a value as YAML on one line."""
    if not isinstance(value, dict | list):
        return str(value)
    return yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=1000
    ).strip()


def _unknown(path: FieldPath, key: str, known: _Schema) -> Remark:
    homes = [] if closest(key, known) else _parents_of(key)
    fix = f"it belongs under {homes[0]}" if homes else suggest(key, known)
    return Remark((*path, key), "is not a known field here", fix)


def _missing(path: FieldPath) -> Remark:
    example = _example(_part(path)[0])
    return Remark(path, "is missing", f"add `{path[-1]}: {example}`" if example else _START)


def _parents_of(key: str) -> list[str]:
    """Return the places where a field of this name is allowed."""
    top = ["the top of the file"] if key in schema()["properties"] else []
    parts = [part for part in schema()["$defs"].values() if key in part.get("properties", ())]
    return top + [f"`{part['title']}`" for part in parts]


def _describe(misfit: _Violation) -> tuple[str, str]:
    """Return what is wrong with a value, and how to fix it."""
    if misfit.value is None:
        needed = _part(misfit.path)[1]
        return "is empty", misfit.example_hint + ("" if needed else ", or remove the line")
    return _DESCRIBERS.get(misfit.rule, _mistyped)(misfit)


def _pattern(misfit: _Violation) -> tuple[str, str]:
    problem = misfit.schema["patternErrorMessage"]
    better = suggest_rewrite(misfit.value, misfit.expected, problem)
    return (
        f"{quote(misfit.value)} {problem}",
        f"write `{better}`" if better else misfit.example_hint,
    )


def _enum(misfit: _Violation) -> tuple[str, str]:
    if not isinstance(misfit.value, str):
        return "must be text", f"write one of: {', '.join(misfit.expected)}"
    return f"{quote(misfit.value)} is not allowed here", suggest(misfit.value, misfit.expected)


def _too_few(misfit: _Violation) -> tuple[str, str]:
    return "is empty", misfit.example_hint


def _repeated(misfit: _Violation) -> tuple[str, str]:
    repeated = next(v for v in misfit.value if misfit.value.count(v) > 1)
    return f"names {to_inline_yaml(repeated)} twice", "keep one of the two"


def _mistyped(misfit: _Violation) -> tuple[str, str]:
    kinds = [misfit.expected] if isinstance(misfit.expected, str) else misfit.expected
    words = [_KINDS.get(kind, "text") for kind in kinds if kind not in ("integer", "number")]
    problem = f"must be {' or '.join(dict.fromkeys(words))}"
    if "array" in kinds and isinstance(misfit.value, dict):
        return problem, "begin each entry with `- `"
    return problem, misfit.example_hint


_KINDS = {"object": "a block of fields", "array": "a list"}
_DESCRIBERS = {
    "pattern": _pattern,
    "enum": _enum,
    "minItems": _too_few,
    "minProperties": _too_few,
    "uniqueItems": _repeated,
}


def _part(path: FieldPath) -> tuple[_Schema, bool]:
    """Return the part of the schema that describes a path, and whether the path is required."""
    part, needed = schema(), True
    for step in path:
        whole = _resolve_reference(part)
        if isinstance(step, int):
            part, needed = whole.get("items", {}), True
        else:
            others = whole.get("additionalProperties") or {}
            part = whole.get("properties", {}).get(step, others)
            needed = step in whole.get("required", ())
    return part, needed


def _resolve_reference(part: _Schema) -> _Schema:
    followed: _Schema = part
    if "$ref" in part:
        followed = schema()["$defs"][part["$ref"].rpartition("/")[2]]
    return followed


def _example(part: _Schema) -> str | None:
    examples = part.get("examples") or _resolve_reference(part).get("examples")
    return to_inline_yaml(examples[0]) if examples else None
