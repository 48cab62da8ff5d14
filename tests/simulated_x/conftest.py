"""Fixtures for the simulated X: archives, a clock, and a client to send requests with."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from pulse_cli.simulated_x import Archive, SimulatedX, VocabularyName, WsgiTransport

APP = "app"
NOON = datetime(2030, 5, 14, 12, tzinfo=UTC)
COMPANIES = [
    {
        "name": "Nimbus",
        "accounts": [
            {"id": "100", "username": "NimbusHelp", "role": "support"},
            {"id": "101", "username": "Nimbus", "role": "official"},
        ],
    },
    {"name": "Other", "accounts": [{"id": "200", "username": "OtherCo", "role": "support"}]},
]
USERS = [
    {"id": "100", "username": "NimbusHelp", "name": "Nimbus Help"},
    {"id": "7", "username": "anna", "name": "Anna", "public_metrics": {"tweet_count": 3}},
    {"id": "8", "username": "boris", "name": "Борис"},
]


class Clock:
    """A clock that stays at the time it is set to."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


class XClient:
    """Sends requests to a simulated X in the same process."""

    def __init__(self, app: SimulatedX, clock: Clock) -> None:
        self.app = app
        self.clock = clock
        self.session = requests.Session()
        self.session.mount("https://", WsgiTransport(app))

    def get(
        self, path: str, token: str | None = APP, user: str | None = None, **parameters: Any
    ) -> requests.Response:
        """GET a path; `_` in the names of parameters that end in fields stands for a dot."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if user:
            headers = {"Authorization": f'OAuth oauth_consumer_key="k", oauth_token="{user}"'}
        params = {name.replace("_fields", ".fields"): value for name, value in parameters.items()}
        url = f"https://api.twitter.com{path}"
        return self.session.get(url, params=params, headers=headers)

    def post(self, path: str, body: Any, user: str | None = None) -> requests.Response:
        """POST JSON to a path, as the app unless a user is given."""
        headers = {"Authorization": f"Bearer {APP}"}
        if user:
            headers = {"Authorization": f'OAuth oauth_consumer_key="k", oauth_token="{user}"'}
        return self.session.post(f"https://api.twitter.com{path}", json=body, headers=headers)

    def ids(self, path: str, **parameters: Any) -> list[str]:
        """The ids of one page of posts."""
        answer = self.get(path, **parameters)
        assert answer.status_code == 200, answer.text
        return [post["id"] for post in answer.json().get("data", [])]

    def problem(self, path: str, **parameters: Any) -> str:
        """The message of the 400 that answers this request."""
        answer = self.get(path, **parameters)
        assert answer.status_code == 400, answer.text
        body = answer.json()
        assert body["title"] == "Invalid Request"
        assert body["detail"] == "One or more parameters to your request was invalid."
        return str(body["errors"][0]["message"])


def post(number: int, **more: Any) -> dict[str, Any]:
    """A post by Anna to NimbusHelp, published `number` - 1000 minutes after noon."""
    made = {
        "id": str(number),
        "text": f"@NimbusHelp number {number}",
        "author_id": "7",
        "created_at": (NOON + timedelta(minutes=min(number, 9999) - 1000)).isoformat(),
        "conversation_id": str(number),
        "edit_history_tweet_ids": [str(number)],
        "entities": {"mentions": [{"start": 0, "end": 11, "username": "NimbusHelp", "id": "100"}]},
    }
    return {name: value for name, value in (made | more).items() if value is not None}


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture
def make_post() -> Callable[..., dict[str, Any]]:
    return post


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write an archive; values given as text are written as they are."""

    def write(
        posts: list[Any], *, companies: Any = COMPANIES, users: Any = USERS, faults: Any = None
    ) -> Path:
        def lines(things: list[Any]) -> str:
            return "".join(f"{t if isinstance(t, str) else json.dumps(t)}\n" for t in things)

        def whole(thing: Any) -> str:
            return thing if isinstance(thing, str) else json.dumps(thing, indent=1)

        (tmp_path / "posts.ndjson").write_text(lines(posts))
        (tmp_path / "users.ndjson").write_text(lines(users))
        (tmp_path / "companies.json").write_text(whole(companies))
        if faults is not None:
            (tmp_path / "faults.json").write_text(whole(faults))
        return tmp_path

    return write


@pytest.fixture
def x(write: Callable[..., Path], clock: Clock) -> Callable[..., XClient]:
    """A client for a simulated X over posts."""

    def x(
        posts: list[Any], vocabulary: VocabularyName = "tweet", faults: Any = None, **options: Any
    ) -> XClient:
        archive = Archive.load(write(posts, faults=faults))
        return XClient(SimulatedX(archive, clock, vocabulary, **options), clock)

    return x


@pytest.fixture
def x_client_class() -> type[XClient]:
    return XClient
