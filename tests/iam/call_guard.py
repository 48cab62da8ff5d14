"""Checks each AWS call of a running function against the function's own role."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3

from pulse_cli.replay.local_deployment import LocalDeployment
from pulse_cli.template import load_template
from tests.iam.policy_evaluator import Call
from tests.iam.required_actions import required_calls
from tests.iam.resolved_template import ResolvedStack


class DeniedError(Exception):
    """A function made a call that its role does not allow."""


class CallGuard:
    """`calls` holds the allowed calls of each function in IAM's terms, `denied` the others."""

    def __init__(self, deployed: ResolvedStack, running: Callable[[], str | None]) -> None:
        self.calls: dict[str, set[Call]] = defaultdict(set)
        self.denied: list[str] = []
        self._running = running
        self._paused = False
        roles = deployed.roles()
        self._policies = {
            name: roles[deployed.role_of(name)] for name in deployed.template.functions
        }

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Do not check calls in this block: the test makes them while a function runs."""
        self._paused = True
        try:
            yield
        finally:
            self._paused = False

    def check(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        name = self._running()
        if name is None or self._paused:
            return
        service = str(model.service_model.service_name)
        for call in required_calls(service, model.name, params) - self.calls[name]:
            if not self._policies[name].allows(call):
                self.denied.append(f"{name} may not {call}")
                raise DeniedError(self.denied[-1])
            self.calls[name].add(call)


def install_guard(deployment: LocalDeployment) -> CallGuard:
    """Check the calls of all functions of a deployment from now on."""
    session = boto3.DEFAULT_SESSION
    assert session
    guard = CallGuard(
        ResolvedStack(load_template(parameters=deployment.parameters)),
        lambda: deployment.lambdas.running[-1][0] if deployment.lambdas.running else None,
    )
    session.events.register("before-parameter-build", guard.check)
    deployment.lambdas.app = deployment.lambdas.make_app()  # clients made before are not checked
    return guard
