"""One request, with everything that its answer is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NoReturn

from pulse_cli.simulated_x.archive import Archive
from pulse_cli.simulated_x.error_bodies import invalid_request
from pulse_cli.simulated_x.identity import Identity
from pulse_cli.simulated_x.request import ParsedRequest
from pulse_cli.simulated_x.response import ResponseBuilder
from pulse_cli.simulated_x.usage import Usage
from pulse_cli.simulated_x.visible_posts import VisiblePosts
from pulse_cli.simulated_x.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class XBehavior:
    """Behavior that X's descriptions leave open, or that X may change; see `SimulatedX`."""

    since_id_inclusive: bool
    user_counts: bool
    token_life: timedelta


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One request: what was asked by whom and when, and everything that the answer is made from."""

    operation: str
    path: Mapping[str, Any]
    request: ParsedRequest
    identity: Identity
    now: datetime
    archive: Archive
    visible: VisiblePosts
    vocabularies: tuple[Vocabulary, ...]
    behavior: XBehavior
    usage: Usage
    response: ResponseBuilder = field(init=False)

    def __post_init__(self) -> None:
        response = ResponseBuilder(self.archive, self.visible, self.request, self.vocabularies)
        object.__setattr__(self, "response", response)

    def refuse(self, parameter: str, value: object, message: str) -> NoReturn:
        """Refuse the request because of one parameter.

        Raises:
            RequestRefusedError: status 400, in every case.
        """
        raise invalid_request([(parameter, str(value), message)], self.vocabularies[-1])
