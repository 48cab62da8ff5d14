"""Stands before AWS while functions run: judges each call by the function's own role."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3

from pulse_cli.replay.local_deployment import LocalDeployment
from pulse_cli.template import load_template

from .asked import calls
from .deployed import Deployed
from .judge import Call


class DeniedError(Exception):
    """A function asked for what its role does not allow."""


class Guard:
    """`asked` is what each function asked for and may, as IAM names it; `denied` what not."""

    def __init__(self, deployed: Deployed, running: Callable[[], str | None]) -> None:
        self.asked: dict[str, set[Call]] = defaultdict(set)
        self.denied: list[str] = []
        self._running = running
        self._aside = False
        roles = deployed.roles()
        self._may = {name: roles[deployed.role_of(name)] for name in deployed.template.functions}

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What is asked meanwhile is asked by somebody else, though a function runs."""
        self._aside = True
        try:
            yield
        finally:
            self._aside = False

    def judge(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        name = self._running()
        if name is None or self._aside:
            return
        service = str(model.service_model.service_name)
        for call in calls(service, model.name, params) - self.asked[name]:
            if not self._may[name].allows(call):
                self.denied.append(f"{name} may not {call}")
                raise DeniedError(self.denied[-1])
            self.asked[name].add(call)


def stand_guard(house: LocalDeployment) -> Guard:
    """Judge what the functions of a house ask for, from now on."""
    session = boto3.DEFAULT_SESSION
    assert session
    guard = Guard(
        Deployed(load_template(parameters=house.parameters)),
        lambda: house.lambdas.running[-1][0] if house.lambdas.running else None,
    )
    session.events.register("before-parameter-build", guard.judge)
    house.lambdas.wired = house.lambdas.begin()  # clients that were made before are not judged
    return guard
