"""The calls that AWS services make with a role: for logs, event sources and destinations."""

from collections.abc import Iterator

from tests.iam.policy_evaluator import Call, Json, UnsupportedPolicyError
from tests.iam.resolved_template import ResolvedStack

_SENDS = {"sqs": "sqs:SendMessage", "sns": "sns:Publish"}


def of_lambda(deployed: ResolvedStack, function: str) -> set[Call]:
    """Return Lambda's own calls with a function's role: for logs, its queue and its failures."""
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
    """Return the calls of each schedule by its role: to its function and to its dead letters."""
    arns = {deployed.arn(name): name for name, _ in deployed.of_type("AWS::IAM::Role")}
    return {
        arns[one["Target"]["RoleArn"]]: {
            Call("lambda:InvokeFunction", one["Target"]["Arn"]),
            _destination(one["Target"]["DeadLetterConfig"]["Arn"]),
        }
        for _, one in deployed.of_type("AWS::Scheduler::Schedule")
    }


def alarms(deployed: ResolvedStack) -> Iterator[Call]:
    """Yield the calls of CloudWatch to the topics, for each alarm."""
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
        raise UnsupportedPolicyError(f"the calls of Lambda to {source} are not listed")
    for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
        yield Call(f"sqs:{action}", source)


def _destination(destination: str) -> Call:
    service = destination.split(":")[2]
    if service not in _SENDS:
        raise UnsupportedPolicyError(f"the call to {destination} is not listed")
    return Call(_SENDS[service], destination)
