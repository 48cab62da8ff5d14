"""Creates a stack of `template.yaml` on moto, in this process or behind a URL.

The table, queues and topic are created through CloudFormation from the template itself. Functions,
roles, schedules and alarms are left out: the caller does their work.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import boto3

from pulse_cli.template import Function, Json, Queue, Template, load_template

__all__ = ["Function", "LocalStack", "Queue", "Template", "create_stack", "load_template"]

# What is created, and the property with its name; without it CloudFormation makes a random one.
_CREATED_TYPES = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SNS::Topic": "TopicName",
}

# For parameters that a real deployment must choose for itself.
_DEFAULT_PARAMETERS = {"Senders": "pulse@example.com", "DeletionProtection": "false"}


@dataclass(frozen=True, slots=True)
class LocalStack:
    """A created stack.

    `env` is the environment that Lambda would give each function, by function name. `functions`
    are those of the template, with the URLs of their queues. `outputs` are those of the template
    that do not depend on what was left out.
    """

    name: str
    outputs: dict[str, str]
    env: dict[str, dict[str, str]]
    functions: dict[str, Function] = field(repr=False)

    @property
    def schedules(self) -> dict[str, tuple[str, ...]]:
        """The schedule expressions of EventBridge, by function name."""
        return {one.name: one.schedules for one in self.functions.values() if one.schedules}

    @property
    def table(self) -> str:
        """The name of the table."""
        return self.outputs["TableName"]


def create_stack(
    template: Template | None = None,
    session: boto3.Session | None = None,
    name: str = "pulse",
    *,
    endpoint_url: str | None = None,
) -> LocalStack:
    """Create the table, queues and topic, and return them with every function's environment.

    `endpoint_url` is the URL of AWS, if it is not the one that the session knows.

    >>> stack = create_stack(load_template(), name="acme")
    >>> stack.env["dispatch"]["PULSE_POLL_QUEUE"]
    'https://sqs.us-east-1.amazonaws.com/123456789012/acme-poll.fifo'
    """
    template = template or load_template()
    parameters = _DEFAULT_PARAMETERS | template.parameters
    expressions = _expressions(template)
    # A new session would read the descriptions of AWS's services again, which takes long.
    session = session or boto3.DEFAULT_SESSION or boto3.Session()
    cloudformation = session.client("cloudformation", endpoint_url=endpoint_url)
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=json.dumps(_reduced_body(template.body, expressions)),
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
    )
    [described] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    values = {one["OutputKey"]: one["OutputValue"] for one in described.get("Outputs", [])}

    def resolve(expression: Any) -> str | None:
        if isinstance(expression, str):
            return expression
        return values.get(expressions[json.dumps(expression)])

    env = {
        function.name: {key: resolve(value) for key, value in function.environment.items()}
        for function in template.functions.values()
    }
    return LocalStack(
        name=name,
        outputs={key: values[key] for key in template.body["Outputs"] if key in values},
        env={
            function: {key: value for key, value in variables.items() if value is not None}
            for function, variables in env.items()
        },
        functions={
            one.name: replace(one, queue=one.queue and _with_urls(one.queue, values, expressions))
            for one in template.functions.values()
        },
    )


def _with_urls(queue: Queue, values: dict[str, str], expressions: dict[str, str]) -> Queue:
    def url(resource: str) -> str:
        return values[expressions[json.dumps({"Ref": resource})]]

    return replace(queue, url=url(queue.resource), dead_letters_url=url(queue.dead_letters))


def _expressions(template: Template) -> dict[str, str]:
    """Return a name of an output for each expression, as JSON, that CloudFormation must resolve."""
    found: list[Any] = []
    for function in template.functions.values():
        found += [one for one in function.environment.values() if not isinstance(one, str)]
        if function.queue:
            found += [{"Ref": function.queue.resource}, {"Ref": function.queue.dead_letters}]
    texts = dict.fromkeys(json.dumps(one) for one in found)
    return {text: f"Resolved{number}" for number, text in enumerate(texts)}


def _reduced_body(body: Json, expressions: dict[str, str]) -> Json:
    """Return the template with only what is created, and the outputs that need nothing else."""
    resources = {
        name: one | {"Properties": _name_property(name, one["Type"]) | one["Properties"]}
        for name, one in body["Resources"].items()
        if one["Type"] in _CREATED_TYPES
    }
    left_out = [f'"{name}"' for name in body["Resources"] if name not in resources]
    outputs = {
        name: output
        for name, output in body["Outputs"].items()
        if not any(name in json.dumps(output) for name in left_out)
    }
    asked = {name: _output(json.loads(text)) for text, name in expressions.items()}
    return {
        "Parameters": body["Parameters"],
        "Conditions": body["Conditions"],
        "Resources": resources,
        "Outputs": outputs | asked,
    }


def _name_property(resource: str, kind: str) -> Json:
    return {_CREATED_TYPES[kind]: {"Fn::Sub": "${AWS::StackName}-" + resource}}


def _output(expression: Json) -> Json:
    """Return an output for a variable; if the variable may be absent, so may the output."""
    match expression:
        case {"Fn::If": [condition, present, {"Ref": "AWS::NoValue"}]}:
            return {"Condition": condition, "Value": present}
    return {"Value": expression}
