"""The policy evaluator of the tests: it allows what IAM would allow, and never guesses."""

from dataclasses import replace
from typing import Any

import pytest

from pulse_cli.template import load_template
from tests.iam.policy_evaluator import Call, UnsupportedPolicyError, policy
from tests.iam.required_actions import UnmappedCallError, required_calls
from tests.iam.resolved_template import ResolvedStack

TEMPLATE = load_template(parameters={"Senders": "pulse@example.com"})
TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/pulse-Table"
FROM = {"StringEquals": {"ses:FromAddress": ["a@b.example", "c@b.example"]}}
GET = {"Effect": "Allow", "Action": "a:Get", "Resource": "arn:one"}


def statements(*given: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(given)}


def call(action: str, resource: str, **context: str) -> Call:
    given = {name.replace("_", ":"): value for name, value in context.items()}
    return Call(action, resource, tuple(given.items()))


@pytest.mark.parametrize(
    ("given", "requested", "allowed"),
    [
        ([GET], call("a:Get", "arn:one"), True),
        ([GET], call("a:Put", "arn:one"), False),
        ([GET], call("a:Get", "arn:one/more"), False),
        ([GET], call("a:Get", "arn:On"), False),
        ([], call("a:Get", "arn:one"), False),
        ([GET | {"Action": ["a:Put", "a:Get"]}], call("a:Get", "arn:one"), True),
        ([GET | {"Resource": ["arn:two", "arn:one"]}], call("a:Get", "arn:one"), True),
        ([GET | {"Resource": "arn:one/*"}], call("a:Get", "arn:one/x/y"), True),
        ([GET | {"Resource": "arn:one/*"}], call("a:Get", "arn:one"), False),
        ([GET, GET | {"Effect": "Deny"}], call("a:Get", "arn:one"), False),
        ([GET, GET | {"Effect": "Deny", "Action": "a:Put"}], call("a:Get", "arn:one"), True),
        ([GET | {"Condition": FROM}], call("a:Get", "arn:one"), False),
        (
            [GET | {"Condition": FROM}],
            call("a:Get", "arn:one", ses_FromAddress="c@b.example"),
            True,
        ),
        (
            [GET | {"Condition": FROM}],
            call("a:Get", "arn:one", ses_FromAddress="x@b.example"),
            False,
        ),
        (
            [GET, {"Effect": "Deny", "Action": "a:Get", "NotResource": "arn:o*"}],
            call("a:Get", "arn:one"),
            True,
        ),
        (
            [
                GET | {"Resource": "*"},
                {"Effect": "Deny", "Action": "a:Get", "NotResource": "arn:o*"},
            ],
            call("a:Get", "arn:two"),
            False,
        ),
    ],
)
def test_what_is_allowed(given: list[Any], requested: Call, allowed: bool) -> None:
    """The call is allowed or denied, as IAM would decide."""
    assert policy([statements(*given)]).allows(requested) is allowed


@pytest.mark.parametrize(
    "given",
    [
        GET | {"NotAction": "a:Put"},
        GET | {"NotPrincipal": {"AWS": "x"}},
        GET | {"Effect": "Maybe"},
        GET | {"NotResource": "arn:two"},
        {"Effect": "Allow", "Action": "a:Get", "NotResource": "arn:two"},
        {"Effect": "Allow", "Action": "a:Get"},
        GET | {"Action": "*"},
        GET | {"Action": "a:*"},
        GET | {"Action": ["a:Put", "a:Ge?"]},
        GET | {"Resource": "arn:*:one"},
        GET | {"Resource": "arn:?ne"},
        GET | {"Condition": {"StringLike": {"ses:FromAddress": "*"}}},
        GET | {"Condition": {"StringEqualsIfExists": {"ses:FromAddress": "a@b.example"}}},
        GET | {"Condition": {"StringEquals": {"aws:PrincipalTag/team": "x"}}},
        GET | {"Principal": "*"},
        GET | {"Principal": {"AWS": "*"}},
    ],
    ids=str,
)
def test_an_unsupported_statement_is_an_error(given: dict[str, Any]) -> None:
    """A statement with anything unsupported is an error, whatever else the policy has."""
    with pytest.raises(UnsupportedPolicyError):
        policy([statements(GET, given)])


def test_a_transaction_needs_the_permissions_of_its_actions() -> None:
    """A transaction needs the permission of each of its actions, condition checks included."""
    kinds = ("Put", "Update", "Delete", "ConditionCheck")
    calls = required_calls(
        "dynamodb",
        "TransactWriteItems",
        {"TransactItems": [{kind: {"TableName": "pulse-Table"}} for kind in kinds]},
    )
    names = ("PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem")
    assert calls == {Call(f"dynamodb:{name}", TABLE) for name in names}


def test_an_index_is_not_its_table() -> None:
    """A query of the table needs a permission on the table; one of the index, on the index."""
    table = {"TableName": "pulse-Table"}
    assert required_calls("dynamodb", "Query", table) == {Call("dynamodb:Query", TABLE)}
    assert required_calls("dynamodb", "Query", table | {"IndexName": "by-time"}) == {
        Call("dynamodb:Query", TABLE + "/index/by-time")
    }


def test_an_unmapped_call_is_an_error() -> None:
    """The error for an unmapped call says where to add it."""
    with pytest.raises(UnmappedCallError, match=r"s3 GetObject: say in tests.iam.required_actions"):
        required_calls("s3", "GetObject", {})


@pytest.mark.parametrize(
    "expression",
    [
        {"Fn::ImportValue": "other"},
        {"Fn::Sub": ["${a}", {"a": "b"}, "c"]},
        {"Fn::GetAtt": ["Table", "StreamArn"]},
    ],
    ids=str,
)
def test_an_unsupported_expression_is_an_error(expression: Any) -> None:
    """An expression that cannot be resolved is an error and gets no value."""
    with pytest.raises(UnsupportedPolicyError):
        ResolvedStack(TEMPLATE).value({"Resource": expression})


@pytest.mark.parametrize(
    "more",
    [
        {"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]},
        {"PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"},
    ],
    ids=str,
)
def test_an_unsupported_role_is_an_error(more: dict[str, Any]) -> None:
    """A role that has more than its own policies is an error."""
    body = TEMPLATE.body
    role = body["Resources"]["PollRole"]
    changed = role | {"Properties": role["Properties"] | more}
    resources = body["Resources"] | {"PollRole": changed}
    with pytest.raises(UnsupportedPolicyError):
        ResolvedStack(replace(TEMPLATE, body=body | {"Resources": resources})).roles()
