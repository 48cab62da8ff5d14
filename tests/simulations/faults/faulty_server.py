"""X on a loopback port that can be made to misbehave, down to the bytes and the socket."""

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Thread
from types import TracebackType
from typing import Any, Self

from werkzeug.serving import WSGIRequestHandler, make_server

from pulse.x.session import BaseUrlAdapter

Fault = Callable[[socket.socket], None]
"""Writes to the connection, or breaks it, in place of an answer."""
_SHORT_TIMEOUTS = (0.1, 0.1)
"""Seconds to connect and to read, for requests that X leaves unanswered."""


def raw(*content: bytes) -> Fault:
    """Sends these bytes, then closes the connection."""
    return lambda connection: connection.sendall(b"".join(content))


def answer(status: str, body: bytes = b"", **headers: str) -> Fault:
    """Sends a complete answer; `_` in the names of headers stands for a hyphen."""
    headers = {"content_length": str(len(body)), "connection": "close", **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return raw("\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode(), body)


def reset(*content: bytes) -> Fault:
    """Sends these bytes, then resets the connection (RST)."""

    def send_and_reset(connection: socket.socket) -> None:
        connection.sendall(b"".join(content))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    return send_and_reset


def silence(*content: bytes) -> Fault:
    """Sends these bytes, then nothing more until the other side gives up."""

    def send_and_wait(connection: socket.socket) -> None:
        connection.sendall(b"".join(content))
        connection.recv(1)

    return send_and_wait


@contextmanager
def closed_port() -> Iterator[str]:
    """An address at which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield _url(bound)


@contextmanager
def unanswering_port() -> Iterator[str]:
    """An address that neither accepts nor refuses a connection."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        callers = [socket.socket() for _ in range(4)]
        for caller in callers:
            caller.setblocking(False)
            caller.connect_ex(full.getsockname())
        try:
            yield _url(full)
        finally:
            for caller in callers:
                caller.close()


class FaultyServer:
    """Serves an application; `fault_for` may give a fault in place of the answer to a path."""

    def __init__(self, app: Any, fault_for: Callable[[str], Fault | None]) -> None:
        self._server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Handler)
        self._server.fault_for = fault_for  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def run_wsgi(self) -> None:
        fault = self.server.fault_for(self.path)  # type: ignore[attr-defined]
        if fault is None:
            super().run_wsgi()
            return
        self.close_connection = True
        fault(self.connection)

    def log(self, *_: Any) -> None:
        """Log nothing."""


class RecordingTransport(BaseUrlAdapter):
    """The transport to the server; records the time and path of each request.

    Requests that X leaves unanswered time out after a fraction of a second.
    """

    def __init__(self, url: str, wrong_url: Callable[[str], str | None]) -> None:
        super().__init__(url)
        self._url = url
        self._wrong_url = wrong_url
        self.requests: list[tuple[datetime, str]] = []
        self.silent: Callable[[str], bool] = lambda _: False

    def send(self, request: Any, *args: Any, **how: Any) -> Any:
        """Send the request, perhaps to a wrong address."""
        self.requests.append((datetime.now(UTC), request.path_url))
        self._base = self._wrong_url(request.path_url) or self._url
        if self.silent(request.path_url):
            how["timeout"] = _SHORT_TIMEOUTS
        return super().send(request, *args, **how)


def _url(bound: socket.socket) -> str:
    host, port = bound.getsockname()
    return f"http://{host}:{port}"
