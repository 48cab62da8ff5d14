"""Two companies that read X over HTTP; X fails for one of them.

`TwoCompanies` is a small company with a second one beside it, behind a server that can fail.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import takewhile
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode

from rich.console import Console

from pulse.x.access import Token
from pulse_cli.simulated_x import Archive, SimulatedX
from pulse_cli.stack.status import company_status
from pulse_cli.stack.status_view import print_status
from tests.simulations.faults.faulty_server import Fault, FaultyServer, RecordingTransport
from tests.small_company import HELP, NINE, Posts, ReceivedMail, SmallCompany, settings

OTHER = "300"
FOREIGN_TOKEN_PREFIX = "odd-"
"""Prefix of page tokens that do not come from the simulated X."""
_MIN_SEARCH_PAGE = 10
"""The smallest page of search that X allows; timelines allow five."""
_MINUTE = timedelta(minutes=1)


def two_companies_settings(**more: Any) -> dict[str, Any]:
    """Settings of Acme with two accounts and Blue with one; neither looks back."""
    [acme] = settings(**{"look_back": "0", **more})["companies"]
    blue = {
        **acme,
        "name": "blue",
        "title": "Blue",
        "accounts": [{"id": OTHER, "username": "blue_help", "role": "support"}],
        "people": {"anna": "Anna <anna@blue.example>", "vera": "Vera <vera@blue.example>"},
        "policy": {"levels": [{"name": "critical", "after": "4 h", "tell": ["anna"]}]},
    }
    return {"companies": [acme, blue]}


class TwoCompaniesPosts(Posts):
    """Posts to both companies."""

    def to_blue(self, minute: float, who: str = "72") -> str:
        """A customer mentions the other company."""
        named = [{"id": OTHER, "username": "blue_help"}]
        return self.publish(minute, who, "@blue_help hello", named)

    def archive(self, folder: Path, faults: Iterable[Mapping[str, Any]] = ()) -> Archive:
        """Write the posts as an archive that has both companies' accounts."""
        super().archive(folder, faults)
        listed = json.loads((folder / "companies.json").read_text())
        account = {"id": OTHER, "username": "blue_help", "role": "support"}
        listed.append({"name": "blue", "accounts": [account]})
        (folder / "companies.json").write_text(json.dumps(listed))
        return Archive.load(folder)


class ChangedAnswers:
    """Wraps the simulated X: makes its pages smaller and changes their contents."""

    def __init__(
        self,
        sim: SimulatedX,
        change: Callable[[str, dict[str, str], Any], Any] = lambda _path, _query, body: body,
        size: int | None = None,
    ) -> None:
        self._sim = sim
        self._change = change
        self._size = size

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        query = dict(parse_qsl(environ["QUERY_STRING"]))
        if query.get("pagination_token", "").startswith(FOREIGN_TOKEN_PREFIX):
            environ["QUERY_STRING"] = urlencode(
                {n: v for n, v in query.items() if n != "pagination_token"}
            )
        if self._size and "max_results" in query:
            size = (
                max(self._size, _MIN_SEARCH_PAGE)
                if "/search/" in environ["PATH_INFO"]
                else self._size
            )
            environ["QUERY_STRING"] = urlencode({**query, "max_results": str(size)})
        started: list[Any] = []
        content = b"".join(self._sim(environ, lambda *args: started.append(args)))
        status, headers = started[0]
        if status.startswith("200"):
            body = self._change(environ["PATH_INFO"], query, json.loads(content))
            content = json.dumps(body).encode()
        other_headers = [(n, v) for n, v in headers if n.lower() != "content-length"]
        start(status, [*other_headers, ("content-length", str(len(content)))])
        return [content]


class TwoCompanies(SmallCompany):
    """A small company and a second one that read X over HTTP.

    Faults affect requests whose paths contain `of`, in the minutes from `during[0]` up to
    `during[1]`; `change` and `size` affect all answers.
    """

    def __init__(
        self,
        folder: Path,
        posts: Posts,
        fault: Callable[[float], Fault | None] = lambda _: None,
        *,
        of: str = f"/2/users/{HELP}/",
        wrong_url: str | None = None,
        during: tuple[float, float] = (2, 12),
        silent: bool = False,
        change: Callable[[str, dict[str, str], Any], Any] | None = None,
        size: int | None = None,
        **how: Any,
    ) -> None:
        super().__init__(
            folder, posts, how.pop("document", None) or two_companies_settings(), **how
        )
        app = ChangedAnswers(self.sim, change or (lambda _path, _query, body: body), size)

        def is_affected(path: str) -> bool:
            return of in path and during[0] <= self.minute < during[1]

        self.server = FaultyServer(
            app, lambda path: fault(self.minute) if is_affected(path) else None
        )
        self.transport = RecordingTransport(
            self.server.url, lambda path: wrong_url if is_affected(path) else None
        )
        if silent:
            self.transport.silent = is_affected
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(self.server)
        self._stack.callback(self.transport.close)
        super().__enter__()
        self.use_transport(self.transport)
        self.world.app.tokens.put("blue_help", Token("b", "b", "b", f"sim-{OTHER}", "b"))
        return self

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)  # type: ignore[arg-type]
        self._stack.close()

    @property
    def minute(self) -> float:
        return (datetime.now(UTC) - NINE) / _MINUTE

    def request_minutes(self, what: str = f"/2/users/{HELP}/mentions") -> list[float]:
        """The minute of each request to X whose path contains `what`."""
        return [(at - NINE) / _MINUTE for at, path in self.transport.requests if what in path]

    def status(self) -> str:
        """The output of `pulse status`, with unbroken lines."""
        out = StringIO()
        world = self.world
        console = Console(file=out, width=800, color_system=None)
        print_status(company_status(world.app, world.company, world.now()), console)
        return "\n".join(" ".join(line.split()) for line in out.getvalue().splitlines())

    def coverage_section(self, minute: float, start: float = 0) -> list[str]:
        """The lines of the coverage section in the digest of [start, minute)."""
        lines = self.digest(minute, start).text.splitlines()
        section = takewhile(lambda x: x != "--", lines[lines.index("OUR WATCH") + 2 :])
        return [line for line in section if line]

    @property
    def fault_mails(self) -> list[ReceivedMail]:
        """Mails about faults of X, not about customers."""
        return [m for m in self.mails if m.who == "vera" and "in_reply_to" not in m.text]


Build = Callable[..., TwoCompanies]
"""How a test builds two companies; see the fixture `two_companies`."""
