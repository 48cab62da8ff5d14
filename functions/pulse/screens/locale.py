"""One reader's language and clock: texts, plurals, numbers, durations and moments."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import core
from babel.dates import format_skeleton
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent

import pulse
from pulse.kernel.company import Language

TEMPLATES = Path(pulse.__file__).parent.parent / "templates"
NOTHING = "\N{EN DASH}"
"""Shown where there is no figure."""

_LOCALES: dict[Language, str] = {"en": "en_GB", "ru": "ru"}
# What strangers wrote is shown as they wrote it, but must not pass for our own words: it cannot
# begin a line of its own, turn the reading direction of what follows, hide in characters that
# cannot be seen, or cover the lines around with stacked marks.
_BREAKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_UNSEEN = re.compile(
    r"[\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_UNSENT = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Characters that no mail can carry or no screen can show."""
_MARKS = 4
"""Marks that one letter may have; some scripts need three, and stacks of dozens are an attack."""
_MINUTE, _DAY = 60, 86400
_MANY_HOURS = timedelta(hours=48)


@cache
def translations(language: Language) -> NullTranslations:
    """Return the catalog of a language; English is what code and templates say."""
    if language == "en":
        return NullTranslations()
    from babel.messages.mofile import write_mo  # noqa: PLC0415 - only where it is needed
    from babel.messages.pofile import read_po  # noqa: PLC0415

    # Compiled when it is first needed (10 ms), not when the functions are built: a compiled file
    # could be older than the texts beside it.
    compiled = BytesIO()
    with (TEMPLATES / "translations" / f"{language}.po").open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


def one_line(text: str) -> str:
    """Return `text` on one line, without what could turn the reading direction."""
    return _calm(_BREAKS.sub(" ", _UNSEEN.sub("", text)).strip())


def shortened(text: str, most: int) -> str:
    """Return `text`, or its beginning where it has more than `most` characters."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def rows(text: str) -> list[str]:
    """Return the lines of what somebody wrote, each fit to be shown and sent."""
    return [_calm(_UNSENT.sub("\N{REPLACEMENT CHARACTER}", row)) for row in text.splitlines()]


def _calm(text: str) -> str:
    """Return `text` with no more than a few marks on each letter."""
    if text.isascii():
        return text
    kept, marks = [], 0
    for char in text:
        kind = unicodedata.category(char)
        # A format character (Cf), such as the joiner within an emoji, neither counts nor begins a
        # new count: else marks could be stacked with joiners between them.
        marks = marks + 1 if kind in {"Mn", "Me"} else marks if kind == "Cf" else 0
        if marks <= _MARKS:
            kept.append(char)
    return "".join(kept)


def capital(text: str) -> str:
    """Return `text` with its first letter in upper case, the rest as it is."""
    return text[:1].upper() + text[1:]


def quoted(text: str, mark: str = "> ") -> str:
    """Return `text` with a mark before each of its lines, so that none can pass for ours."""
    return "\n".join(f"{mark}{row}" if row else mark.rstrip() for row in rows(text) or [""])


class Locale:
    """Texts in a language, and times by the clock of a time zone."""

    def __init__(self, language: Language, time_zone: str) -> None:
        self.language = language
        self._zone = ZoneInfo(time_zone)
        self._locale = core.Locale.parse(_LOCALES[language])
        self._translations = translations(language)

    def gettext(self, text: str, **values: object) -> str:
        """Return `text` in this language, with each `{name}` replaced by the value of that name."""
        return self._translations.gettext(text).format(**values)

    def ngettext(self, one: str, more: str, n: int, **values: object) -> str:
        """Return the plural form that goes with `n`, with `{n}` replaced by it."""
        return self._translations.ngettext(one, more, n).format(n=self.number(n), **values)

    def number(self, value: float | None) -> str:
        """Return a whole number with its thousands set apart."""
        if value is None:
            return NOTHING
        return str(format_decimal(round(value), locale=self._locale))

    def percent(self, share: float | None) -> str:
        """Return a share (1 for all) in whole per cent."""
        return NOTHING if share is None else str(format_percent(share, locale=self._locale))

    def duration(self, length: timedelta | float | None) -> str:
        """Return a duration (or its seconds) to the minute, rounded down: "5 h 12 min"."""
        if length is None:
            return NOTHING
        exact = length.total_seconds() if isinstance(length, timedelta) else length
        seconds = max(0, int(exact))
        if seconds < _MINUTE:
            return self.gettext("under 1 min")
        days, rest = divmod(seconds, _DAY)
        hours, minutes = divmod(rest // _MINUTE, 60)
        parts = [self.gettext("{n} d", n=self.number(days))] if days else []
        if hours:
            parts.append(self.gettext("{n} h", n=hours))
        # Beside days, minutes are noise.
        if minutes and not days:
            parts.append(self.gettext("{n} min", n=minutes))
        return " ".join(parts)

    def stretch(self, length: timedelta) -> str:
        """Return a period by its real length: "last 12 hours", "last 7 days"."""
        if length < _MANY_HOURS:
            hours, rest = divmod(round(length.total_seconds() / _MINUTE), 60)
            if rest:
                return self.gettext("last {length}", length=self.duration(length))
            return self.ngettext("last {n} hour", "last {n} hours", hours)
        # Rounded, since a week in which clocks change is an hour more or less than seven days.
        days = round(length / timedelta(days=1))
        return self.ngettext("last {n} day", "last {n} days", days)

    def handles(self, usernames: Iterable[str]) -> str:
        """Return handles in a row: "@a, @b and @c"."""
        return str(format_list([f"@{one_line(n)}" for n in usernames], locale=self._locale))

    def clock(self, at: datetime, near: datetime | None = None) -> str:
        """Return the time of day, with the date unless it is the local day of `near`."""
        local = at.astimezone(self._zone)
        time = local.strftime("%H:%M")
        if near is not None and near.astimezone(self._zone).date() == local.date():
            return time
        return f"{self._date('MMMd', local)}, {time}"

    def day(self, day: date) -> str:
        """Return a day as in a row of days: "Mon 16 Nov"."""
        return self._date("MMMEd", datetime(day.year, day.month, day.day, tzinfo=UTC))

    def moment(self, at: datetime) -> str:
        """Return day, time and zone: "Sun 22 Nov, 09:00 MSK"."""
        local = at.astimezone(self._zone)
        return f"{self._date('MMMEd', local)}, {self.o_clock(at)}"

    def o_clock(self, at: datetime) -> str:
        """Return time and zone: "09:00 MSK"."""
        return f"{at.astimezone(self._zone):%H:%M} {self.zone(at)}"

    def zone(self, at: datetime) -> str:
        """Return the zone as people there call it, or its offset where it has no name."""
        name = at.astimezone(self._zone).tzname() or ""
        # Zones without a name of their own have their offset for one, such as "+05".
        if name.isalpha():
            return {"MSK": self.gettext("MSK")}.get(name, name)
        offset = at.astimezone(self._zone).utcoffset() or timedelta()
        sign = "\N{MINUS SIGN}" if offset < timedelta() else "+"
        hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
        return f"UTC{sign}{hours}{f':{minutes:02}' if minutes else ''}"

    def _date(self, skeleton: str, local: datetime) -> str:
        return str(format_skeleton(skeleton, local, tzinfo=local.tzinfo, locale=self._locale))
