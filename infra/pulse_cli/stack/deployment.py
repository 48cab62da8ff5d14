"""A deployed stack, found by its name: its outputs, table, tokens and settings."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import botocore.exceptions
import click
from botocore.config import Config

from pulse.dynamodb.table import Table
from pulse.repositories import Repositories
from pulse.settings import reader as settings_reader
from pulse.x.credentials import TokenStore
from pulse_cli.errors import CommandError
from pulse_cli.stack import aws
from pulse_cli.x_access import connection

if TYPE_CHECKING:
    from pulse.kernel.company import Settings

__all__ = ["INDEX", "Deployment", "now", "with_deployment"]

INDEX = "by-time"
"""The table's index, as template.yaml names it."""

_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=5, read_timeout=15
)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def now() -> datetime:
    """Return the time by the clock of this machine, in UTC."""
    return datetime.now(UTC)


class Deployment:
    """The CloudFormation stack of a name. AWS is first asked when something is used.

    With AWS_ENDPOINT_URL set, it is a stack of `pulse local` or another stand-in for AWS.

    Everything here raises CommandError if AWS_ENDPOINT_URL is not a URL; everything but `client`
    and `session` also if there is no such stack.
    """

    def __init__(
        self, name: str = "pulse", profile: str | None = None, region: str | None = None
    ) -> None:
        self.name = name
        self._profile = profile
        self._region = region

    def client(self, service: str) -> Any:
        """Return a client of an AWS service, such as `sqs`."""
        return self.session.client(service, config=_CONFIG)  # type: ignore[call-overload]

    @functools.cached_property
    def session(self) -> boto3.Session:
        """The session for all clients; a stand-in on this machine needs no credentials."""
        host = urlsplit(aws.endpoint_url() or "").hostname
        if host in _LOOPBACK and not self._profile and "AWS_ACCESS_KEY_ID" not in os.environ:
            return boto3.Session("local", "local", region_name=self._region or "us-east-1")
        return boto3.Session(profile_name=self._profile, region_name=self._region)

    @functools.cached_property
    def _described(self) -> Mapping[str, Any]:
        try:
            stacks = self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        except botocore.exceptions.ClientError as problem:
            if problem.response.get("Error", {}).get("Code") != "ValidationError":
                raise
            where = aws.endpoint_url() or self.session.region_name
            raise CommandError(
                f"there is no stack {self.name!r} in {where}; deploy it (make deploy), or use "
                "--stack, --profile, --region"
            ) from problem
        described: Mapping[str, Any] = stacks[0]
        return described

    @functools.cached_property
    def outputs(self) -> dict[str, str]:
        """The outputs of template.yaml, by name."""
        rows = self._described.get("Outputs", [])
        return {row["OutputKey"]: row["OutputValue"] for row in rows}

    @functools.cached_property
    def parameters(self) -> dict[str, str]:
        """The parameters that it was deployed with, by name."""
        rows = self._described.get("Parameters", [])
        return {row["ParameterKey"]: row.get("ParameterValue", "") for row in rows}

    def output(self, name: str) -> str:
        """Return one output.

        Raises:
            CommandError: the stack has no output of that name.
        """
        if name not in self.outputs:
            status = self._described["StackStatus"]
            raise CommandError(
                f"the stack {self.name!r} ({status}) has no output {name}; wait until it is "
                "deployed, or use --stack if Pulse has another name"
            )
        return self.outputs[name]

    @functools.cached_property
    def db(self) -> Repositories:
        """The stores over the stack's table.

        Raises:
            CommandError: the stack has no output with the table's name.
        """
        table = Table(self.client("dynamodb"), self.output("TableName"), INDEX)
        return Repositories(table)

    @functools.cached_property
    def tokens(self) -> TokenStore:
        """The store of the tokens for X.

        Raises:
            CommandError: the stack has no output with the path of the tokens.
        """
        return TokenStore(self.client("ssm"), self.output("TokensPath"))

    def settings(self) -> Settings | None:
        """Return the settings in force; None before the first push.

        Raises:
            CommandError: the stack has no output with the table's name.
            SettingsError: the settings cannot be read.
        """
        pushed = self.db.settings_store.current()
        return settings_reader.read(*pushed) if pushed is not None else None

    @property
    def x_url(self) -> str | None:
        """The URL of a simulated X, if PULSE_X_URL or the stack names one."""
        return connection.simulated_x_url() or self.parameters.get("XUrl") or None


def with_deployment(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command with options for the stack, which it gets as `deployment`.

    Errors of AWS end the command as CommandError.
    """

    @click.option("--stack", default="pulse", show_default=True, help="Name of the stack.")
    @click.option("--profile", help="AWS profile.  [default: that of the AWS CLI]")
    @click.option("--region", help="AWS region.  [default: that of the AWS CLI]")
    @functools.wraps(command)
    def found(*, stack: str, profile: str | None, region: str | None, **given: Any) -> None:
        with aws.translate_errors():
            command(deployment=Deployment(stack, profile, region), **given)

    return found
