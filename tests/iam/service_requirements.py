"""What AWS services themselves need in the name of a role: logs, event sources, destinations."""

from collections.abc import Iterator

from tests.iam.policy_evaluator import Call, Json, UnsupportedPolicyError
from tests.iam.resolved_template import ResolvedStack

_SENDS = {"sqs": "sqs:SendMessage", "sns": "sns:Publish"}


def of_lambda(deployed: ResolvedStack, function: str) -> set[Call]:
    """What Lambda asks in the name of a function: to log, to be fed, to tell of its failures."""
    resource = deployed.template.functions[function].resource
    name, arn = deployed.value({"Ref": resource}), deployed.arn(resource)
    return {
        *_logs(dict(deployed.of_type("AWS::Lambda::Function"))[resource], deployed),
        *(
            call
            for _, one in deployed.of_type("AWS::Lambda::EventSourceMapping")
            if one["FunctionName"] in (name, arn)
            for call in _event_source(one["EventSourceArn"])
        ),
        *(
            _destination(destination["Destination"])
            for _, one in deployed.of_type("AWS::Lambda::EventInvokeConfig")
            if one["FunctionName"] in (name, arn)
            for destination in one.get("DestinationConfig", {}).values()
        ),
    }


def of_schedules(deployed: ResolvedStack) -> dict[str, set[Call]]:
    """What each schedule asks by its role: to invoke its one function, and to say if it cannot."""
    arns = {deployed.arn(name): name for name, _ in deployed.of_type("AWS::IAM::Role")}
    return {
        arns[one["Target"]["RoleArn"]]: {
            Call("lambda:InvokeFunction", one["Target"]["Arn"]),
            _destination(one["Target"]["DeadLetterConfig"]["Arn"]),
        }
        for _, one in deployed.of_type("AWS::Scheduler::Schedule")
    }


def alarms(deployed: ResolvedStack) -> Iterator[Call]:
    """What CloudWatch asks of the topics, in the name of each alarm."""
    for name, one in deployed.of_type("AWS::CloudWatch::Alarm"):
        kinds = ("AlarmActions", "OKActions", "InsufficientDataActions")
        for action in {action for kind in kinds for action in one.get(kind, [])}:
            yield Call("sns:Publish", action, (("aws:SourceArn", deployed.arn(name)),))


def _logs(function: Json, deployed: ResolvedStack) -> Iterator[Call]:
    groups = {
        one["LogGroupName"]: deployed.arn(name).removesuffix(":*")
        for name, one in deployed.of_type("AWS::Logs::LogGroup")
    }
    stream = f"{groups[function['LoggingConfig']['LogGroup']]}:log-stream:2030/05/14/x"
    yield Call("logs:CreateLogStream", stream)
    yield Call("logs:PutLogEvents", stream)


def _event_source(source: str) -> Iterator[Call]:
    if source.split(":")[2] != "sqs":
        raise UnsupportedPolicyError(f"nobody has said here what Lambda asks of {source}")
    for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
        yield Call(f"sqs:{action}", source)


def _destination(destination: str) -> Call:
    service = destination.split(":")[2]
    if service not in _SENDS:
        raise UnsupportedPolicyError(f"nobody has said here what it asks to tell {destination}")
    return Call(_SENDS[service], destination)
