"""Guesses what was meant by a value that does not fit its pattern."""

from __future__ import annotations

import re

_Rewrites = tuple[tuple[str, str], ...]
_DASHES: _Rewrites = (("\\s*[—–-]\\s*", "-"), (r"\s+(?:to|till|until)\s+", "-"))
_LENGTH: _Rewrites = (
    (r"\s+", " "),
    ("мин[а-я]*", "min"),
    ("ч(?:ас[а-я]*)?", " h"),
    ("дн(?:ей|я)|день", "days"),
    ("hrs?", "h"),
    (r",? and |, ", " "),
    (" +", " "),
)
_CLOCK: _Rewrites = (
    (r"(?<![0-9:])([0-9]{1,2})\.([0-9]{2})(?![0-9])", r"\1:\2"),
    (r"(?<![0-9:])([0-9]{1,2})(?=-|$)", r"\1:00"),
    (r"(?<![0-9:])([0-9]:)", r"0\1"),
)
_DAYS: _Rewrites = (
    *_DASHES,
    (r"\b(mon|tue|wed|thu|fri|sat|sun)[a-z]*", r"\1"),
    (r"\s*[;/]\s*|\s+and\s+|(?<=[a-z]) (?=[a-z])", ", "),
)
_HANDLE: _Rewrites = ((r"^https?://(?:www\.)?(?:x|twitter)\.com/@?([A-Za-z0-9_]+).*$", r"\1"),)
REWRITES: dict[str, _Rewrites] = {
    "is not a length of time": (*_LENGTH, ("^([0-9]+)$", r"\1 min")),
    "is neither a length of time nor `forever`": (*_LENGTH, ("^(?:always|never)$", "forever")),
    "are not hours of the day": (*_DASHES, *_CLOCK),
    "is not a time of day": _CLOCK,
    "are not days of the week": _DAYS,
    "is not a day of the week": _DAYS,
    "is not a whole number": ((r"(?<=[0-9])[ ,._']+(?=[0-9]{3}(?![0-9]))", ""),),
    "is not a share": ((",", "."), (r" ?(?:percent|pct)$", " %"), ("^([0-9]{2})$", r"\1 %")),
    "is not an X handle (up to 15 Latin letters, digits and _)": _HANDLE,
    "is not a short name (up to 32 letters, digits, - and _)": ((r"\s+", "-"),),
    "is not a token's name (up to 64 Latin letters, digits, - and _)": ((r"[\s.@]+", "_"),),
}
"""By the schema's error message: what to replace in the value, one after the other."""


def suggest_rewrite(value: str, pattern: str, misfit: str) -> str | None:
    """Return the value, rewritten step by step until it fits the pattern; None if it never does.

    `misfit` is the schema's error message, which selects the rewrites.
    """
    hours = re.fullmatch(r"([0-9]{1,3}[.,][0-9]{1,2}) ?(?:h|hours?|ч)", value)
    if hours and "length of time" in misfit:
        return f"{float(hours[1].replace(',', '.')) * 60:.0f} min"
    for text in (value.strip(), value.strip().lower()):
        for rewrite, to in (("", ""), *REWRITES.get(misfit, ())):
            text = re.sub(rewrite, to, text)  # noqa: PLW2901
            if re.search(pattern, text):
                return text
    return None
