"""Runs `pulse` as a shell does, with settings, tokens and a simulated X that has posts."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from pulse_cli.errors import CommandError
from pulse_cli.main import pulse
from pulse_cli.simulated_x import Archive, SimulatedX

SETTINGS = """\
companies:
  - name: svyaz
    accounts:
      - {username: svyaz_help, id: "700000001", role: support}
      - {username: svyaz, id: "700000002", role: official, token: svyaz_help}
    people:
      anna: {name: Anna, email: anna@example.com}
      boris: {name: Boris, email: boris@example.com}
    policy:
      levels:
        - {name: warning, after: 15 min, tell: [anna]}
        - {name: breach, after: 60 min, tell: [anna]}
        - {name: critical, after: 4 h, tell: [boris]}
    owner: boris
"""
USER_TOKEN = {
    "PULSE_X_CONSUMER_KEY": "consumer-key",
    "PULSE_X_CONSUMER_SECRET": "consumer-s3cret",
    "PULSE_X_ACCESS_TOKEN": "sim-700000001",
    "PULSE_X_ACCESS_TOKEN_SECRET": "access-s3cret",
}
BEARER = {"PULSE_X_BEARER": "bearer-s3cret"}


@dataclass(frozen=True)
class CommandResult:
    """The output of a command, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def run(*arguments: str, stdin: str | None = None) -> CommandResult:
    """Run `pulse` as `main` does: a `CommandError` becomes one line, other errors are raised."""
    result = CliRunner(mix_stderr=False).invoke(pulse, arguments, input=stdin, prog_name="pulse")
    if isinstance(result.exception, CommandError):
        message = str(result.exception)
        assert "\n" not in message, f"more than one line: {message}"
        return CommandResult(1, result.stdout, f"{result.stderr}pulse: {message}\n")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return CommandResult(result.exit_code, result.stdout, result.stderr)


def post(number: int, minutes_ago: float, **more: Any) -> dict[str, Any]:
    """A post that names svyaz_help."""
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    return {
        "id": str(number),
        "text": f"@svyaz_help number {number}",
        "author_id": "800000001",
        "created_at": at.isoformat(timespec="seconds"),
        "conversation_id": str(number),
        "entities": {"mentions": [{"id": "700000001", "username": "svyaz_help"}]},
        "edit_history_tweet_ids": [str(number)],
    } | more


def some_posts() -> list[dict[str, Any]]:
    """Return posts of three customers: two wait, one was answered."""
    return [
        post(1, 300),
        post(2, 200, author_id="800000002"),
        post(
            3,
            195,
            author_id="700000001",
            conversation_id="2",
            in_reply_to_user_id="800000002",
            text="@boris Restart it, please.",
            entities={"mentions": [{"id": "800000002", "username": "boris"}]},
        ),
        post(4, 5, author_id="800000003", text="@svyaz_help \x1b[31mred\x1b[0m and\nmore"),
    ]


def simulated(folder: Path, posts: list[dict[str, Any]], faults: Any = ()) -> SimulatedX:
    """Return a simulated X that serves these posts."""
    company = {
        "name": "svyaz",
        "accounts": [
            {"id": "700000001", "username": "svyaz_help", "role": "support"},
            {"id": "700000002", "username": "svyaz", "role": "official"},
        ],
    }
    users = [{"id": f"80000000{n}", "username": f"user{n}", "name": f"User {n}"} for n in (1, 2, 3)]
    folder.mkdir()
    (folder / "companies.json").write_text(json.dumps([company]))
    for name, rows in (("posts", posts), ("users", users)):
        (folder / f"{name}.ndjson").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    if faults:
        (folder / "faults.json").write_text(json.dumps(faults))
    return SimulatedX(Archive.load(folder))


def always(status: int, body: str, endpoint: str = "*") -> list[dict[str, Any]]:
    """Return a fault that answers every request of an endpoint."""
    now = datetime.now(UTC)
    return [
        {
            "from": (now - timedelta(days=1)).isoformat(),
            "until": (now + timedelta(days=1)).isoformat(),
            "endpoint": endpoint,
            "every": 1,
            "status": status,
            "headers": {},
            "body": body,
        }
    ]
