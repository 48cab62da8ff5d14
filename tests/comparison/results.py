"""The results of a run in a form that can be compared, and the differences between two of them."""

import difflib
import email
import email.policy
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

MAILS_SENT, MAIL_FILES = "mails as sent", "mail files"
LEFT_OUT = frozenset({"wall_seconds"})
"""Keys of run.json that are not compared: how long the run took is different each time."""
_BOUNDARY = re.compile(r'boundary="([^"]+)"')
_CONTEXT = 8
_LINES = 32
_WINDOW = 80
_WIDTH = 160

Parts = dict[str, str]
"""By name: the text of one file, one mail or one message."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One kind of result on both sides; `differing` are names of parts, in their order."""

    kind: str
    base: Parts
    new: Parts

    @property
    def differing(self) -> list[str]:
        """Names of the parts that differ, or that only one side has."""
        names = sorted(self.base.keys() | self.new.keys())
        return [name for name in names if self.base.get(name) != self.new.get(name)]

    @property
    def total(self) -> int:
        """How many parts there are, on either side."""
        return len(self.base.keys() | self.new.keys())


def read(folder: Path) -> dict[str, Parts]:
    """Read the results of one command from its folder: the parts of each kind of result.

    `out` holds the files that the command wrote, `wire` the calls that were recorded. The random
    boundary between a mail's parts is replaced; all else stays as it is.
    """
    out = folder / "out"
    calls = list(_calls(folder / "wire"))
    kinds: dict[str, Parts] = {
        MAILS_SENT: _named(
            (f"{at} to {_recipients(params)}", _mail_call(params))
            for at, operation, params in calls
            if "Publish" not in operation
        ),
        "topic messages": _named(
            (at, _pretty(params)) for at, operation, params in calls if "Publish" in operation
        ),
        MAIL_FILES: {file.name: fixed(_read(file)) for file in out.glob("mail/*.eml")},
    }
    if (out / "archive").is_dir():
        kinds["archive"] = {file.name: _read(file) for file in (out / "archive").iterdir()}
    if (out / "state.json").exists():
        kinds["state.json"] = {"state.json": _read(out / "state.json")}
        kinds["run.json"] = {"run.json": run_text(_read(out / "run.json"))}
    return kinds


def run_text(text: str) -> str:
    """Return run.json without what is different each time; the order of its keys stays."""
    run = json.loads(text)
    return _pretty({key: value for key, value in run.items() if key not in LEFT_OUT}, sort=False)


def fixed(mail: str) -> str:
    """Return a mail whose boundaries are numbered instead of random."""
    for number, boundary in enumerate(dict.fromkeys(_BOUNDARY.findall(mail)), 1):
        mail = mail.replace(boundary, f"boundary-{number}")
    return mail


def differences(comparison: Comparison, most: int = 2) -> Iterator[str]:
    """Lines that show the first differing parts of a comparison."""
    names = comparison.differing
    for name in names[:most]:
        yield f"--- {comparison.kind}: {name}"
        old, new = comparison.base.get(name), comparison.new.get(name)
        if old is None or new is None:
            yield f"    only the {'new' if old is None else 'base'} side has it"
            continue
        if _readable(old) != _readable(new):
            old, new = _readable(old), _readable(new)
        yield from _changed_lines(old, new)
    if len(names) > most:
        yield f"    and {len(names) - most} more"


def _changed_lines(old: str, new: str) -> Iterator[str]:
    """The first change, as a unified diff of the lines around it."""
    before, after = old.split("\n"), new.split("\n")
    pairs = enumerate(zip(before, after, strict=False))
    first = next((n for n, (a, b) in pairs if a != b), min(len(before), len(after)))
    window = slice(max(first - _CONTEXT, 0), first + _WINDOW)
    yield f"    first change: line {first + 1} of the text, decoded if it is a mail"
    diff = difflib.unified_diff(before[window], after[window], n=_CONTEXT, lineterm="")
    hunk = list(islice(diff, 3, None))
    end = next((n for n, line in enumerate(hunk) if line.startswith("@@")), len(hunk))
    for line in hunk[: min(end, _LINES)]:
        shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)
        yield f"    {shown[:_WIDTH]}".rstrip()


def _readable(text: str) -> str:
    """A mail decoded: headers, then each part's content; other text as it is."""
    head, separator, mail = text.partition("\nMIME:\n")
    if not separator and not _BOUNDARY.search(text):
        return text
    message = email.message_from_string(mail or text, policy=email.policy.default)
    lines = [head] if separator else []
    lines += [f"{name}: {value}" for name, value in message.items()]
    for part in message.walk():
        if not part.is_multipart():
            lines += [f"[{part.get_content_type()}]", *str(part.get_content()).splitlines()]
    return "\n".join(line.replace("><", ">\n<") for line in lines)


def _calls(folder: Path) -> Iterator[tuple[str, str, Any]]:
    """The time, operation and parameters of each call, sorted by time and text.

    Several processes replay the companies, so no other order is always the same.
    """
    lines = [line for file in folder.glob("*.calls") for line in _read(file).splitlines()]
    calls = [json.loads(line) for line in lines]
    found = [(one["at"], one["operation"], one["params"]) for one in calls]
    yield from sorted(found, key=lambda one: (one[0], fixed(_pretty(one[2]))))


def _mail_call(params: dict[str, Any]) -> str:
    """The call without the message, then the message itself."""
    content = params.get("Content", {})
    raw = content.get("Raw", {}).get("Data") if isinstance(content, dict) else None
    if not isinstance(raw, str):
        return _pretty(params)
    return f"{_pretty({**params, 'Content': '(below)'})}\nMIME:\n{fixed(raw)}"


def _recipients(params: dict[str, Any]) -> str:
    destination = params.get("Destination", {})
    return ", ".join(str(one) for some in destination.values() for one in some)


def _named(texts: Iterator[tuple[str, str]]) -> Parts:
    """Parts by name; several texts of one name are numbered."""
    named: Parts = {}
    count: dict[str, int] = {}
    for name, text in texts:
        count[name] = count.get(name, 0) + 1
        named[f"{name}, no. {count[name]}"] = text
    return named


def _pretty(value: Any, *, sort: bool = True) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=sort)


def _read(file: Path) -> str:
    """The file as it is: line ends stay, and bytes that are not text can be distinguished."""
    return file.read_bytes().decode("utf-8", "backslashreplace")


def compare(base: Mapping[str, Parts], new: Mapping[str, Parts]) -> list[Comparison]:
    """Compare the two sides, kind by kind."""
    kinds = dict.fromkeys([*base, *new])
    return [Comparison(kind, base.get(kind, {}), new.get(kind, {})) for kind in kinds]
