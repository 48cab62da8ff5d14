"""Writes the day as a post archive, which `pulse replay` and `pulse local` can read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pulse_cli.demo.day import DemoDay


def write_archive(day: DemoDay, folder: Path) -> None:
    """Write the archive into `folder`; an earlier one in it is overwritten."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_lines(folder / "posts.ndjson", day.posts)
    _write_lines(folder / "users.ndjson", day.users)
    companies = json.dumps(day.companies, ensure_ascii=False, indent=2)
    (folder / "companies.json").write_text(f"{companies}\n", "utf-8")


def _write_lines(path: Path, values: Iterable[Any]) -> None:
    lines = (json.dumps(value, ensure_ascii=False) for value in values)
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
