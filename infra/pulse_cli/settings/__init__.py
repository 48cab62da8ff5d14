"""Settings on the way from a file to the table: checked, shown, or made."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from pulse.settings.reader import SettingsError, read
from pulse_cli.settings.findings import Finding, Remark, parted
from pulse_cli.settings.schema_check import misfits
from pulse_cli.settings.semantic_check import remarks
from pulse_cli.settings.source import load

if TYPE_CHECKING:
    from pathlib import Path as File

    from pulse.kernel.company import Settings

__all__ = ["Checked", "Finding", "check", "examine"]


class Checked(NamedTuple):
    """What a file holds: findings by line, and, when none is an error, the settings.

    `document` is what `pulse push` keeps: plain text, lists and fields.
    """

    findings: list[Finding]
    document: dict[str, Any] | None
    settings: Settings | None


def check(file: File, today: datetime | None = None) -> list[Finding]:
    """Give all that is to be mended in a settings file, by line."""
    return examine(file, today).findings


def examine(file: File, today: datetime | None = None) -> Checked:
    """Check a settings file and read it. It is judged by the day of `today` (now)."""
    source = load(file)
    if source.document is None:
        return Checked(sorted(source.findings), None, None)
    findings, broken = set(source.findings), set()
    for found in misfits(source.document):
        if found.said:
            findings.add(source.find(found.remark, key=not found.breaks))
        if found.breaks:
            broken.add(found.remark.path)
    if () not in broken and ("companies",) not in broken:
        for remark in remarks(source.document, broken, today or datetime.now(UTC)):
            findings.add(source.find(remark))
    if not any(finding.severity == "error" for finding in findings):
        try:
            return Checked(sorted(findings), source.document, read(source.document))
        except SettingsError as error:
            remark = Remark(parted(error.field), error.problem, "see docs/settings.md")
            findings.add(source.find(remark))
    return Checked(sorted(findings), None, None)
