"""Who may do what: which roles exist, who may assume them, and what none of them allows."""

import pytest

from pulse_cli.template import load_template
from tests.iam import service_requirements
from tests.iam.policy_evaluator import Call, policy
from tests.iam.resolved_template import ACCOUNT, REGION, ResolvedStack

PARAMETERS = {"Senders": "pulse@example.com,desk@acme.example"}
OUR_SENDER = (("ses:FromAddress", "pulse@example.com"),)
ALARMS = "cloudwatch.amazonaws.com"
PUBLISHERS = {"ses.amazonaws.com": "bounces and complaints"}
"""Services besides our alarms that may publish for this account, with the reason."""


@pytest.fixture(scope="module")
def deployed() -> ResolvedStack:
    return ResolvedStack(load_template(parameters=PARAMETERS))


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


TABLE = arn("dynamodb", "table/pulse-Table")
TOKENS = "parameter/pulse/pulse/tokens"
CALLS_NOBODY_MAY_MAKE = [
    # each is close to something that a role allows
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
    Call("ses:SendRawEmail", arn("ses", "configuration-set/another"), OUR_SENDER),
    Call("ses:SendBulkEmail", arn("ses", "identity/example.com"), OUR_SENDER),
    Call("logs:PutLogEvents", arn("logs", "log-group:/pulse/other:log-stream:x")),
    Call("logs:CreateLogGroup", arn("logs", "log-group:/pulse/pulse-2:*")),
    Call("lambda:InvokeFunction", arn("lambda", "function:another")),
    Call("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/admin"),
]


@pytest.mark.parametrize("call", CALLS_NOBODY_MAY_MAKE, ids=str)
def test_what_no_role_allows(deployed: ResolvedStack, call: Call) -> None:
    """No role of the stack allows a call that is close to an allowed one."""
    assert [name for name, role in deployed.roles().items() if role.allows(call)] == []


def test_who_reads_tokens(deployed: ResolvedStack) -> None:
    """Only the functions that ask X may read its tokens."""
    call, roles = Call("ssm:GetParameter", arn("ssm", TOKENS + "/x")), deployed.roles()
    functions = deployed.template.functions.values()
    expected = {f.name for f in functions if "PULSE_TOKENS" in f.environment}
    assert {f.name for f in functions if roles[deployed.role_of(f.name)].allows(call)} == expected
    assert {"poll", "send"} <= expected < {f.name for f in functions}


def test_only_send_sends_mail_and_publishes(deployed: ResolvedStack) -> None:
    """Only `send` may send mail, as each of the senders, and publish to the topic."""
    roles = deployed.roles()
    for call in (
        Call("ses:SendRawEmail", arn("ses", "identity/example.com"), OUR_SENDER),
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
    """`send` may use the given configuration set only, or else the stack's own."""
    parameters = PARAMETERS | {"ConfigurationSet": given}
    send = ResolvedStack(load_template(parameters=parameters)).roles()["SendRole"]
    sets = {g.resource for g in send.grants if ":configuration-set/" in g.resource}
    assert sets == {arn("ses", f"configuration-set/{given or 'pulse'}")}


def test_every_function_has_a_role_of_its_own(deployed: ResolvedStack) -> None:
    """No two functions share a role."""
    roles = [deployed.role_of(name) for name in deployed.template.functions]
    assert len(roles) == len(set(roles))


def test_only_the_service_that_needs_a_role_may_assume_it(deployed: ResolvedStack) -> None:
    """Only Lambda may assume the roles of functions, and only Scheduler those of schedules."""
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
    """Each permission to invoke a function names a source of this stack."""
    arns = {
        deployed.arn(name) for name, _ in deployed.of_type("AWS::SNS::Topic", "AWS::SQS::Queue")
    }
    for name, one in deployed.of_type("AWS::Lambda::Permission"):
        assert one["Action"] == "lambda:InvokeFunction"
        assert one["SourceArn"] in arns, name
    assert list(deployed.of_type("AWS::Lambda::Url")) == []


def test_who_may_publish_to_a_topic(deployed: ResolvedStack) -> None:
    """The policy of a topic lets the known services publish, and nobody else."""
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
    for topic, topic_policy in policies.items():
        for one in topic_policy.statements:
            assert (one.effect, one.actions, one.resources) == ("Allow", ("sns:Publish",), (topic,))
            if one.services == (ALARMS,):
                sources = {dict(c.context)["aws:SourceArn"] for c in alarms if c.resource == topic}
                assert set(one.condition["ArnEquals"]["aws:SourceArn"]) == sources
            else:
                assert set(one.services) <= PUBLISHERS.keys(), one.services
                assert one.condition["StringEquals"]["aws:SourceAccount"] == ACCOUNT


def test_only_our_roles_and_failed_deliveries_reach_a_queue(deployed: ResolvedStack) -> None:
    """Apart from our roles, only SNS may send to a queue: failed deliveries to the dead letters."""
    [(_, one)] = deployed.of_type("AWS::SQS::QueuePolicy")
    [statement] = policy([one["PolicyDocument"]]).statements
    assert statement.services == ("sns.amazonaws.com",)
    assert statement.actions == ("sqs:SendMessage",)
    assert statement.resources == (deployed.arn("DeadLetters"),)
    assert statement.condition == {"ArnEquals": {"aws:SourceArn": deployed.arn("FeedbackTopic")}}
