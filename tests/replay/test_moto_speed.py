"""The faster moto behaves like the original: the same writes and queries give the same."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table

from pulse_cli.simulated_aws import moto_speed

NAME = "t"


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    """A client of DynamoDB on moto."""
    with mock_aws():
        yield boto3.client(
            "dynamodb", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )


def table(client: Any) -> None:
    client.create_table(
        TableName=NAME,
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "gpk", "gsk")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-time",
                "KeySchema": [
                    {"AttributeName": "gpk", "KeyType": "HASH"},
                    {"AttributeName": "gsk", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )


conditions = st.sampled_from([None, "attribute_exists(pk)", "attribute_not_exists(pk)", "n = :was"])
letters = st.sampled_from(["a", "b", "c"])


@st.composite
def actions(draw: st.DrawFn) -> dict[str, Any]:
    """A write of a transaction, as Pulse makes them."""
    key = {"pk": {"S": draw(st.sampled_from("pq"))}, "sk": {"S": draw(letters)}}
    condition = draw(conditions)
    values: dict[str, Any] = {":was": {"N": "1"}} if condition == "n = :was" else {}
    n = {"N": str(draw(st.integers(1, 2)))}
    kind = draw(st.sampled_from(["Put", "Put", "Update", "Delete"]))
    action: dict[str, Any] = {}
    if kind == "Put":
        indexed = {"gpk": {"S": draw(letters)}, "gsk": {"S": draw(letters)}}
        action["Item"] = {**key, "n": n, "text": {"S": "Связь"}, "l": {"L": [n, {"NULL": True}]}}
        action["Item"] |= indexed if draw(st.booleans()) else {}
    else:
        action["Key"] = key
    if kind == "Update":
        remove = draw(st.booleans())
        action["UpdateExpression"] = "REMOVE #n" if remove else "SET #n = :n"
        action["ExpressionAttributeNames"] = {"#n": "n"}
        values |= {} if remove else {":n": n}
    if condition:
        action["ConditionExpression"] = condition
    if values:
        action["ExpressionAttributeValues"] = values
    return {kind: action}


def run_queries(client: Any, low: str, high: str, limit: int) -> list[Any]:
    """The items found by key, between two keys and by index, page by page; and all items."""
    bounds = {":l": {"S": low}, ":h": {"S": high}}
    queries: list[dict[str, Any]] = [
        {
            "KeyConditionExpression": "pk = :p",
            "ExpressionAttributeValues": {":p": {"S": "p"}},
            "ConsistentRead": True,
        },
        {
            "KeyConditionExpression": "pk = :p AND sk BETWEEN :l AND :h",
            "ExpressionAttributeValues": {":p": {"S": "p"}, **bounds},
            "Limit": limit,
        },
        {
            "IndexName": "by-time",
            "KeyConditionExpression": "gpk = :g AND gsk BETWEEN :l AND :h",
            "ExpressionAttributeValues": {":g": {"S": "a"}, **bounds},
            "Limit": limit,
        },
    ]
    found: list[Any] = []
    for query in queries:
        pages = client.get_paginator("query").paginate(TableName=NAME, **query)
        found.append([item for page in pages for item in page["Items"]])
    return [*found, client.scan(TableName=NAME)["Items"]]


def run_transactions(client: Any, transactions: list[list[dict[str, Any]]]) -> list[Any]:
    """The outcome of each transaction: `written`, or the error and its reasons."""
    outcomes: list[Any] = []
    for transaction in transactions:
        items = [{k: {**v, "TableName": NAME} for k, v in one.items()} for one in transaction]
        try:
            client.transact_write_items(TransactItems=items)
            outcomes.append("written")
        except ClientError as error:
            reasons = error.response.get("CancellationReasons", [])
            outcomes.append((error.response["Error"]["Code"], [r.get("Code") for r in reasons]))
    return outcomes


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    transactions=st.lists(st.lists(actions(), min_size=1, max_size=4), max_size=6),
    low=letters,
    high=letters,
    limit=st.integers(1, 3),
)
def test_the_same_writes_and_queries_give_the_same(
    dynamodb: Any, transactions: list[list[dict[str, Any]]], low: str, high: str, limit: int
) -> None:
    """For any writes and queries, the same are refused and the same is found, patched or not."""
    outcomes = []
    for patched in (False, True):
        with pytest.MonkeyPatch.context() as patch:
            # the patches of other tests are taken off for a while
            patch.setattr(DynamoDBBackend, "transact_write_items", moto_speed._whole)  # noqa: SLF001
            patch.setattr(BaseJSONSerializer, "_serialize_type_structure", moto_speed._structure)  # noqa: SLF001
            patch.setattr(Table, "query", moto_speed._query_whole)  # noqa: SLF001
            patch.setattr(Table, "all_items", moto_speed._all_items_whole)  # noqa: SLF001
            table(dynamodb)
            if patched:
                moto_speed.install()
            outcomes.append(
                [run_transactions(dynamodb, transactions), run_queries(dynamodb, low, high, limit)]
            )
            dynamodb.delete_table(TableName=NAME)
    assert outcomes[0] == outcomes[1]
