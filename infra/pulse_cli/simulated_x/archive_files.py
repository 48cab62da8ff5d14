"""Reads the files of an archive: lines that may be quarantined, and lists that must be right."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from pulse_cli.errors import CommandError
from pulse_cli.simulated_x.archived_posts import is_id
from pulse_cli.simulated_x.faults import InjectedFault, read_fault
from pulse_cli.simulated_x.vocabulary import to_older_names

Parsed = TypeVar("Parsed")


class ArchiveError(CommandError):
    """An archive cannot be used; the message names the file, the line and the fix."""


def read_lines(
    path: Path, read_line: Callable[[object], Parsed]
) -> tuple[list[Parsed], list[tuple[int, str]]]:
    """Return what each line of a file holds, and (line number, reason) of the lines not read.

    `read_line` raises ValueError with the reason if it cannot read a line.

    Raises:
        ArchiveError: the file cannot be read.
    """
    values: list[Parsed] = []
    quarantined: list[tuple[int, str]] = []
    for number, line in enumerate(read_content(path).split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            values.append(read_line(_parse(line)))
        except (ValueError, RecursionError) as error:
            reason = str(error) if type(error) is ValueError else "not JSON"
            quarantined.append((number, reason))
    return values, quarantined


def _parse(line: bytes) -> Any:
    parsed = json.loads(line.decode("utf-8-sig"), parse_constant=_no_number)
    # JSON can escape half of a surrogate pair, which no file and no answer could then hold.
    if b"\\ud" in line.lower():
        try:
            json.dumps(parsed, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ValueError("half a character, which cannot be written") from None
    return parsed


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name}, which is not JSON")


def read_user(raw: object) -> dict[str, Any]:
    """Return the user in one line of users.ndjson, by the older names of fields.

    Raises:
        ValueError: the line is not a user; the message is the reason.
    """
    if not isinstance(raw, dict):
        raise ValueError("not a JSON object")
    user = to_older_names(raw)
    if not is_id(user.get("id")):
        raise ValueError("no id")
    if not isinstance(user.get("username"), str):
        raise ValueError("no username")
    return {"id": user["id"], "name": user["username"]} | user


def read_faults(folder: Path) -> list[InjectedFault]:
    """Return the faults of an archive; it has none without faults.json.

    Raises:
        ArchiveError: the file cannot be understood.
    """
    path = folder / "faults.json"
    if not path.exists():
        return []
    faults = []
    for line, raw in read_entries(path):
        try:
            faults.append(read_fault(raw))
        except ValueError as error:
            raise ArchiveError(f"{path}, line {line}: {error}") from None
    return faults


def read_entries(path: Path) -> Iterator[tuple[int, object]]:
    """Yield the entries of a JSON list, each with the number of the line on which it begins.

    Raises:
        ArchiveError: the file cannot be read, or is not a JSON list.
    """
    try:
        text = read_content(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ArchiveError(f"{path}, line 1: not UTF-8 text; save the file as UTF-8") from None
    try:
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        raise ArchiveError(f"{path}, line {error.lineno}: {error.msg}; fix the JSON") from None
    if not isinstance(whole, list):
        raise ArchiveError(f"{path}, line 1: not a list; put the entries between [ and ]")
    decoder = json.JSONDecoder()
    at = text.index("[") + 1
    for _ in whole:
        while text[at] in ", \t\r\n":
            at += 1
        line = text.count("\n", 0, at) + 1
        entry, at = decoder.raw_decode(text, at)
        yield line, entry


def read_content(path: Path) -> bytes:
    """Return the bytes of a file that an archive must have.

    Raises:
        ArchiveError: the file cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise ArchiveError(f"{path}: {reason}; an archive needs this file") from None
