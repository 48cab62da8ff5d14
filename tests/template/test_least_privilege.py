"""Each role allows what its owner does and nothing else; both are checked call by call.

The calls are those of the scenarios, and those that AWS services make with a role.
"""

from collections.abc import Iterator

import pytest

from pulse_cli.template import load_template
from tests.iam import service_requirements
from tests.iam.policy_evaluator import Call, Grant
from tests.iam.resolved_template import ACCOUNT, REGION, ResolvedStack
from tests.template.permission_scenarios import PARAMETERS, SCENARIOS, PermissionRun

# Permissions that nobody uses, with the reason. One that is used after all must be removed.
EXCEPTIONS = {Grant("logs:CreateLogGroup", "*"): "is in AWS's own policy; our group exists before"}
# Resources that are named by a prefix, with the reason. All others are named exactly.
WIDE = {
    f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/pulse/pulse/tokens/*": (
        "tokens are stored after the deployment, under names that the settings choose"
    ),
    f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/*": (
        "the sandbox checks the recipients' identities too, and it is not known whether an address "
        "is verified by itself or by its domain; the condition restricts the sender to ours"
    ),
    "*": "is in AWS's own policy for logs; a Deny restricts it to our own log",
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
def calls(run: PermissionRun, deployed: ResolvedStack) -> dict[str, set[Call]]:
    """All calls that are made with each role, by its logical id."""
    functions = {
        deployed.role_of(name): run.calls[name] | service_requirements.of_lambda(deployed, name)
        for name in deployed.template.functions
    }
    return functions | service_requirements.of_schedules(deployed)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_has_a_scenario(run: PermissionRun, name: str) -> None:
    """Each function of the template makes a call in one of the scenarios."""
    assert run.calls[name], (
        f"no scenario runs {name}: add one to tests/template/permission_scenarios.py"
    )


def test_each_role_has_one_owner(calls: dict[str, set[Call]], deployed: ResolvedStack) -> None:
    """Each role of the template belongs to one function or to one schedule."""
    assert set(calls) == set(deployed.roles())
    assert len(calls) == len(FUNCTIONS) + len(list(deployed.of_type("AWS::Scheduler::Schedule")))


def test_every_call_made_is_allowed(calls: dict[str, set[Call]], deployed: ResolvedStack) -> None:
    """Every call is allowed by its role, on exactly that resource."""
    roles = deployed.roles()
    denied = [
        f"{r}: {call}" for r, made in calls.items() for call in made if not roles[r].allows(call)
    ]
    assert denied == []


def test_every_permission_is_used(calls: dict[str, set[Call]], deployed: ResolvedStack) -> None:
    """Every action that a role allows on a resource is used, or is a stated exception."""
    unused = {
        (role, grant)
        for role, policy in deployed.roles().items()
        for grant in policy.grants
        if not any(grant.covers(call) for call in calls[role])
    }
    assert {f"{role}: {grant}" for role, grant in unused if grant not in EXCEPTIONS} == set()
    assert {grant for _, grant in unused} == set(EXCEPTIONS), "an exception is no longer needed"


def test_every_resource_prefix_has_a_reason(deployed: ResolvedStack) -> None:
    """Every resource that ends in a wildcard has a reason, and no other resource has one."""
    resources = {g.resource for policy in deployed.roles().values() for g in policy.grants}
    assert {one for one in resources if one.endswith("*")} == set(WIDE)
