"""Fixtures for the command: moto, a simulated X at a loopback port, a healthy stack."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.core.exceptions import AWSError
from moto.ses.models import EmailIdentity
from moto.sesv2.responses import SESV2Response

from pulse_cli.simulated_aws import local_stack as stacks
from pulse_cli.simulated_aws.local_stack import LocalStack
from pulse_cli.simulated_x import SimulatedX, serve
from pulse_cli.x_access import token_input
from tests.cli.command_runner import SETTINGS, run, simulated, some_posts
from tests.cli.healthy_stack import VERIFIED, make_healthy
from tests.simulations.faults.two_companies import ChangedAnswers


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide this machine's tokens and AWS settings; run commands in a folder of their own."""
    for name in (*token_input.VARIABLES.values(), "PULSE_X_URL", "AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def pulse_yaml(tmp_path: Path) -> Path:
    file = tmp_path / "pulse.yaml"
    file.write_text(SETTINGS, "utf-8")
    return file


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalStack]:
    """An empty stack named `pulse`."""
    with mock_aws():
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        yield stacks.create_stack(stacks.load_template())


@pytest.fixture
def x(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., SimulatedX]]:
    """Start a simulated X and set PULSE_X_URL to it."""
    servers = []

    def x(
        posts: list[dict[str, Any]] | None = None, faults: Any = (), page_size: int | None = None
    ) -> SimulatedX:
        app = simulated(
            tmp_path / f"archive{len(servers)}", some_posts() if posts is None else posts, faults
        )
        servers.append(serve(ChangedAnswers(app, size=page_size) if page_size else app))
        monkeypatch.setenv("PULSE_X_URL", servers[-1].url)
        return app

    yield x
    for server in servers:
        server.close()


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str]], None]:
    """Put a token into the environment."""

    def put(parts: dict[str, str]) -> None:
        for name, value in parts.items():
            monkeypatch.setenv(name, value)

    return put


SES_ACCOUNT: dict[str, Any] = {}
"""SES's answer about the account, which moto does not have."""


def _get_account(_: SESV2Response) -> str:
    if "Refused" in SES_ACCOUNT:
        raise AWSError("not you", "AccessDeniedException", 403)
    return json.dumps(SES_ACCOUNT)


SESV2Response.get_account = _get_account  # type: ignore[attr-defined]


@pytest.fixture
def ses_account(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set what SES answers about the account; it is healthy unless arguments say otherwise."""

    def set_answer(*, production: bool = True, **more: Any) -> None:
        healthy = {
            "EnforcementStatus": "HEALTHY",
            "ProductionAccessEnabled": production,
            "SendingEnabled": True,
            "SendQuota": {"Max24HourSend": 200.0, "MaxSendRate": 1.0, "SentLast24Hours": 3.0},
        }
        for name, value in (healthy | more).items():
            monkeypatch.setitem(SES_ACCOUNT, name, value)

    return set_answer


@pytest.fixture
def healthy_stack(
    deployed: LocalStack,
    pulse_yaml: Path,
    x: Callable[..., SimulatedX],
    ses_account: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> LocalStack:
    """A stack in which every check of the doctor succeeds."""
    x()
    ses_account()
    assert run("push").code == 0
    make_healthy(deployed)
    answer = EmailIdentity.get_response_object.fget
    signed = {"DkimAttributes": VERIFIED["DkimAttributes"]}
    monkeypatch.setattr(
        EmailIdentity, "get_response_object", property(lambda self: answer(self) | signed)
    )
    return deployed
