"""Who may do what: which roles there are, who may take them, what none of them may."""

import pytest

from pulse_cli.template import load_template
from tests.iam import service_requirements
from tests.iam.policy_evaluator import Call, policy
from tests.iam.resolved_template import ACCOUNT, REGION, ResolvedStack

PARAMETERS = {"Senders": "pulse@example.com,desk@acme.example"}
US = (("ses:FromAddress", "pulse@example.com"),)
ALARMS = "cloudwatch.amazonaws.com"
PUBLISHERS = {"ses.amazonaws.com": "mail that came back"}
"""Services that may publish beside our alarms, in the name of this account, with the reason."""


@pytest.fixture(scope="module")
def deployed() -> ResolvedStack:
    return ResolvedStack(load_template(parameters=PARAMETERS))


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


TABLE = arn("dynamodb", "table/pulse-Table")
TOKENS = "parameter/pulse/pulse/tokens"
TO_NOBODY = [
    # each beside what some role may do
    *(Call(f"dynamodb:{name}", TABLE) for name in ("Scan", "DeleteTable", "UpdateTable")),
    *(Call(f"dynamodb:{name}", TABLE + "/index/by-time") for name in ("Scan", "PutItem")),
    Call("dynamodb:GetItem", TABLE + "-2"),
    Call("dynamodb:Query", TABLE + "/index/by-time-2"),
    Call("dynamodb:GetItem", TABLE.replace(REGION, "eu-west-1")),
    Call("ssm:GetParameter", arn("ssm", TOKENS)),
    Call("ssm:GetParameter", arn("ssm", TOKENS + "-2/x")),
    Call("ssm:GetParameter", arn("ssm", "parameter/pulse/pulse-2/tokens/x")),
    Call("ssm:GetParametersByPath", arn("ssm", TOKENS + "/x")),
    Call("ssm:PutParameter", arn("ssm", TOKENS + "/x")),
    Call("sqs:SendMessage", arn("sqs", "pulse-poll-dead-letters.fifo")),
    Call("sqs:PurgeQueue", arn("sqs", "pulse-poll.fifo")),
    Call("sqs:ReceiveMessage", arn("sqs", "pulse-DeadLetters")),
    Call("sns:Publish", arn("sns", "pulse-CriticalTopic-2")),
    Call("sns:Subscribe", arn("sns", "pulse-CriticalTopic")),
    Call("ses:SendRawEmail", arn("ses", "identity/example.com")),
    Call(
        "ses:SendRawEmail",
        arn("ses", "identity/example.com"),
        (("ses:FromAddress", "head@example.com"),),
    ),
    Call("ses:SendRawEmail", arn("ses", "configuration-set/another"), US),
    Call("ses:SendBulkEmail", arn("ses", "identity/example.com"), US),
    Call("logs:PutLogEvents", arn("logs", "log-group:/pulse/other:log-stream:x")),
    Call("logs:CreateLogGroup", arn("logs", "log-group:/pulse/pulse-2:*")),
    Call("lambda:InvokeFunction", arn("lambda", "function:another")),
    Call("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/admin"),
]


@pytest.mark.parametrize("call", TO_NOBODY, ids=str)
def test_what_no_role_may(deployed: ResolvedStack, call: Call) -> None:
    """Given a call close to what is allowed, then no role of the stack allows it."""
    assert [name for name, role in deployed.roles().items() if role.allows(call)] == []


def test_who_reads_tokens(deployed: ResolvedStack) -> None:
    """Given the roles, then only functions that read X may read what opens it."""
    call, roles = Call("ssm:GetParameter", arn("ssm", TOKENS + "/x")), deployed.roles()
    given = deployed.template.functions.values()
    told = {f.name for f in given if "PULSE_TOKENS" in f.environment}
    assert {f.name for f in given if roles[deployed.role_of(f.name)].allows(call)} == told
    assert {"poll", "send"} <= told < {f.name for f in given}


def test_who_writes_mail_and_wakes_people(deployed: ResolvedStack) -> None:
    """Given the roles, then send alone writes mail, as each of the senders, and publishes."""
    roles = deployed.roles()
    for call in (
        Call("ses:SendRawEmail", arn("ses", "identity/example.com"), US),
        Call(
            "ses:SendEmail",
            arn("ses", "identity/someone@else.example"),
            (("ses:FromAddress", "desk@acme.example"),),
        ),
        Call("sns:Publish", deployed.arn("CriticalTopic")),
    ):
        assert [name for name, role in roles.items() if role.allows(call)] == ["SendRole"]


@pytest.mark.parametrize("given", ["", "mine"])
def test_one_configuration_set_is_allowed(given: str) -> None:
    """Given a configuration set or none, then send may use that one, or the stack's own."""
    parameters = PARAMETERS | {"ConfigurationSet": given}
    send = ResolvedStack(load_template(parameters=parameters)).roles()["SendRole"]
    sets = {g.resource for g in send.grants if ":configuration-set/" in g.resource}
    assert sets == {arn("ses", f"configuration-set/{given or 'pulse'}")}


def test_every_function_has_a_role_of_its_own(deployed: ResolvedStack) -> None:
    """Given the functions, then no two share a role."""
    roles = [deployed.role_of(name) for name in deployed.template.functions]
    assert len(roles) == len(set(roles))


def test_only_the_service_that_runs_it_may_take_a_role(deployed: ResolvedStack) -> None:
    """Given the roles, then Lambda takes the functions', Scheduler the schedules', nobody else."""
    functions = {deployed.role_of(name) for name in deployed.template.functions}
    assert functions | service_requirements.of_schedules(deployed).keys() == deployed.roles().keys()
    for name, role in deployed.of_type("AWS::IAM::Role"):
        service = "lambda" if name in functions else "scheduler"
        assert role["AssumeRolePolicyDocument"]["Statement"] == [
            {
                "Effect": "Allow",
                "Action": ["sts:AssumeRole"],
                "Principal": {"Service": [f"{service}.amazonaws.com"]},
            }
        ]


def test_a_function_is_invoked_by_its_own_sources_alone(deployed: ResolvedStack) -> None:
    """Given what lets a service invoke a function, then it names a source of this stack."""
    arns = {
        deployed.arn(name) for name, _ in deployed.of_type("AWS::SNS::Topic", "AWS::SQS::Queue")
    }
    for name, one in deployed.of_type("AWS::Lambda::Permission"):
        assert one["Action"] == "lambda:InvokeFunction"
        assert one["SourceArn"] in arns, name
    assert list(deployed.of_type("AWS::Lambda::Url")) == []


def test_who_may_publish_to_a_topic(deployed: ResolvedStack) -> None:
    """Given the topics, then their policies let those publish that we know of, and nobody else."""
    policies = {
        topic: policy([one["PolicyDocument"]])
        for _, one in deployed.of_type("AWS::SNS::TopicPolicy")
        for topic in one["Topics"]
    }
    assert set(policies) == {deployed.arn(name) for name, _ in deployed.of_type("AWS::SNS::Topic")}
    alarms = list(service_requirements.alarms(deployed))
    for call in alarms:
        [statement] = [one for one in policies[call.resource].statements if one.applies_to(call)]
        assert statement.services == (ALARMS,)
    for topic, given in policies.items():
        for one in given.statements:
            assert (one.effect, one.actions, one.resources) == ("Allow", ("sns:Publish",), (topic,))
            if one.services == (ALARMS,):
                sources = {dict(c.context)["aws:SourceArn"] for c in alarms if c.resource == topic}
                assert set(one.condition["ArnEquals"]["aws:SourceArn"]) == sources
            else:
                assert set(one.services) <= PUBLISHERS.keys(), one.services
                assert one.condition["StringEquals"]["aws:SourceAccount"] == ACCOUNT


def test_a_queue_is_open_to_our_roles_and_to_what_was_not_delivered(
    deployed: ResolvedStack,
) -> None:
    """Given the queues, then beside our roles SNS alone reaches one, where its failures go."""
    [(_, one)] = deployed.of_type("AWS::SQS::QueuePolicy")
    [statement] = policy([one["PolicyDocument"]]).statements
    assert statement.services == ("sns.amazonaws.com",)
    assert statement.actions == ("sqs:SendMessage",)
    assert statement.resources == (deployed.arn("DeadLetters"),)
    assert statement.condition == {"ArnEquals": {"aws:SourceArn": deployed.arn("FeedbackTopic")}}
