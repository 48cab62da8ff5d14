"""What `sam deploy` makes of the template and of what was built."""

import io
import json
import zipfile
import zlib
from pathlib import Path

import pytest
import requests

from pulse_cli.laptop.sam import ROOT
from pulse_cli.template import load_template
from tests.deployed.deployment import Deployment, eventually

pytestmark = pytest.mark.built

FUNCTIONS = load_template().functions


def test_all_of_the_template_is_there(deployment: Deployment) -> None:
    """Given a deployment, then each resource stands, those apart that a parameter asks for."""
    resources = load_template().body["Resources"]
    always = {name for name, one in resources.items() if "Condition" not in one}
    assert always <= set(deployment.resources) <= set(resources)
    assert set(deployment.outputs) == set(load_template().body["Outputs"])


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_what_runs_is_what_was_built(
    deployment: Deployment, built: dict[str, Path], name: str
) -> None:
    """Given a deployed function, then its code is the artifact, file by file, compiled ones too."""
    function = FUNCTIONS[name]
    found = deployment.client("lambda").get_function(
        FunctionName=deployment.resources[function.resource]
    )
    assert found["Configuration"]["Runtime"] == "python3.13"
    assert found["Configuration"]["Handler"] == function.handler
    assert found["Configuration"]["Timeout"] == function.timeout
    uploaded = requests.get(found["Code"]["Location"], timeout=30).content
    with zipfile.ZipFile(io.BytesIO(uploaded)) as archive:
        sums = {one.filename: one.CRC for one in archive.infolist() if not one.is_dir()}
    files = [path for path in built[name].rglob("*") if path.is_file()]
    assert sums == {str(f.relative_to(built[name])): zlib.crc32(f.read_bytes()) for f in files}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_each_function_answers_where_it_is_deployed(deployment: Deployment, name: str) -> None:
    """Given its sample event, when a function is invoked, then it ends well, by its own right."""
    event = (ROOT / "infra" / "events" / f"{name}.json").read_bytes()
    answer = deployment.client("lambda").invoke(
        FunctionName=deployment.resources[FUNCTIONS[name].resource], Payload=event
    )
    assert "FunctionError" not in answer, answer["Payload"].read()


def test_functions_run_when_the_template_says(deployment: Deployment) -> None:
    """Given a deployment, then the schedules are those of the template, and on."""
    scheduler, group = deployment.client("scheduler"), deployment.outputs["ScheduleGroupName"]
    names = [one["Name"] for one in scheduler.list_schedules(GroupName=group)["Schedules"]]
    found = [scheduler.get_schedule(GroupName=group, Name=name) for name in names]
    assert {one["State"] for one in found} == {"ENABLED"}
    expected = [
        (deployment.resources[f.resource], s) for f in FUNCTIONS.values() for s in f.schedules
    ]
    ticks = [(_name(one["Target"]["Arn"]), one["ScheduleExpression"]) for one in found]
    assert sorted(ticks) == sorted(expected)


@pytest.mark.parametrize("name", [one.name for one in FUNCTIONS.values() if one.schedules])
def test_a_tick_that_fails_is_kept(deployment: Deployment, name: str) -> None:
    """Given a function that a schedule runs, then what fails goes where the alarm looks."""
    function = FUNCTIONS[name]
    found = deployment.client("lambda").get_function_event_invoke_config(
        FunctionName=deployment.resources[function.resource], Qualifier="$LATEST"
    )
    kept = found["DestinationConfig"]["OnFailure"]["Destination"]
    assert _name(kept) == deployment.outputs["DeadLettersUrl"].rpartition("/")[2]
    assert found["MaximumRetryAttempts"] == function.retries


def test_a_digest_that_fails_lies_among_the_dead_letters(deployment: Deployment) -> None:
    """Given an event that `digest` cannot read, when it has failed, then the event is kept."""
    function = deployment.resources[FUNCTIONS["digest"].resource]
    asked = b'{"now": {"company": "svyaz", "to": ["nobody"]}}'
    deployment.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=asked)
    url = deployment.outputs["DeadLettersUrl"]
    [kept] = eventually(lambda: deployment.receive(url), within=60)
    assert json.loads(kept)["requestPayload"]["now"]["to"] == ["nobody"]
    deployment.client("sqs").purge_queue(QueueUrl=url)


def test_deploying_the_same_again_changes_nothing(deployment: Deployment) -> None:
    """Given a deployment, when the same is deployed again, then nothing is to be done."""
    before = deployment.resources
    assert "No changes to deploy" in deployment.deploy()
    assert deployment.resources == before


def _name(arn: str) -> str:
    return arn.rpartition(":")[2]
