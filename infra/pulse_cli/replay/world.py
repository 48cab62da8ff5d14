"""One company's deployment on the simulated X, with a clock that the replay moves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

import time_machine

from pulse.kernel.company import Account
from pulse.x.access import Token
from pulse_cli.replay.local_deployment import LocalDeployment
from pulse_cli.simulated_x import SimulatedX, WsgiTransport


class ReplayWorld(LocalDeployment):
    """One company's deployment on moto and the simulated X; it sets the time of the process."""

    def __init__(self, document: Mapping[str, Any], x: SimulatedX, start: datetime) -> None:
        super().__init__(document, WsgiTransport(x), _simulated_token)
        self.x = x
        self._start = start

    def __enter__(self) -> Self:
        self._time = self._exit.enter_context(time_machine.travel(self._start, tick=False))
        return super().__enter__()

    def move_clock_to(self, moment: datetime) -> None:
        """Set the clock of the whole process to this time, at which it stays."""
        self._time.move_to(moment, tick=False)


def _simulated_token(account: Account) -> Token:
    """Return a token that the simulated X accepts as a user token of this account."""
    filler = "rehearsal"
    return Token(filler, filler, filler, f"sim-{account.id}", filler)
