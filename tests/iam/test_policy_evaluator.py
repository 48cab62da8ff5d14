"""The judge of the tests: it allows what IAM would, and refuses to guess."""

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
    ("given", "asked", "allowed"),
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
def test_what_is_allowed(given: list[Any], asked: Call, allowed: bool) -> None:
    """Given these statements, then the call is allowed or not, as IAM has it."""
    assert policy([statements(*given)]).allows(asked) is allowed


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
def test_what_is_not_understood_is_not_judged(given: dict[str, Any]) -> None:
    """Given what this judge does not know, then it says so, whatever else stands there."""
    with pytest.raises(UnsupportedPolicyError):
        policy([statements(GET, given)])


def test_a_transaction_is_its_actions() -> None:
    """Given a transaction, then IAM is asked of each action, a check of a condition too."""
    kinds = ("Put", "Update", "Delete", "ConditionCheck")
    asked = required_calls(
        "dynamodb",
        "TransactWriteItems",
        {"TransactItems": [{kind: {"TableName": "pulse-Table"}} for kind in kinds]},
    )
    names = ("PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem")
    assert asked == {Call(f"dynamodb:{name}", TABLE) for name in names}


def test_an_index_is_not_its_table() -> None:
    """Given queries of the table and of its index, then IAM is asked of one and of the other."""
    table = {"TableName": "pulse-Table"}
    assert required_calls("dynamodb", "Query", table) == {Call("dynamodb:Query", TABLE)}
    assert required_calls("dynamodb", "Query", table | {"IndexName": "by-time"}) == {
        Call("dynamodb:Query", TABLE + "/index/by-time")
    }


def test_a_call_that_nobody_named_is_an_error() -> None:
    """Given a call that is new here, then the test says where to name it."""
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
def test_an_expression_that_is_not_known_is_an_error(expression: Any) -> None:
    """Given an expression that is not resolved here, then nothing is put in its place."""
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
def test_a_role_that_is_not_understood_is_an_error(more: dict[str, Any]) -> None:
    """Given a role with more than policies of its own, then it is not judged by half."""
    body = TEMPLATE.body
    role = body["Resources"]["PollRole"]
    changed = role | {"Properties": role["Properties"] | more}
    resources = body["Resources"] | {"PollRole": changed}
    with pytest.raises(UnsupportedPolicyError):
        ResolvedStack(replace(TEMPLATE, body=body | {"Resources": resources})).roles()
