"""What is uploaded to Lambda is complete and compiled, with nothing superfluous."""

import csv
import json
import re
import subprocess
from pathlib import Path

import pytest

from pulse_cli.laptop import sam
from pulse_cli.laptop.runtime import lambda_python
from tests.secrecy.secret_scanner import secrets_in

pytestmark = pytest.mark.built

MOST_BYTES = 25_000_000


def test_nothing_is_missing_or_superfluous(built: dict[str, Path]) -> None:
    assert built
    assert sam.find_build_problems() == []


def test_a_missing_dependency_is_noticed(built: dict[str, Path], tmp_path: Path) -> None:
    [artifact, *_] = built.values()
    copy = tmp_path / "artifact"
    copy.mkdir()
    for path in artifact.iterdir():
        if not path.name.startswith("tweepy"):
            (copy / path.name).symlink_to(path)
    found = list(sam._artifact_problems("poll", copy))  # noqa: SLF001
    assert any(one.startswith("tweepy-") and one.endswith("is missing") for one in found)


def test_templates_are_real_files(built: dict[str, Path]) -> None:
    for artifact in built.values():
        files = [path for path in (artifact / "templates").rglob("*") if path.is_file()]
        assert files
        assert not (artifact / "templates").is_symlink()


OURS = re.compile(
    r"[a-z]+\.py|pulse/(\w+/)*\w+\.py|templates/(\w+/)*\w+\.(html|txt|po)|requirements\.(in|txt)"
)
"""No settings, no environment, no samconfig, no tests."""


def test_files_from_no_requirement_are_ours_and_hold_no_secret(built: dict[str, Path]) -> None:
    """A file that no requirement installed is our code or template, and contains no secret."""
    for artifact in built.values():
        records = [record.read_text("utf-8") for record in artifact.glob("*.dist-info/RECORD")]
        installed = {row[0] for record in records for row in csv.reader(record.splitlines())}
        files = [file for file in artifact.rglob("*") if file.is_file() and file.suffix != ".pyc"]
        for name in {str(file.relative_to(artifact)) for file in files} - installed:
            assert OURS.fullmatch(name), name
            assert list(secrets_in((artifact / name).read_text("utf-8"))) == [], name


def test_it_is_small(built: dict[str, Path]) -> None:
    for artifact in built.values():
        assert sum(path.stat().st_size for path in artifact.rglob("*")) < MOST_BYTES


def test_babel_still_has_our_languages(built: dict[str, Path]) -> None:
    script = """
import json
from datetime import datetime
from babel import Locale, dates, numbers
day = datetime(2026, 11, 2, 9, 5)
print(json.dumps({language: [
    dates.format_date(day, "d MMMM", locale=language),
    dates.get_timezone_name("Europe/Moscow", locale=language),
    numbers.format_decimal(12345.6, locale=language),
    [Locale.parse(language).plural_form(number) for number in (1, 3, 5)],
] for language in ("en", "ru")}))
"""
    completed = subprocess.run(  # noqa: S603 - our own script
        [lambda_python(), "-B", "-c", script],
        cwd=built["send"],
        env={"PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(completed.stdout) == {
        "en": ["2 November", "Moscow Time", "12,345.6", ["one", "other", "other"]],
        "ru": ["2 ноября", "Москва", "12\xa0345,6", ["one", "few", "many"]],
    }
