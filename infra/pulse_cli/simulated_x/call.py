"""A request on its way to an answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NoReturn

from pulse_cli.simulated_x.archive import Archive
from pulse_cli.simulated_x.error_bodies import invalid
from pulse_cli.simulated_x.identity import Identity
from pulse_cli.simulated_x.request import Asked
from pulse_cli.simulated_x.response import Answer
from pulse_cli.simulated_x.usage import Figures
from pulse_cli.simulated_x.visible_posts import Shown
from pulse_cli.simulated_x.vocabulary import Vocabulary


@dataclass(frozen=True)
class Rules:
    """Where X leaves room, or may change its mind; see `SimulatedX`."""

    since_id_inclusive: bool
    user_counts: bool
    token_life: timedelta


@dataclass(frozen=True)
class Call:
    """One request: what was asked by whom and when, and all that an answer is made from."""

    operation: str
    path: Mapping[str, Any]
    asked: Asked
    who: Identity
    now: datetime
    archive: Archive
    shown: Shown
    spoken: tuple[Vocabulary, ...]
    rules: Rules
    figures: Figures
    answer: Answer = field(init=False)

    def __post_init__(self) -> None:
        answer = Answer(self.archive, self.shown, self.asked, self.spoken)
        object.__setattr__(self, "answer", answer)

    def refuse(self, parameter: str, value: object, message: str) -> NoReturn:
        """Refuse the request for one parameter (400)."""
        raise invalid([(parameter, str(value), message)], self.spoken[-1])
