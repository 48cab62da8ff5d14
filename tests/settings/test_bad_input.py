"""Each mistake is reported with its line, its field and a fix."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pulse_cli.settings import CheckedSettings

CheckText = Callable[[str | bytes], CheckedSettings]

START = "start from infra/settings/pulse.minimal.yaml"
FILES = [
    (b"", 1, "the file is empty", START),
    (b"# later\n", 1, "the file is empty", START),
    (b"- a\n", 1, "must be a block of fields", START),
    (b"companies", 1, "must be a block of fields", START),
    (b"companies:", 1, "is empty", START),
    (b"companies: []", 1, "is empty", START),
    (b"companies: [~]", 1, "is empty", START),
    (b"company: []", 1, "is not a known field here", "did you mean `companies`?"),
    (b"a: 1\n# \xd1\xe2\xff\n", 2, "is not UTF-8 text", "save the file as UTF-8"),
    ("a: b".encode("utf-16"), 1, "is not UTF-8 text", "save the file as UTF-8"),
    (b"a: 1\n---\nb: 2\n", 2, "begins a second document", "keep one document, without `---`"),
    (b"a: &a [*a]\n", 1, "refers to itself, or is too large", "write it out without *"),
    (b"[" * 5000, 1, "is nested too deeply", "use fewer nested levels"),
    (b"#" * 400_000, 1, "is larger than 300 kB", "check that it is the right file"),
]


def mistakes() -> list[tuple[str, str, str]]:
    """Read slips.diff: the correct text, the mistaken text and the expected findings."""
    read = []
    for block in Path(__file__).with_name("slips.diff").read_text("utf-8").split("\n\n"):
        rows = [line.partition(" ") for line in block.splitlines()]
        old, new, expected = ("\n".join(r for s, _, r in rows if s == sign) for sign in "-+=")
        if expected:
            read.append((old, new, expected))
    return read


def test_sound_settings_have_no_findings(sound: str, check: CheckText) -> None:
    assert check(sound).findings == []
    assert check(sound).settings is not None


@pytest.mark.parametrize(("old", "new", "expected"), mistakes())
def test_a_mistake_is_reported_with_its_line_its_field_and_a_fix(
    old: str, new: str, expected: str, sound: str, check: CheckText
) -> None:
    assert old in sound
    findings, document, settings = check(sound.replace(old, new, 1))
    assert "\n".join(f.to_line("").removeprefix(":") for f in findings) == expected
    only_warnings = all(finding.severity == "warning" for finding in findings)
    assert (document is not None) == (settings is not None) == only_warnings


@pytest.mark.parametrize(("raw", "line", "problem", "fix"), FILES)
def test_a_file_without_settings_is_reported_with_the_reason(
    raw: bytes, line: int, problem: str, fix: str, check: CheckText
) -> None:
    (finding,) = check(raw).findings
    assert (finding.line, finding.problem, finding.fix) == (line, problem, fix)


def test_a_control_character_is_reported_with_its_line(sound: str, check: CheckText) -> None:
    (finding,) = check(sound.replace("owner: anna", "owner: an\x07na")).findings
    assert finding.to_line("a.yaml") == "a.yaml:21: has a control character (U+0007) — delete it"


def test_a_text_of_several_lines_is_read_without_its_line_end(sound: str, check: CheckText) -> None:
    text = sound.replace(
        "    owner: anna\n", "    owner: |\n      anna\n    keep: >\n      90 days\n"
    )
    assert check(text).findings == []
    assert check(text.replace("90 days", "90\n\n      days")).findings[0].line == 23


def test_a_long_value_is_cut(sound: str, check: CheckText) -> None:
    (finding,) = check(sound.replace("60 min", "6" * 5000)).findings
    assert finding.problem == f"`{'6' * 64}...` is not a length of time"


def test_all_findings_are_reported_at_once_by_line(sound: str, check: CheckText) -> None:
    text = sound.replace("owner: anna", "owner: ann").replace("60 min", "60")
    text = text.replace("Europe/Moscow", "Moscow").replace("[managers]", "[managres]")
    text = text.replace("role: official", "rolle: official")
    assert [(f.line, f.field) for f in check(text).findings] == [
        (3, "companies[0].time_zone"),
        (6, "companies[0].accounts[1].rolle"),
        (18, "companies[0].policy.levels[1].after"),
        (18, "companies[0].policy.levels[1].tell[0]"),
        (21, "companies[0].owner"),
    ]


def test_a_company_written_twice_is_reported_by_name_and_accounts(
    sound: str, check: CheckText
) -> None:
    text = sound + sound.removeprefix("companies:\n")
    assert {f.field for f in check(text).findings} == {
        "companies[1].name",
        *(f"companies[1].accounts[{i}].{key}" for i in (0, 1) for key in ("id", "username")),
    }


def test_a_finding_has_one_line_of_text_and_a_column(sound: str, check: CheckText) -> None:
    (finding,) = check(sound.replace("60 min", "60")).findings
    assert finding.to_line("pulse.yaml") == (
        "pulse.yaml:18: companies[0].policy.levels[1].after: "
        "`60` is not a length of time — write `60 min`"
    )
    assert finding.column == len("        - {name: breach, after: ") + 1
