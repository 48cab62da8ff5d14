"""Least privilege: what each role may do, and that it suffices."""

from typing import Any

import pytest

# AWS's own policy that lets a function write its log; there is no narrower one to refer to.
MANAGED = {"service-role/AWSLambdaBasicExecutionRole"}

# In the sandbox SES asks for permission on the recipients' identities too, which nobody can list;
# the condition holds the sender to ours.
WIDE = (":identity/*", ":parameter/pulse/${AWS::StackName}/tokens/*")


def roles(resources: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        name: one["Properties"]
        for name, one in resources.items()
        if one["Type"] == "AWS::IAM::Role"
    }


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        statement
        for policy in role.get("Policies", [])
        for statement in _listed(policy["PolicyDocument"]["Statement"])
    ]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    match value:
        case {"Fn::Sub": str(text)} | {"Fn::Sub": [str(text), _]}:
            return text
        case {"Fn::If": [_, present, _]}:
            return _text(present)
        case str():
            return value
    return ""


def test_every_function_has_a_role_of_its_own(resources: dict[str, Any]) -> None:
    used = [
        one["Properties"]["Role"]["Fn::GetAtt"][0]
        for one in resources.values()
        if one["Type"] == "AWS::Lambda::Function"
    ]
    assert len(used) == len(set(used))


def test_only_one_managed_policy(resources: dict[str, Any]) -> None:
    for role in roles(resources).values():
        for arn in role.get("ManagedPolicyArns", []):
            assert arn.partition(":policy/")[2] in MANAGED


def test_no_wild_cards(resources: dict[str, Any]) -> None:
    for name, role in roles(resources).items():
        for statement in statements(role):
            assert statement["Effect"] == "Allow"
            for action in _listed(statement["Action"]):
                assert "*" not in action, name
            for resource in map(_text, _listed(statement["Resource"])):
                assert "*" not in resource or resource.endswith(WIDE), name


def test_mail_only_from_the_senders(resources: dict[str, Any]) -> None:
    mail = [
        (name, statement)
        for name, role in roles(resources).items()
        for statement in statements(role)
        if any(action.startswith("ses:") for action in _listed(statement["Action"]))
    ]
    [(name, statement)] = mail
    assert name == "SendRole"
    assert statement["Condition"] == {"StringEquals": {"ses:FromAddress": {"Ref": "Senders"}}}


@pytest.mark.parametrize("name", ["Poll", "Send"])
def test_only_who_reads_x_reads_tokens(resources: dict[str, Any], name: str) -> None:
    readers = {
        role
        for role, properties in roles(resources).items()
        for statement in statements(properties)
        if "ssm:GetParameter" in _listed(statement["Action"])
    }
    assert f"{name}Role" in readers
    assert len(readers) == 2
