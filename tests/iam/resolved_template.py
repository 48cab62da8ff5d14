"""The template of one concrete stack, with all expressions resolved to names and ARNs."""

import re
from collections.abc import Iterator
from typing import Any

from pulse_cli.template import Template
from tests.iam.policy_evaluator import Json, Policy, UnsupportedPolicyError, policy

ACCOUNT = "123456789012"
REGION = "us-east-1"
STACK = "pulse"

_NAMED_BY = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::IAM::Role": "RoleName",
    "AWS::SES::ConfigurationSet": "Name",
}
"""The property that names a resource; without it, the name is made from the stack's."""
_ARNS = {
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:{region}:{account}:table/{name}",
    "AWS::SQS::Queue": "arn:aws:sqs:{region}:{account}:{name}",
    "AWS::SNS::Topic": "arn:aws:sns:{region}:{account}:{name}",
    "AWS::Lambda::Function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "AWS::Logs::LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}:*",
    "AWS::CloudWatch::Alarm": "arn:aws:cloudwatch:{region}:{account}:alarm:{name}",
    "AWS::IAM::Role": "arn:aws:iam::{account}:role/{name}",
}
_NOTHING = object()
"""The value of AWS::NoValue."""
_PSEUDO: dict[str, Any] = {
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::StackName": STACK,
    "AWS::NoValue": _NOTHING,
}
AWS_MANAGED = {
    # as AWS publishes it; we cannot narrow it, only deny parts of it
    "service-role/AWSLambdaBasicExecutionRole": {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": "*",
        },
    }
}


class ResolvedStack:
    """A stack of the template, with the parameters that it was loaded with."""

    def __init__(self, template: Template) -> None:
        self.template = template
        self._resources: Json = template.body["Resources"]
        self._conditions: Json = template.body["Conditions"]
        self._parameters = {
            name: self._parameter(one, template.parameters.get(name, one.get("Default")))
            for name, one in template.body["Parameters"].items()
        }

    def of_type(self, *kinds: str) -> Iterator[tuple[str, Json]]:
        """Yield the resources of these types whose conditions hold, with resolved properties."""
        for name, one in self._resources.items():
            if one["Type"] in kinds and ("Condition" not in one or self._holds(one["Condition"])):
                yield name, self.value(one.get("Properties", {}))

    def arn(self, name: str) -> str:
        """Return the ARN of a resource."""
        kind = self._resources[name]["Type"]
        if kind not in _ARNS:
            raise UnsupportedPolicyError(f"no ARN format is listed for {name}, {kind}")
        return _ARNS[kind].format(region=REGION, account=ACCOUNT, name=self._name(name))

    def role_of(self, function: str) -> str:
        """Return the logical id of the role of a function."""
        resource = self._resources[self.template.functions[function].resource]
        return str(resource["Properties"]["Role"]["Fn::GetAtt"][0])

    def roles(self) -> dict[str, Policy]:
        """Return the policy of each role by its logical id."""
        return {name: self._policy_of(role) for name, role in self.of_type("AWS::IAM::Role")}

    def value(self, expression: Any) -> Any:
        """Return the value of an expression; `UnsupportedPolicyError` if it is not supported."""
        if isinstance(expression, list):
            return [one for one in map(self.value, expression) if one is not _NOTHING]
        if not isinstance(expression, dict):
            return expression
        for name, given in expression.items():
            if name == "Ref":
                return self._ref(given)
            if name.startswith("Fn::"):
                return self._function(name, given)
        values = {key: self.value(one) for key, one in expression.items()}
        return {key: one for key, one in values.items() if one is not _NOTHING}

    def _function(self, name: str, given: Any) -> Any:
        match name, given:
            case "Fn::GetAtt", [str(resource), "Arn" | "QueueName" as what]:
                return self.arn(resource) if what == "Arn" else self._name(resource)
            case "Fn::Sub", str() | [str(), dict()]:
                return self._filled(*([given] if isinstance(given, str) else given))
            case "Fn::If", [str(condition), yes, no]:
                return self.value(yes if self._holds(condition) else no)
            case "Fn::Equals", [one, other]:
                return self.value(one) == self.value(other)
            case "Fn::Not", [one]:
                return not self.value(one)
            case "Fn::Select", [int(place), items]:
                return self.value(items)[place]
        raise UnsupportedPolicyError(f"not supported: {name} of {given}")

    def _filled(self, text: str, own: Json | None = None) -> str:
        values = {key: self.value(one) for key, one in (own or {}).items()}
        return re.sub(
            r"\$\{([\w:.]+)\}", lambda m: str(values.get(m[1]) or self._within(m[1])), text
        )

    def _policy_of(self, role: Json) -> Policy:
        managed = [arn.partition(":policy/")[2] for arn in role.get("ManagedPolicyArns", [])]
        if unknown := set(managed) - AWS_MANAGED.keys():
            raise UnsupportedPolicyError(f"the policies {', '.join(unknown)} are not listed")
        if "PermissionsBoundary" in role:
            raise UnsupportedPolicyError("a permissions boundary is not supported")
        own = [one["PolicyDocument"] for one in role.get("Policies", [])]
        return policy([*map(AWS_MANAGED.__getitem__, managed), *own])

    def _ref(self, name: str) -> Any:
        if name in _PSEUDO:
            return _PSEUDO[name]
        if name in self._parameters:
            return self._parameters[name]
        kind = self._resources[name]["Type"]
        if kind == "AWS::SQS::Queue":
            return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{self._name(name)}"
        return self.arn(name) if kind == "AWS::SNS::Topic" else self._name(name)

    def _within(self, text: str) -> str:
        """Return the value of `${...}`."""
        name, _, attribute = text.partition(".")
        return str(self.value({"Fn::GetAtt": [name, attribute]} if attribute else {"Ref": name}))

    def _name(self, name: str) -> str:
        one = self._resources[name]
        given = one.get("Properties", {}).get(_NAMED_BY.get(one["Type"], ""))
        return str(self.value(given)) if given else f"{STACK}-{name}"

    def _holds(self, condition: str) -> bool:
        return bool(self.value(self._conditions[condition]))

    @staticmethod
    def _parameter(one: Json, value: Any) -> Any:
        return value.split(",") if one["Type"] == "CommaDelimitedList" else value
