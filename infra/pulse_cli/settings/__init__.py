"""The settings before they are pushed: checked, compared, summarised or generated."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from pulse.settings.reader import SettingsError, read
from pulse_cli.settings.findings import Remark, SettingsFinding, parse_path
from pulse_cli.settings.schema_check import find_misfits
from pulse_cli.settings.semantic_check import find_remarks
from pulse_cli.settings.source import load_yaml

if TYPE_CHECKING:
    from pathlib import Path as File

    from pulse.kernel.company import Settings

__all__ = ["CheckedSettings", "SettingsFinding", "check", "check_file"]


class CheckedSettings(NamedTuple):
    """A checked file: its findings by line and, if none of them is an error, the settings.

    `document` is what `pulse push` stores: plain texts, lists and mappings. It and `settings` are
    None if there is an error.
    """

    findings: list[SettingsFinding]
    document: dict[str, Any] | None
    settings: Settings | None


def check(file: File, today: datetime | None = None) -> list[SettingsFinding]:
    """Return what is wrong with a settings file, by line; `today` as for `check_file`."""
    return check_file(file, today).findings


def check_file(file: File, today: datetime | None = None) -> CheckedSettings:
    """Check a settings file and read it.

    Dates in the settings are compared with `today`, by default with the time now. If the file
    cannot be read at all, that is a finding, too.
    """
    source = load_yaml(file)
    if source.document is None:
        return CheckedSettings(sorted(source.findings), None, None)
    findings, broken = set(source.findings), set()
    for found in find_misfits(source.document):
        if found.is_worth_reporting:
            findings.add(source.locate(found.remark, key=not found.is_unreadable))
        if found.is_unreadable:
            broken.add(found.remark.path)
    if () not in broken and ("companies",) not in broken:
        for remark in find_remarks(source.document, broken, today or datetime.now(UTC)):
            findings.add(source.locate(remark))
    if not any(finding.severity == "error" for finding in findings):
        try:
            return CheckedSettings(sorted(findings), source.document, read(source.document))
        except SettingsError as error:
            remark = Remark(parse_path(error.field), error.problem, "see docs/settings.md")
            findings.add(source.locate(remark))
    return CheckedSettings(sorted(findings), None, None)
