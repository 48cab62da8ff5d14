"""The people of the day: made-up names, handles that fit them, and ids like those of X."""

from __future__ import annotations

from random import Random
from typing import Literal

from pulse_cli.demo.script import Language, XUser, read_script

Gender = Literal["he", "she"]

_LONGEST_HANDLE = 15
_RUSSIAN = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
_LATIN = [
    "a",
    "b",
    "v",
    "g",
    "d",
    "e",
    "e",
    "zh",
    "z",
    "i",
    "y",
    "k",
    "l",
    "m",
    "n",
    "o",
    "p",
    "r",
    "s",
    "t",
    "u",
    "f",
    "kh",
    "ts",
    "ch",
    "sh",
    "sch",
    "",
    "y",
    "",
    "e",
    "yu",
    "ya",
]
_IN_LATIN = str.maketrans(dict(zip(_RUSSIAN, _LATIN, strict=True)))
_HANDLES = ("{first}_{last}", "{first}{year}", "{last}_{initial}", "{last}{year}", "{first}_{year}")
_NICKNAMED = 0.12
_IDS = (1_050_000_000_000_000_000, 1_690_000_000_000_000_000)


class PersonGenerator:
    """Gives each newcomer a name, a handle and an id that nobody else has."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._nicks = list(read_script("people")["ru"]["nick"])
        self._rng.shuffle(self._nicks)
        self.people: dict[str, XUser] = {}
        """Everybody so far, by handle."""

    def new_person(self, language: Language, gender: Gender | None = None) -> XUser:
        """Return a new person who writes in this language; `gender` is drawn if it is not given."""
        if language == "ru" and gender is None and self._nicks and self._rng.random() < _NICKNAMED:
            nick = self._nicks.pop()
            return self.named_person(nick["username"], nick["name"])
        names = read_script("people")[language]
        gender = gender or self._rng.choice(("he", "she"))
        while True:
            first, family = self._rng.choice(names[gender]), self._rng.choice(names["family"])
            family = f"{family}а" if language == "ru" and gender == "she" else family
            handle = self._handle(first, family)
            if handle not in self.people:
                return self.named_person(handle, self._display_name(first, family))

    def named_person(self, username: str, name: str, user_id: str | None = None) -> XUser:
        """Return the person with this handle, the same at each call; the first call makes it."""
        if username not in self.people:
            self.people[username] = XUser(
                user_id or str(self._rng.randrange(*_IDS)), username, name
            )
        return self.people[username]

    def _display_name(self, first: str, family: str) -> str:
        return self._rng.choice(
            (f"{first} {family}", f"{first} {family[0]}.", first, first.lower())
        )

    def _handle(self, first: str, family: str) -> str:
        pattern = self._rng.choice(_HANDLES)
        last = _latin(family)
        handle = pattern.format(
            first=_latin(first), last=last, initial=_latin(first)[0], year=self._rng.randint(71, 99)
        )
        return handle[:_LONGEST_HANDLE].rstrip("_")


def _latin(name: str) -> str:
    return name.lower().translate(_IN_LATIN)
