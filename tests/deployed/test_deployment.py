"""What `sam deploy` makes of the template and the artifacts."""

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


def test_the_whole_template_is_deployed(deployment: Deployment) -> None:
    """Every resource exists, except those that only certain parameters create."""
    resources = load_template().body["Resources"]
    always = {name for name, one in resources.items() if "Condition" not in one}
    assert always <= set(deployment.resources) <= set(resources)
    assert set(deployment.outputs) == set(load_template().body["Outputs"])


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_what_runs_is_what_was_built(
    deployment: Deployment, built: dict[str, Path], name: str
) -> None:
    """The code of a deployed function is the artifact, file by file, compiled files included."""
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
    """Each function handles its sample event without an error."""
    event = (ROOT / "infra" / "events" / f"{name}.json").read_bytes()
    answer = deployment.client("lambda").invoke(
        FunctionName=deployment.resources[FUNCTIONS[name].resource], Payload=event
    )
    assert "FunctionError" not in answer, answer["Payload"].read()


def test_functions_run_when_the_template_says(deployment: Deployment) -> None:
    """The schedules are those of the template, and they are enabled."""
    scheduler, group = deployment.client("scheduler"), deployment.outputs["ScheduleGroupName"]
    names = [one["Name"] for one in scheduler.list_schedules(GroupName=group)["Schedules"]]
    found = [scheduler.get_schedule(GroupName=group, Name=name) for name in names]
    assert {one["State"] for one in found} == {"ENABLED"}
    expected = [
        (deployment.resources[f.resource], s) for f in FUNCTIONS.values() for s in f.schedules
    ]
    schedules = [(_name(one["Target"]["Arn"]), one["ScheduleExpression"]) for one in found]
    assert sorted(schedules) == sorted(expected)


@pytest.mark.parametrize("name", [one.name for one in FUNCTIONS.values() if one.schedules])
def test_a_failed_run_goes_to_the_dead_letters(deployment: Deployment, name: str) -> None:
    """Failed runs of a scheduled function go to the queue that the alarm watches."""
    function = FUNCTIONS[name]
    found = deployment.client("lambda").get_function_event_invoke_config(
        FunctionName=deployment.resources[function.resource], Qualifier="$LATEST"
    )
    destination = found["DestinationConfig"]["OnFailure"]["Destination"]
    assert _name(destination) == deployment.outputs["DeadLettersUrl"].rpartition("/")[2]
    assert found["MaximumRetryAttempts"] == function.retries


def test_the_event_of_a_failed_digest_is_a_dead_letter(deployment: Deployment) -> None:
    """After `digest` has failed on an event, the event is in the dead-letter queue."""
    function = deployment.resources[FUNCTIONS["digest"].resource]
    event = b'{"now": {"company": "svyaz", "to": ["nobody"]}}'
    deployment.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=event)
    url = deployment.outputs["DeadLettersUrl"]
    [body] = eventually(lambda: deployment.receive(url), within=60)
    assert json.loads(body)["requestPayload"]["now"]["to"] == ["nobody"]
    deployment.client("sqs").purge_queue(QueueUrl=url)


def test_deploying_the_same_again_changes_nothing(deployment: Deployment) -> None:
    """Deploying the same template again changes nothing."""
    before = deployment.resources
    assert "No changes to deploy" in deployment.deploy()
    assert deployment.resources == before


def _name(arn: str) -> str:
    return arn.rpartition(":")[2]
