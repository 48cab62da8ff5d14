"""`template.yaml` as SAM would deploy it: its functions, when they run and what feeds them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

__all__ = ["TEMPLATE", "Function", "Queue", "Template", "load_template"]

TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue that feeds a function; the visibility timeout is in seconds.

    `resource` and `dead_letters` are logical ids of the template. The URLs are empty until a stack
    has been created.
    """

    resource: str
    batch_size: int
    visibility_timeout: int
    max_receive_count: int
    dead_letters: str
    url: str = ""
    dead_letters_url: str = ""


@dataclass(frozen=True, slots=True)
class Function:
    """One function as the template describes it; `timeout` is in seconds, `memory` in MB.

    `resource` is its logical id. `environment` holds the template's own expressions; their values
    are in `LocalStack.env`. `retries` is how often Lambda repeats an invocation by a schedule or
    a topic that ended in an error. `topic` is the logical id of the topic that feeds the function.
    """

    name: str
    resource: str
    handler: str
    runtime: str
    timeout: int
    memory: int
    retries: int
    environment: Json
    schedules: tuple[str, ...]
    queue: Queue | None
    topic: str | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """`template.yaml` as SAM transforms it for one set of parameters; `body` is the whole of it."""

    functions: dict[str, Function]
    parameters: dict[str, str]
    body: Json = field(repr=False)

    @property
    def schedules(self) -> dict[str, tuple[str, ...]]:
        """The schedule expressions of EventBridge, by function name."""
        return {one.name: one.schedules for one in self.functions.values() if one.schedules}


def load_template(path: Path = TEMPLATE, parameters: dict[str, str] | None = None) -> Template:
    """Return a SAM template as SAM would deploy it with these parameters.

    Results are cached until the file changes.
    """
    chosen = tuple(sorted((parameters or {}).items()))
    return _load(path.resolve(), path.stat().st_mtime_ns, chosen)


@lru_cache
def _load(path: Path, _changed: int, parameters: tuple[tuple[str, str], ...]) -> Template:
    body = _transform(parse_template(path.read_text(encoding="utf-8")), dict(parameters))
    functions = [
        _function(name, resource["Properties"], body["Resources"])
        for name, resource in body["Resources"].items()
        if resource["Type"] == "AWS::Lambda::Function"
    ]
    return Template({one.name: one for one in functions}, dict(parameters), body)


def parse_template(text: str) -> Json:
    """Return a template read from YAML, with its short forms (`!Ref`, `!Sub` ...) written out."""
    # YAML aliases share one object, and SAM's transform writes into its input: the round trip
    # through JSON makes separate copies.
    result: Json = json.loads(json.dumps(yaml.load(text, Loader=_Loader)))  # noqa: S506
    return result


class _Loader(yaml.SafeLoader):
    """A safe loader of our own: CloudFormation's tags must not be accepted in other YAML files.

    samcli.yamlhelper reads the same short forms, but adds them to yaml.SafeLoader itself: from
    then on, the settings and every other file of this process would be read with them, and
    without times.
    """


def _short_form(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> Json:
    value: Any
    match node:
        case yaml.ScalarNode():
            value = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case yaml.MappingNode():
            value = loader.construct_mapping(node, deep=True)
    if name == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name if name in {"Ref", "Condition"} else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _short_form)


def _transform(body: Json, parameters: dict[str, str]) -> Json:
    # Imported here, since it takes a third of a second that most commands need not spend.
    import boto3  # noqa: PLC0415
    from samtranslator.parser.parser import Parser  # noqa: PLC0415
    from samtranslator.translator.translator import Translator  # noqa: PLC0415

    logging.getLogger("samtranslator.metrics").setLevel(logging.ERROR)
    body.get("Globals", {}).get("Function", {}).pop("CodeUri", None)
    for _, properties in _of_type(body["Resources"], "AWS::Serverless::Function"):
        properties["CodeUri"] = "s3://not/built"
    # SAM asks for a region, but any will do, and for AWS's managed policies, which only IAM knows.
    anywhere = boto3.Session(region_name="us-east-1")
    translator = Translator(None, Parser(), boto_session=anywhere)
    result: Json = translator.translate(body, parameters, get_managed_policy_map=dict)
    return result


def _of_type(resources: Json, kind: str) -> Iterator[tuple[str, Json]]:
    return (
        (name, resource["Properties"])
        for name, resource in resources.items()
        if resource["Type"] == kind
    )


def _function(resource: str, properties: Json, resources: Json) -> Function:
    handler = properties["Handler"]
    retries = [
        one.get("MaximumRetryAttempts", 2)
        for _, one in _of_type(resources, "AWS::Lambda::EventInvokeConfig")
        if one["FunctionName"] == {"Ref": resource}
    ]
    schedules = [
        one["ScheduleExpression"]
        for _, one in _of_type(resources, "AWS::Scheduler::Schedule")
        if one["Target"]["Arn"] == {"Fn::GetAtt": [resource, "Arn"]}
    ]
    return Function(
        name=handler.partition(".")[0],
        resource=resource,
        handler=handler,
        runtime=properties["Runtime"],
        timeout=properties["Timeout"],
        memory=properties["MemorySize"],
        retries=retries[0] if retries else 2,
        environment=properties.get("Environment", {}).get("Variables", {}),
        schedules=tuple(schedules),
        queue=_queue(resource, resources),
        topic=_topic(resource, resources),
    )


def _topic(function: str, resources: Json) -> str | None:
    for _, subscription in _of_type(resources, "AWS::SNS::Subscription"):
        if subscription["Endpoint"] == {"Fn::GetAtt": [function, "Arn"]}:
            topic: str = subscription["TopicArn"]["Ref"]
            return topic
    return None


def _queue(function: str, resources: Json) -> Queue | None:
    for _, source in _of_type(resources, "AWS::Lambda::EventSourceMapping"):
        if source["FunctionName"] == {"Ref": function}:
            name = source["EventSourceArn"]["Fn::GetAtt"][0]
            properties = resources[name]["Properties"]
            return Queue(
                resource=name,
                batch_size=source["BatchSize"],
                visibility_timeout=properties["VisibilityTimeout"],
                max_receive_count=properties["RedrivePolicy"]["maxReceiveCount"],
                dead_letters=properties["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0],
            )
    return None
