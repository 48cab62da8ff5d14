"""Which IAM actions on which resources a call to AWS needs."""

import email
from collections.abc import Callable, Iterator
from email.utils import parseaddr
from typing import Any

from tests.iam.policy_evaluator import Call, Json
from tests.iam.resolved_template import ACCOUNT, REGION

_TRANSACTED = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}


class UnmappedCallError(Exception):
    """A call whose IAM action is not listed here."""


def required_calls(service: str, operation: str, params: Json) -> set[Call]:
    """Return all that IAM checks for this call; `service` is the name that botocore uses."""
    known = _NAMES.get((service, operation))
    if known is None:
        raise UnmappedCallError(f"{service} {operation}: say in {__name__} what IAM calls it")
    return set(known(operation, params))


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def _table(name: str, index: str | None = None) -> str:
    return _arn("dynamodb", f"table/{name}" + (f"/index/{index}" if index else ""))


def _item(operation: str, params: Json) -> Iterator[Call]:
    yield Call(f"dynamodb:{operation}", _table(params["TableName"], params.get("IndexName")))


def _batch(operation: str, params: Json) -> Iterator[Call]:
    for name in params["RequestItems"]:
        yield Call(f"dynamodb:{operation}", _table(name))


def _transaction(_: str, params: Json) -> Iterator[Call]:
    """A transaction has no permission of its own: each of its actions is checked."""
    for action in params["TransactItems"]:
        for kind, one in action.items():
            yield Call(f"dynamodb:{_TRANSACTED[kind]}", _table(one["TableName"]))


def _queue(operation: str, params: Json) -> Iterator[Call]:
    name = operation.removesuffix("Batch")
    yield Call(f"sqs:{name}", _arn("sqs", params["QueueUrl"].rpartition("/")[2]))


def _parameter(operation: str, params: Json) -> Iterator[Call]:
    """A parameter is encrypted with AWS's own key, which needs no further permission."""
    yield Call(f"ssm:{operation}", _arn("ssm", f"parameter{params['Name']}"))


def _publish(_: str, params: Json) -> Iterator[Call]:
    yield Call("sns:Publish", params["TopicArn"])


def _mail(_: str, params: Json) -> Iterator[Call]:
    """Raw mail needs both actions, and in the sandbox on the identities of recipients too."""
    raw = email.message_from_bytes(params["Content"]["Raw"]["Data"])
    sender = parseaddr(params["FromEmailAddress"])[1]
    if parseaddr(raw["From"])[1] != sender:
        raise UnmappedCallError(f"a mail from {raw['From']} in the name of {sender}")
    identities = [sender, sender.partition("@")[2], *params["Destination"]["ToAddresses"]]
    resources = [f"identity/{one}" for one in identities]
    if "ConfigurationSetName" in params:
        resources.append(f"configuration-set/{params['ConfigurationSetName']}")
    for resource in resources:
        for action in ("ses:SendEmail", "ses:SendRawEmail"):
            yield Call(action, _arn("ses", resource), (("ses:FromAddress", sender),))


_NAMES: dict[tuple[str, str], Callable[[str, Any], Iterator[Call]]] = {
    **{
        ("dynamodb", name): _item
        for name in ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan")
    },
    **{("dynamodb", name): _batch for name in ("BatchGetItem", "BatchWriteItem")},
    **{("dynamodb", name): _transaction for name in ("TransactWriteItems", "TransactGetItems")},
    **{
        ("sqs", name): _queue
        for name in ("SendMessage", "SendMessageBatch", "ReceiveMessage", "DeleteMessage")
    },
    ("ssm", "GetParameter"): _parameter,
    ("sns", "Publish"): _publish,
    ("sesv2", "SendEmail"): _mail,
}
