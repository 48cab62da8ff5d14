"""AWS and X on loopback ports: moto with a stack of `template.yaml`, and the simulated X."""

from __future__ import annotations

import json
import logging
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import requests

from pulse.dynamodb.table import Table
from pulse.settings.store import SettingsStore
from pulse.x.access import Token
from pulse.x.credentials import TokenStore
from pulse_cli.errors import CommandError
from pulse_cli.simulated_aws.local_stack import LocalStack, create_stack, load_template
from pulse_cli.simulated_x import Archive, SimulatedX, VocabularyName, serve
from pulse_cli.simulated_x.timestamps import read_time, write_time

__all__ = ["LocalServices", "PortTakenError", "load_shifted", "run_services"]

_HOST = "127.0.0.1"
_TIMES = ("created_at", "visible_at", "gone_at", "from", "until")


class PortTakenError(CommandError):
    """Another program listens on the port that was asked for."""


@dataclass(frozen=True, slots=True)
class LocalServices:
    """The AWS and the X that run: their URLs, and the stack that was created."""

    aws_url: str
    x_url: str
    stack: LocalStack
    session: boto3.Session
    x: SimulatedX

    def client(self, service: str) -> Any:
        """Return a client of the local AWS, such as for `sqs`."""
        return self.session.client(service, endpoint_url=self.aws_url)  # type: ignore[call-overload]

    def push(self, document: dict[str, Any]) -> None:
        """Put settings into force, and store a token for each of their accounts."""
        env = self.stack.env["send"]
        table = Table(self.client("dynamodb"), env["PULSE_TABLE"], env["PULSE_INDEX"])
        SettingsStore(table).push(document, datetime.now(UTC))
        secrets = TokenStore(self.client("ssm"), env["PULSE_TOKENS"])
        for company in document["companies"]:
            for account in company["accounts"]:
                name = account.get("token") or account["username"].removeprefix("@")
                secrets.put(name, Token(None, "local", "local", f"sim-{account['id']}", "local"))


@contextmanager
def run_services(
    archive: Archive, port_aws: int = 0, port_x: int = 0, vocabulary: VocabularyName = "tweet"
) -> Iterator[LocalServices]:
    """Run the local AWS and the simulated X during the block; port 0 stands for any free one.

    Raises:
        PortTakenError: another program uses one of the ports.
    """
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - a second, for this command only

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    for port, option in ((port_aws, "--port-aws"), (port_x, "--port-x")):
        _refuse_taken(port, option)
    # Made-up keys, so that boto3 does not take those in ~/.aws: no real account must be used here.
    session = boto3.Session("local", "local", region_name="us-east-1")
    simulated = SimulatedX(archive, vocabulary=vocabulary)
    aws = ThreadedMotoServer(ip_address=_HOST, port=port_aws, verbose=False)
    with serve(simulated, _HOST, port_x) as x:
        aws.start()
        try:
            aws_url = "http://{}:{}".format(*aws.get_host_and_port())
            # moto's data belongs to the process: an earlier server may have left some.
            requests.post(f"{aws_url}/moto-api/reset", timeout=10).raise_for_status()
            template = load_template(parameters={"XUrl": x.url, "AwsUrl": aws_url})
            stack = create_stack(template, session, endpoint_url=aws_url)
            local = LocalServices(aws_url, x.url, stack, session, simulated)
            sender = stack.env["send"]["PULSE_SENDER"]
            local.client("sesv2").create_email_identity(EmailIdentity=sender)
            yield local
        finally:
            aws.stop()


def _refuse_taken(port: int, option: str) -> None:
    try:
        socket.create_server((_HOST, port)).close()
    except OSError:
        raise PortTakenError(
            f"port {port} is used by another program; choose a free one with {option}"
        ) from None


def load_shifted(folder: Path, begins: datetime) -> Archive:
    """Return an archive, shifted in time so that its first post is published at `begins`.

    The times at which posts are published, shown and removed, and those of faults, are shifted by
    the same length. Ids stay as they are, although on X an id holds the time of its post.

    Raises:
        ArchiveError: a file of the archive is missing or cannot be read.
    """
    first = min((post.created_at for post in Archive.load(folder).posts), default=begins)
    by = begins.replace(microsecond=0) - first
    with tempfile.TemporaryDirectory() as name:
        for file in folder.iterdir():
            place = Path(name) / file.name
            if file.name == "faults.json":
                faults = json.loads(file.read_text(encoding="utf-8"))
                place.write_text(
                    json.dumps([_shift_times(one, by) for one in faults]), encoding="utf-8"
                )
            elif file.name == "posts.ndjson":
                lines = file.read_text(encoding="utf-8").split("\n")
                place.write_text("\n".join(_shift_line(one, by) for one in lines), encoding="utf-8")
            else:
                place.symlink_to(file.resolve())
        return Archive.load(Path(name))


def _shift_line(line: str, by: timedelta) -> str:
    try:
        return json.dumps(_shift_times(json.loads(line), by), ensure_ascii=False)
    except (ValueError, TypeError, AttributeError):
        return line  # not a post: the archive quarantines it


def _shift_times(fields: dict[str, Any], by: timedelta) -> dict[str, Any]:
    shifted = {key: write_time(read_time(fields[key]) + by) for key in _TIMES if fields.get(key)}
    return fields | shifted
