"""The table of the template, on moto, empty for each test."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from pulse.dynamodb.codec import ItemKey
from pulse.dynamodb.table import Table
from pulse_cli.simulated_aws import local_stack, moto_speed


@pytest.fixture(scope="module")
def aws() -> Iterator[local_stack.LocalStack]:
    """Everything that the template keeps or queues, once for the tests of a file."""
    with pytest.MonkeyPatch.context() as env, mock_aws():
        env.setenv("AWS_DEFAULT_REGION", "us-east-1")
        env.setenv("AWS_CONFIG_FILE", "/dev/null")
        env.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
        moto_speed.install()
        boto3.setup_default_session(region_name="us-east-1")
        yield local_stack.create_stack()


@pytest.fixture
def client(aws: local_stack.LocalStack) -> Iterator[Any]:
    """DynamoDB, with nothing in the table."""
    dynamodb = boto3.client("dynamodb")
    yield dynamodb
    table = Table(dynamodb, aws.table, "by-time")
    table.delete_many([ItemKey(item["pk"], item["sk"]) for item in table.scan()])


@pytest.fixture
def table(aws: local_stack.LocalStack, client: Any) -> Table:
    return Table(client, aws.table, "by-time")


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the table was left in peace, instead of waiting so long."""
    waited: list[float] = []
    monkeypatch.setattr("pulse.dynamodb.table.sleep", waited.append)
    return waited
