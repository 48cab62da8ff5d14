"""Pulse deployed into ministack as docs/deploy.md says, with an X and a mail server.

The tests do nothing on behalf of AWS: ministack fires the schedules, feeds the queue to `poll`
and delivers mail. Where it differs from AWS, the tests say so.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pulse_cli.laptop.local_services import load_shifted
from pulse_cli.laptop.runtime import lambda_python
from pulse_cli.laptop.sam import ROOT
from pulse_cli.simulated_x import Archive, SimulatedX, serve
from tests.deployed.mail_server import MailServer, mail_server
from tests.ministack import KEYS, Ministack, free_port, ministack

ARCHIVE = ROOT / "infra" / "archive"
SENDER = "pulse@svyaz.example"
NIGHT = "night@svyaz.example"
SETTINGS = """\
companies:
  - name: svyaz
    title: {{en: Svyaz, ru: Связь}}
    language: ru
    time_zone: Europe/Moscow
    accounts:
      - {{username: svyaz_help, id: "700000001", role: support}}
      - {{username: svyaz, id: "700000002", role: official, token: svyaz_help}}
    people:
      anna: {{name: Anna, email: anna@svyaz.example, language: en}}
      galina: {{name: Галина, email: galina@svyaz.example}}
      dan: {{name: Dan, email: dan@svyaz.example, language: en, time_zone: America/New_York}}
    policy:
      levels:
        - {{name: warning, after: 15 min, tell: anna}}
        - {{name: breach, after: 60 min, tell: galina}}
        - {{name: critical, after: 4 h, tell: dan}}
    owner: dan
    digests:
      - {{period: shift, to: galina, at: "{moscow:%H:%M}"}}
      - {{period: shift, to: dan, at: "{new_york:%H:%M}"}}
    look_back: 24 h
    sender: Pulse <pulse@svyaz.example>
"""
TOKEN = {
    "PULSE_X_CONSUMER_KEY": "consumer-key",
    "PULSE_X_CONSUMER_SECRET": "consumer-s3cret",
    "PULSE_X_ACCESS_TOKEN": "sim-700000001",
    "PULSE_X_ACCESS_TOKEN_SECRET": "access-s3cret",
}

_ROOM = 2_000_000_000
_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Shell:
    """Runs `sam` and `pulse` with a separate home directory and with ministack as AWS."""

    home: Path
    aws: Ministack

    def run(self, program: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a program of .venv/bin; the caller checks its exit code."""
        own = {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": self.aws.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "SAM_CLI_TELEMETRY": "0",
        }
        return subprocess.run(  # noqa: S603 - our own programs, no shell
            [Path(sys.executable).with_name(program), *arguments],
            cwd=ROOT,
            env=own | KEYS | env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def run_ok(self, program: str, *arguments: str, **env: str) -> str:
        """Run a program that must end with 0; return its output."""
        result = self.run(program, *arguments, **env)
        assert result.returncode == 0, f"{program} {arguments}:\n{result.stdout}{result.stderr}"
        return result.stdout

    def deploy(self, stack: str, **parameters: str) -> str:
        """Run `sam deploy` with samconfig.toml, without prompts."""
        given = [f"{name}={value}" for name, value in parameters.items()]
        words = ("--no-confirm-changeset", "--stack-name", stack, "--parameter-overrides", *given)
        return self.run_ok("sam", "deploy", *words)


@dataclass(frozen=True)
class Deployment:
    """A deployed stack that is running.

    Its digests are due at `due`. One wait becomes a warning just before that; the others were
    late when Pulse was deployed. ministack runs functions with `python`, unzipped in `unpacked`.
    """

    shell: Shell
    inbox: MailServer
    due: datetime
    parameters: dict[str, str]
    python: Path
    unpacked: Path

    @property
    def outputs(self) -> dict[str, str]:
        [stack] = self.client("cloudformation").describe_stacks(StackName="pulse")["Stacks"]
        return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}

    @property
    def resources(self) -> dict[str, str]:
        """The physical id of each resource of the template, by its logical id."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources")
        return {
            one["LogicalResourceId"]: one["PhysicalResourceId"]
            for page in pages.paginate(StackName="pulse")
            for one in page["StackResourceSummaries"]
        }

    def client(self, service: str) -> Any:
        return self.shell.aws.client(service)

    def deploy(self) -> str:
        """Run `sam deploy` once more, with the same parameters."""
        return self.shell.deploy("pulse", **self.parameters)

    def logged(self, text: str) -> list[str]:
        """Return the lines of the stack's log that contain this text."""
        paginator = self.client("logs").get_paginator("filter_log_events")
        pages = paginator.paginate(logGroupName=self.outputs["LogGroupName"])
        lines = [one["message"] for page in pages for one in page["events"]]
        return [line for line in lines if text in line]

    def receive(self, queue_url: str) -> list[str]:
        """Return up to ten message bodies; the messages are hidden from others for a while."""
        answer = self.client("sqs").receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)
        return [one["Body"] for one in answer.get("Messages", [])]

    def until(self, minutes: float) -> float:
        """Return the seconds until this many minutes after the digests are due, at least one."""
        return max(1.0, (self.due + timedelta(minutes=minutes) - datetime.now(UTC)).total_seconds())


def eventually(look: Callable[[], _Found], within: float) -> _Found:
    """Call `look` for `within` seconds until it returns something true; return its last result."""
    end = time.monotonic() + within
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.5)
    return found


@contextmanager
def deploy_pulse(folder: Path) -> Iterator[Deployment]:
    """Deploy, connect the accounts and push settings; the schedules do the rest."""
    python = lambda_python()
    with (
        tempfile.TemporaryDirectory(dir=_memory_folder()) as unpacked,
        mail_server() as mails,
        ministack(
            folder, python, SMTP_HOST=mails.address, TMPDIR=unpacked, HOME=str(folder)
        ) as aws,
    ):
        shell, port = Shell(folder, aws), free_port()
        parameters = {
            "Senders": SENDER,
            "CriticalEmail": NIGHT,
            "CriticalPhone": "+15555550100",
            "XUrl": f"http://127.0.0.1:{port}",
            "AwsUrl": aws.url,
        }
        shell.deploy("pulse", **parameters)
        aws.client("sesv2").create_email_identity(EmailIdentity=SENDER)
        with serve(SimulatedX(Archive.load(ARCHIVE)), port=port):
            shell.run_ok("pulse", "connect", "@svyaz_help", **TOKEN)
        due = _second_minute_from(datetime.now(UTC))
        with serve(
            SimulatedX(load_shifted(ARCHIVE, due - timedelta(minutes=30, seconds=3))), port=port
        ):
            shell.run_ok("pulse", "push", str(_settings(folder, due)))
            yield Deployment(shell, mails, due, parameters, python, Path(unpacked))


def _memory_folder() -> Path | None:
    """Return a folder in memory, if any: each cold start unpacks two thousand files."""
    memory = Path("/dev/shm")  # noqa: S108 - only where to make a folder of our own
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > _ROOM else None


def _second_minute_from(now: datetime) -> datetime:
    """Return the second minute from now: a digest is due only if its reader was known before."""
    return (now + timedelta(minutes=2, seconds=20)).replace(second=0, microsecond=0)


def _settings(folder: Path, due: datetime) -> Path:
    moscow, new_york = (due.astimezone(ZoneInfo(z)) for z in ("Europe/Moscow", "America/New_York"))
    file = folder / "pulse.yaml"
    file.write_text(SETTINGS.format(moscow=moscow, new_york=new_york), encoding="utf-8")
    return file
