"""`pulse invoke`: runs a built function as Lambda does."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import click

from pulse_cli.errors import CommandError
from pulse_cli.laptop import local_env, sam
from pulse_cli.laptop.emulator import Emulator, Invocation
from pulse_cli.template import Function, load_template

__all__ = ["invoke"]

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("name", metavar="NAME")
@click.option(
    "--event", type=_FILE, help="File with the event as JSON.  [default: what AWS would send now]"
)
@click.option(
    "--env", type=_FILE, help="File with the functions' variables, as for sam local invoke."
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print the answer, logs and cold start as JSON."
)
def invoke(name: str, event: Path | None, env: Path | None, as_json: bool) -> None:
    """Run the built function NAME in the Lambda runtime, without Docker.

    The function uses the AWS and the X of a running `pulse local`. Without --event, a scheduled
    function receives the event of this minute, and poll receives the next message of its queue;
    feedback needs --event with a message from SES.
    """
    functions = load_template().functions
    if name not in functions:
        raise CommandError(f"there is no function {name!r}; available: {', '.join(functions)}")
    if functions[name].topic and not event:
        raise CommandError(
            f"{name} receives its events from a topic; use --event infra/events/{name}.json"
        )
    envs = local_env.read_env(env)
    for needed in {name, "dispatch"} if functions[name].queue and not event else {name}:
        if needed not in envs:
            raise CommandError(f"the environment file has no variables for {needed}")
    if not sam.is_built():
        click.echo(
            "The code has changed since it was built; run make build to update it.", err=True
        )
    with Emulator(name, envs[name]) as function:
        if event:
            result = function.invoke(_parse(event))
        elif functions[name].queue:
            result = _with_next_message(function, envs)
        else:
            result = function.invoke(_tick(functions[name]))
    _show(result, as_json=as_json)
    if isinstance(result.payload, dict) and "errorMessage" in result.payload:
        raise SystemExit(1)


def _show(result: Invocation, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(result._asdict(), ensure_ascii=False, indent=2))
        return
    click.echo(result.logs, err=True, nl=False)
    click.echo(f"Cold start {result.init_ms:.0f} ms.", err=True)
    click.echo(json.dumps(result.payload, ensure_ascii=False, indent=2))


def _parse(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CommandError(f"{path} is not JSON: {error}") from error


def _tick(function: Function) -> dict[str, Any]:
    """Return the event that EventBridge Scheduler would send this minute."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    return {
        "version": "0",
        "id": f"local-{function.name}-{now:%Y%m%dT%H%M}",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": "123456789012",
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": "us-east-1",
        "resources": [],
        "detail": "{}",
    }


def _with_next_message(function: Emulator, envs: dict[str, dict[str, str]]) -> Invocation:
    """Invoke the function with the next message of its queue, as Lambda's event source does.

    The message is deleted only if the function succeeds; otherwise it returns to the queue.
    """
    env = envs["dispatch"]
    sqs = boto3.client(
        "sqs",
        endpoint_url=env.get("AWS_ENDPOINT_URL"),
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - not a real key
    )
    queue = env["PULSE_POLL_QUEUE"]
    messages = sqs.receive_message(QueueUrl=queue, AttributeNames=["All"]).get("Messages")
    if not messages:
        raise CommandError("no poll is due; run pulse invoke dispatch first")
    [message] = messages
    result = function.invoke({"Records": [_record(message)]})
    if not (isinstance(result.payload, dict) and "errorMessage" in result.payload):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return result


def _record(message: Any) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:pulse-poll.fifo",
        "awsRegion": "us-east-1",
    }
