"""Parameters: described, grouped for the console, and all in docs/deploy.md."""

import re
from typing import Any

from pulse_cli.laptop.sam import ROOT

MUST_BE_CHOSEN = {"Senders"}


def test_every_parameter_is_described(written: dict[str, Any]) -> None:
    assert all(one.get("Description") for one in written["Parameters"].values())


def test_every_parameter_has_a_default_but_those_that_nobody_can_guess(
    written: dict[str, Any],
) -> None:
    without = {name for name, one in written["Parameters"].items() if "Default" not in one}
    assert without == MUST_BE_CHOSEN


def test_every_parameter_stands_in_a_group(written: dict[str, Any]) -> None:
    interface = written["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(grouped) == sorted(written["Parameters"])


def test_every_parameter_is_documented(written: dict[str, Any]) -> None:
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", page, re.MULTILINE))
    documented = {name: table[name] for name in written["Parameters"] if name in table}
    assert documented == {
        name: f"`{one['Default']}`" if one.get("Default", "") != "" else _without(one)
        for name, one in written["Parameters"].items()
    }


def _without(parameter: dict[str, Any]) -> str:
    return "none" if "Default" in parameter else "**to be given**"


def test_every_alarm_is_documented(written: dict[str, Any]) -> None:
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    for name, one in written["Resources"].items():
        if one["Type"] == "AWS::CloudWatch::Alarm":
            assert f"`{name}`" in page


def test_every_output_is_described(written: dict[str, Any]) -> None:
    assert all(one.get("Description") for one in written["Outputs"].values())
