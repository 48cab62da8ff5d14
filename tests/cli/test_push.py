"""`pulse push`: what it checks, shows, stores and asks for."""

import json
from pathlib import Path

import boto3
import pytest

from pulse.dynamodb.table import Table
from pulse.settings.store import SettingsStore
from pulse.x.access import Token
from pulse.x.credentials import TokenStore
from pulse_cli.settings.diff import compare
from pulse_cli.simulated_aws.local_stack import LocalStack
from pulse_cli.stack.deployment import INDEX
from tests.cli.command_runner import SETTINGS, run


def settings_store(stack: LocalStack) -> SettingsStore:
    return SettingsStore(Table(boto3.client("dynamodb"), stack.table, INDEX))


def store_token(stack: LocalStack, name: str = "svyaz_help") -> None:
    TokenStore(boto3.client("ssm"), stack.outputs["TokensPath"]).put(name, Token("bearer"))


def test_the_first_push_is_version_1_and_asks_for_tokens(
    deployed: LocalStack, pulse_yaml: Path
) -> None:
    result = run("push", str(pulse_yaml))
    assert result.code == 0, result.err
    missing = "no secret is stored at /pulse/pulse/tokens/svyaz_help"
    assert result.out.splitlines() == [
        "This is the first version of the settings on this stack.",
        "Version 1 is in force on pulse.",
        f"The token svyaz_help is missing ({missing}): pulse connect @svyaz_help",
    ]
    document, version, _ = settings_store(deployed).current() or ({}, 0, None)
    assert version == 1
    assert document["companies"][0]["people"]["anna"]["email"] == "anna@example.com"


def test_a_change_is_shown_against_what_is_in_force(deployed: LocalStack, pulse_yaml: Path) -> None:
    store_token(deployed)
    run("push")
    changed = SETTINGS.replace("60 min", "45 min").replace("anna@example.com", "a@example.com")
    pulse_yaml.write_text(
        changed.replace("    policy", "      vera: vera@example.com\n    policy"), "utf-8"
    )
    result = run("push")
    assert result.out.splitlines() == [
        "Changes from version 1, which is in force:",
        "  ~ svyaz.people.anna.email: anna@example.com → a@example.com",
        "  + svyaz.people.vera: vera@example.com",
        "  ~ svyaz.policy.levels.breach.after: 60 min → 45 min",
        "Version 2 is in force on pulse.",
    ]


def test_nothing_changed_is_no_new_version(deployed: LocalStack, pulse_yaml: Path) -> None:
    store_token(deployed)
    run("push")
    result = run("push")
    assert result.code == 0
    assert result.out == "Nothing has changed: version 1 stays in force on pulse.\n"


def test_a_dry_run_stores_nothing(deployed: LocalStack, pulse_yaml: Path) -> None:
    result = run("push", "--dry-run")
    assert result.code == 0
    assert "Nothing was pushed" in result.out
    assert settings_store(deployed).current() is None


def test_json_is_for_scripts(deployed: LocalStack, pulse_yaml: Path) -> None:
    result = run("push", "--json")
    assert result.json["version"] == 1
    assert result.json["pushed"] is True
    assert [row["token"] for row in result.json["missing_tokens"]] == ["svyaz_help"]
    assert result.json["missing_tokens"][0]["accounts"] == ["svyaz_help", "svyaz"]
    json.dumps(result.json["changes"])


def test_settings_with_an_error_are_not_pushed(deployed: LocalStack, pulse_yaml: Path) -> None:
    pulse_yaml.write_text(SETTINGS.replace("60 min", "60"), "utf-8")
    result = run("push", "pulse.yaml")
    assert result.code == 1
    assert "pulse.yaml:12: companies[0].policy.levels[1].after" in result.err
    assert "nothing was pushed" in result.err
    assert settings_store(deployed).current() is None


def test_no_such_file_is_wrong_use(deployed: LocalStack) -> None:
    assert run("push", "nowhere.yaml").code == 2


def test_no_such_stack(deployed: LocalStack, pulse_yaml: Path) -> None:
    result = run("push", "--stack", "acme")
    assert result.code == 1
    assert "pulse: there is no stack 'acme' in us-east-1; deploy it" in result.err


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        ({"a": "1"}, {"a": "1"}, []),
        ({"a": None}, {}, ["- a: none"]),
        ({"a": "1"}, {"a": ["1", "2"]}, ["~ a: 1 → 1, 2"]),
        (
            {"digests": [{"period": "shift", "to": "a"}, {"period": "daily"}]},
            {"digests": [{"period": "daily"}, {"period": "shift", "to": "b"}]},
            ["- digests: period shift, to a", "+ digests: period shift, to b"],
        ),
        (
            {"companies": [{"name": "x", "keep": "1 day"}, {"name": "y"}]},
            {"companies": [{"name": "y"}, {"name": "x", "keep": "2 days"}]},
            ["~ x.keep: 1 day → 2 days"],
        ),
        ({"a": {"b": ["x" * 99]}}, {}, [f"- a: b [{'x' * 54}..."]),
    ],
)
def test_changes(was: object, now: object, expected: list[str]) -> None:
    assert [change.to_line() for change in compare(was, now)] == expected
