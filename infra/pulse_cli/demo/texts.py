"""The texts that the demo shows in the terminal, in English or Russian."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from babel.lists import format_list
from babel.numbers import format_decimal

from pulse.screens.locale import Locale
from pulse.screens.templates import phrases
from pulse_cli.demo.script import Language, script_zone

_LOCALES: dict[Language, str] = {"en": "en_GB", "ru": "ru"}
_FILE = Path(__file__).parent / "texts.yaml"


class DemoTexts(Locale):
    """The demo's texts, with numbers, durations and times as in mails of the same language."""

    def __init__(self, language: Language) -> None:
        super().__init__(language, str(script_zone()))

    def __call__(self, name: str, **values: object) -> str:
        """Return the text of that name; whole numbers in it are formatted for the language."""
        text: str = _texts()[name][self.language]
        return text.format(**{key: self._shown(value) for key, value in values.items()})

    def time(self, at: datetime) -> str:
        """Return the day of the week and the time of day in the script's zone: "Tue 02:10"."""
        day = self.day(at.astimezone(script_zone()).date()).split(",")[0].split()[0]
        return f"{day} {self.short(at)}"

    def short(self, at: datetime) -> str:
        """Return the time of day alone, in the script's zone."""
        return f"{at.astimezone(script_zone()):%H:%M}"

    def money(self, amount: float) -> str:
        """Return an amount of money with two decimals, without a currency."""
        return str(format_decimal(amount, "#,##0.00", locale=_LOCALES[self.language]))

    def row(self, names: Sequence[str]) -> str:
        """Return names in a row: "a, b and c"."""
        return str(format_list(names, locale=_LOCALES[self.language]))

    def level(self, name: str | None) -> str:
        """Return the name of a level as mails show it."""
        label: str = phrases(self)["level"](name)
        return label

    def _shown(self, value: object) -> Any:
        return self.number(value) if isinstance(value, int) else value


@cache
def _texts() -> dict[str, dict[str, str]]:
    words: dict[str, dict[str, str]] = yaml.safe_load(_FILE.read_text("utf-8"))
    return words
