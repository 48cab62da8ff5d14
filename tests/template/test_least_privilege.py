"""Each role may do what its owner does, and nothing else: judged both ways, call by call.

The calls are those of the scenarios, and those that AWS makes in the name of a role.
"""

from collections.abc import Iterator

import pytest

from pulse_cli.template import load_template
from tests.iam import service_requirements
from tests.iam.policy_evaluator import Call, Grant
from tests.iam.resolved_template import ACCOUNT, REGION, ResolvedStack
from tests.template.permission_scenarios import PARAMETERS, SCENARIOS, PermissionRun

# What a role allows and nobody does, with the reason. One that is done after all must go.
EXCEPTIONS = {
    Grant("logs:CreateLogGroup", "*"): "stands in AWS's own policy; our group is there before"
}
# What is named by its beginning alone, with the reason. For all else the very resource is named.
WIDE = {
    f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/pulse/pulse/tokens/*": (
        "tokens are stored after the deployment, under names that the settings choose"
    ),
    f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/*": (
        "the sandbox asks for the recipients' identities too, and nobody knows whether an address "
        "is verified by itself or by its domain; the condition holds the sender to ours"
    ),
    "*": "stands in AWS's own policy for logs; a Deny holds it to our own log",
}
SENDERS = {"Senders": "pulse@example.com,desk@acme.example"}
FUNCTIONS = sorted(load_template().functions)


@pytest.fixture(scope="module")
def deployed() -> ResolvedStack:
    return ResolvedStack(load_template(parameters={**SENDERS, **PARAMETERS}))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PermissionRun]:
    """All scenarios, run one after the other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")
        run = PermissionRun(tmp_path_factory.mktemp("scenarios"))
        for scenario in SCENARIOS:
            scenario(run)
        yield run


@pytest.fixture(scope="module")
def asked(run: PermissionRun, deployed: ResolvedStack) -> dict[str, set[Call]]:
    """All that is asked by each role, by its logical id."""
    functions = {
        deployed.role_of(name): run.asked[name] | service_requirements.of_lambda(deployed, name)
        for name in deployed.template.functions
    }
    return functions | service_requirements.of_schedules(deployed)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_has_its_story(run: PermissionRun, name: str) -> None:
    """Given the scenarios, then each function of the template makes a call in one of them."""
    assert run.asked[name], (
        f"no scenario runs {name}: add one to tests/template/permission_scenarios.py"
    )


def test_each_role_is_somebodys(asked: dict[str, set[Call]], deployed: ResolvedStack) -> None:
    """Given the roles of the template, then each is of one function, or of one schedule."""
    assert set(asked) == set(deployed.roles())
    assert len(asked) == len(FUNCTIONS) + len(list(deployed.of_type("AWS::Scheduler::Schedule")))


def test_every_call_made_is_allowed(asked: dict[str, set[Call]], deployed: ResolvedStack) -> None:
    """Given every call, then the role allows it on that very resource."""
    roles = deployed.roles()
    denied = [
        f"{r}: {call}" for r, calls in asked.items() for call in calls if not roles[r].allows(call)
    ]
    assert denied == []


def test_every_permission_is_used(asked: dict[str, set[Call]], deployed: ResolvedStack) -> None:
    """Given every action that a role allows on a resource, then somebody makes use of it."""
    unused = {
        (role, grant)
        for role, policy in deployed.roles().items()
        for grant in policy.grants
        if not any(grant.covers(call) for call in asked[role])
    }
    assert {f"{role}: {grant}" for role, grant in unused if grant not in EXCEPTIONS} == set()
    assert {grant for _, grant in unused} == set(EXCEPTIONS), "an exception is needed no longer"


def test_every_resource_prefix_has_a_reason(deployed: ResolvedStack) -> None:
    """Given the resources that end in a wildcard, then each has its reason, and no other is."""
    resources = {g.resource for policy in deployed.roles().values() for g in policy.grants}
    assert {one for one in resources if one.endswith("*")} == set(WIDE)
