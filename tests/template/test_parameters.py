"""Parameters and alarms: described, documented, and the parameters grouped for the console."""

import re
from typing import Any

from pulse_cli.laptop.sam import ROOT

REQUIRED = {"Senders"}

PARTS = (
    "What it means.",
    "Severity.",
    "Start here.",
    "Likely causes, most likely first.",
    "What to do.",
    "Resolved when",
    "What is lost.",
)


def test_every_parameter_is_described(written: dict[str, Any]) -> None:
    assert all(one.get("Description") for one in written["Parameters"].values())


def test_every_parameter_but_the_required_ones_has_a_default(written: dict[str, Any]) -> None:
    without = {name for name, one in written["Parameters"].items() if "Default" not in one}
    assert without == REQUIRED


def test_every_parameter_is_in_a_group(written: dict[str, Any]) -> None:
    interface = written["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(grouped) == sorted(written["Parameters"])


def test_every_parameter_is_documented(written: dict[str, Any]) -> None:
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", page, re.MULTILINE))
    documented = {name: table[name] for name in written["Parameters"] if name in table}
    assert documented == {
        name: f"`{one['Default']}`" if one.get("Default", "") != "" else _default_in_docs(one)
        for name, one in written["Parameters"].items()
    }


def _default_in_docs(parameter: dict[str, Any]) -> str:
    return "none" if "Default" in parameter else "**required**"


def alarms(written: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        name: one["Properties"]
        for name, one in written["Resources"].items()
        if one["Type"] == "AWS::CloudWatch::Alarm"
    }


def test_every_alarm_is_documented_and_no_other(written: dict[str, Any]) -> None:
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[`(\w+)`\]\(runbook\.md#(\w+)\) \|", page, re.MULTILINE)
    assert sorted(rows) == sorted((name, name.lower()) for name in alarms(written))


def test_every_alarm_says_in_a_line_what_to_do_and_links_the_runbook(
    written: dict[str, Any],
) -> None:
    for name, one in alarms(written).items():
        text, anchor = one["AlarmDescription"].split("; docs/runbook.md#")
        assert "\n" not in text
        assert anchor == name.lower()
        assert len(text) < 160, "too long for an SMS"


def test_the_runbook_has_a_whole_section_for_every_alarm_and_for_nothing_else(
    written: dict[str, Any],
) -> None:
    page = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    head, *sections = re.split(r"^## ", page, flags=re.MULTILINE)
    by_name = {text.partition("\n")[0]: text for text in sections}
    assert sorted(by_name) == sorted(alarms(written))
    assert re.findall(r"^\| \[(\w+)\]\(#(\w+)\) \|", head, re.MULTILINE) == [
        (name, name.lower()) for name in by_name
    ]
    for name, text in by_name.items():
        for part in PARTS:
            assert f"\n**{part}" in text, f"{name} does not say: {part}"
        first = text.split("\n**Start here.**", 1)[1].split("\n**", 1)[0]
        assert "```\n" in first, f"{name} has no command to look with"


def test_every_output_is_described(written: dict[str, Any]) -> None:
    assert all(one.get("Description") for one in written["Outputs"].values())
