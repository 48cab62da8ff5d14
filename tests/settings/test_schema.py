"""The JSON Schema, the reader of settings, the suggestions and docs/settings.md agree."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pulse.kernel.company import Company
from pulse.kernel.policy import Policy
from pulse.settings import durations
from pulse_cli.settings import suggestions
from pulse_cli.settings.defaults import default_settings
from pulse_cli.settings.schema_check import find_misfits, schema

DEFS: dict[str, dict[str, Any]] = schema()["$defs"]
DOCS = (Path(__file__).parents[2] / "docs" / "settings.md").read_text("utf-8")
BLOCKS = [part for part in DEFS.values() if "properties" in part]
KINDS = {
    "duration": (DEFS["duration"], durations.duration),
    "clock": (DEFS["clock"], durations.clock),
    "hours": (DEFS["turn"]["properties"]["hours"], durations.hours),
    "days": (DEFS["days"], durations.days),
    "keep": (DEFS["company"]["properties"]["keep"], durations.retention),
    "reads": (DEFS["company"]["properties"]["reads_per_month"], durations.count),
    "target": (DEFS["policy"]["properties"]["target"], durations.share),
}


def test_the_schema_is_valid() -> None:
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_schema_accepts_can_be_read(kind: str) -> None:
    part, reader = KINDS[kind]

    @settings(max_examples=200, deadline=None)
    @given(st.from_regex(part["pattern"], fullmatch=True))
    def holds(text: str) -> None:
        reader(text.rstrip("\n"))

    holds()


@pytest.mark.parametrize("name", DEFS)
def test_examples_and_defaults_fit_their_own_part(name: str) -> None:
    parts = [DEFS[name], *DEFS[name].get("properties", {}).values()]
    for part in parts:
        fits = Draft202012Validator(part | {"$defs": DEFS})
        for value in part.get("examples", []) + [part[key] for key in ("default",) if key in part]:
            assert list(fits.iter_errors(value)) == []


@pytest.mark.parametrize("part", [schema(), *BLOCKS], ids=lambda part: part.get("title"))
def test_every_field_is_documented(part: dict[str, Any]) -> None:
    title = part["title"] if part is not schema() else "The top of the file"
    section = DOCS.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (yes|) *\|", section, flags=re.MULTILINE))
    needed = set(part.get("required", ()))
    assert rows == {name: "yes" if name in needed else "" for name in part["properties"]}


def test_the_defaults_are_those_of_the_domain() -> None:
    defaults = {
        name: field["default"]
        for part in ("company", "policy")
        for name, field in DEFS[part]["properties"].items()
        if "default" in field
    }
    fields = Company.__dataclass_fields__
    assert durations.duration(defaults["look_back"]) == fields["look_back"].default
    assert durations.retention(defaults["keep"]) == fields["retention"].default
    windows = ("repeat_every", "alert_window", "critical_window")
    assert {name: durations.duration(defaults[name]) for name in windows} == {
        name: Policy.__dataclass_fields__[name].default for name in windows
    }
    assert durations.share(defaults["target"]) == Policy.__dataclass_fields__["target"].default


def test_the_defaults_are_documented() -> None:
    for part in BLOCKS:
        section = DOCS.split(f"\n## {part['title']}\n", 1)[1].split("\n## ", 1)[0]
        for name, field in part["properties"].items():
            if "default" in field:
                assert f"| `{name}` | | `{field['default']}` |" in section


def test_suggestions_are_made_for_messages_of_the_schema() -> None:
    messages = set(re.findall(r"'patternErrorMessage': [\"'](.*?)[\"'],", str(schema())))
    assert set(suggestions.REWRITES) <= messages


@given(st.text(max_size=12), st.sampled_from(list(KINDS)))
def test_a_suggestion_fits(text: str, kind: str) -> None:
    part = KINDS[kind][0]
    better = suggestions.suggest_rewrite(text, part["pattern"], part["patternErrorMessage"])
    assert better is None or re.search(part["pattern"], better)


def test_the_settings_made_for_an_archive_fit() -> None:
    account = {"id": "115858", "username": "115858", "role": "official"}
    names = ["AmericanAir", "115858", "Ask PlayStation", "Связь", "O2 (UK) & Co."]
    made = default_settings([{"name": name, "accounts": [account]} for name in names])
    assert list(find_misfits(made)) == []
