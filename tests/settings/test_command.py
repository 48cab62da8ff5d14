"""`pulse check` and `pulse schema`, run as a shell runs them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pulse_cli.commands.check import check, schema

SAMPLE = Path(__file__).parents[2] / "infra" / "settings" / "pulse.sample.yaml"


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(check, arguments)


def test_sound_settings_show_who_is_alerted_of_what_and_when(in_folder: Path) -> None:
    (in_folder / "pulse.yaml").write_bytes(SAMPLE.read_bytes())
    result = run()
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    assert "warning 15 min mon-fri 00:00-09:00 Борис" in lines
    assert "09:00-21:00 Анна" in lines
    assert "Reminders of critical, every 4 h, up the line to galina, then dan" in lines
    assert "Digest shift to Борис at 23:00, mon-sun" in lines
    assert lines[-1] == "pulse.yaml is fine"


def test_a_finding_is_one_line_and_exits_with_1(in_folder: Path, sound: str) -> None:
    (in_folder / "pulse.yaml").write_text(sound.replace("60 min", "60"), "utf-8")
    result = run("pulse.yaml")
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        (
            "pulse.yaml:18: companies[0].policy.levels[1].after: "
            "`60` is not a length of time — write `60 min`"
        ),
        "1 error to fix in pulse.yaml",
    ]


def test_a_warning_is_printed_and_exits_with_0(in_folder: Path, sound: str) -> None:
    (in_folder / "pulse.yaml").write_text(sound.replace("role: support", "role: official"), "utf-8")
    result = run()
    assert result.exit_code == 0
    assert result.output.startswith("pulse.yaml:4: warning: companies[0].accounts: ")


def test_json_is_for_scripts(in_folder: Path, sound: str) -> None:
    (in_folder / "pulse.yaml").write_text(sound.replace("60 min", "60"), "utf-8")
    result = run("--json")
    assert result.exit_code == 1
    assert json.loads(result.output) == {
        "file": "pulse.yaml",
        "ok": False,
        "findings": [
            {
                "line": 18,
                "column": 33,
                "field": "companies[0].policy.levels[1].after",
                "problem": "`60` is not a length of time",
                "mend": "write `60 min`",
                "severity": "error",
            }
        ],
    }


def test_a_missing_file_exits_with_2(in_folder: Path) -> None:
    assert run("nowhere.yaml").exit_code == 2


def test_the_schema_is_printed() -> None:
    result = CliRunner().invoke(schema)
    assert result.exit_code == 0
    assert json.loads(result.output)["title"] == "pulse.yaml"
