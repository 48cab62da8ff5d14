"""The samples, and the settings made for an archive, pass the check and can be read."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pulse.kernel.company import Account
from pulse.kernel.policy import Level, Shift
from pulse.settings.reader import SettingsError, read
from pulse_cli.settings import check_file
from pulse_cli.settings.defaults import default_settings
from pulse_cli.settings.schema_check import schema

SAMPLES = sorted((Path(__file__).parents[2] / "infra" / "settings").glob("*.yaml"))
ACCOUNT = {"id": "700000008", "username": "AmericanAir", "role": "support"}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_a_sample_has_no_findings_and_survives_json(sample: Path) -> None:
    findings, document, found = check_file(sample)
    assert findings == []
    assert document is not None
    assert read(json.loads(json.dumps(document))) == found
    assert sample.read_text("utf-8").startswith(
        "# yaml-language-server: $schema=pulse.schema.json\n"
    )


def test_the_large_sample_shows_every_field() -> None:
    text = (SAMPLES[0].parent / "pulse.sample.yaml").read_text("utf-8")
    for part in [schema(), *schema()["$defs"].values()]:
        for name in part.get("properties", ()):
            assert f"{name}:" in text


def test_other_readers_of_yaml_find_the_same_names() -> None:
    sample = SAMPLES[0].parent / "pulse.sample.yaml"
    document = check_file(sample).document
    assert document is not None
    assert json.dumps(document) == json.dumps(yaml.load(sample.read_text("utf-8"), yaml.BaseLoader))  # noqa: S506


TEXT = (SAMPLES[0].parent / "pulse.sample.yaml").read_text("utf-8")
PIECES = st.sampled_from(
    ["", " ", "\n", "\t", ":", "- ", "{", "}", "[", "]", '"', "'", "&a", "*a", "!x", "#", "|", "~",
     "<<: *a", "? ", "0", "anna", "24:00", "мин", "\x00", "\ufeff", "---\n", "%", "name: x", "@"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(TEXT)), st.integers(0, 40), PIECES), min_size=1, max_size=3
    )
)
def test_no_mistake_crashes_the_check(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int, str]]
) -> None:
    text = TEXT
    for at, length, piece in changes:
        text = text[:at] + piece + text[at + length :]
    file = tmp_path_factory.mktemp("slip") / "pulse.yaml"
    file.write_text(text, "utf-8")
    findings, document, found = check_file(file)
    errors = [finding for finding in findings if finding.severity == "error"]
    assert (found is None) == (document is None) == bool(errors)
    assert all(1 <= finding.line <= text.count("\n") + 2 for finding in findings)
    assert all(finding.problem and finding.fix for finding in findings)
    assert all("\n" not in finding.to_line("pulse.yaml") for finding in findings)


def test_the_settings_made_for_an_archive() -> None:
    document = default_settings([{"name": "American Air", "accounts": [ACCOUNT]}])
    company = read(document).company("American Air")
    assert company.accounts == (Account("700000008", "AmericanAir", "support", "AmericanAir"),)
    assert company.policy.levels == (
        Level("warning", timedelta(minutes=15), ("agents",)),
        Level("breach", timedelta(minutes=60), ("manager",)),
        Level("critical", timedelta(hours=4), ("head",)),
    )
    assert {key: person.email for key, person in company.people.items()} == {
        "agents": "agents@american-air.example",
        "manager": "manager@american-air.example",
        "head": "head@american-air.example",
    }
    assert company.policy.groups == {key: (Shift(key),) for key in company.people}
    assert (company.look_back, company.retention, company.digests) == (timedelta(0), None, ())
    assert (company.owner, company.language, company.time_zone) == ("head", "en", "UTC")


@given(st.text(max_size=70))
def test_a_made_company_keeps_its_name_or_is_refused(name: str) -> None:
    try:
        document = default_settings([{"name": name, "accounts": [ACCOUNT]}])
    except SettingsError as error:
        assert error.field == "companies[0].name"  # noqa: PT017
        assert (
            not name
            or len(name) > 64
            or "#" in name
            or not name.isprintable()
            or name != name.strip()
        )
    else:
        assert read(document).companies[0].name == name


@pytest.mark.parametrize(
    ("companies", "expected"),
    [
        (["Delta"], "companies[0]: must have fields: name, accounts"),
        ([{"accounts": [ACCOUNT]}], "companies[0].name: is missing"),
        ([{"name": "a", "accounts": []}], "companies[0].accounts: must be a list of accounts"),
        ([{"name": "a", "accounts": [{"id": 1}]}], "companies[0].accounts[0].username: is missing"),
        (
            [{"name": "a", "accounts": [ACCOUNT | {"role": "news"}]}],
            "companies[0].accounts[0].role: must be support or official",
        ),
        (
            [{"name": "a#b", "accounts": [ACCOUNT]}],
            "companies[0].name: must be up to 64 characters on one line, without #",
        ),
    ],
)
def test_an_entry_of_an_archive_that_is_no_company_is_named(
    companies: list[Any], expected: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        default_settings(companies)
    assert str(caught.value) == expected
