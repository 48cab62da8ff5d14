"""Serves a WSGI application on a loopback port."""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Thread
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from werkzeug.serving import WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment


class Server:
    """A running server, with its URL; it stops with `close`, or at the end of a `with` block."""

    def __init__(self, app: WSGIApplication, host: str, port: int) -> None:
        self._server = make_server(host, port, app, threaded=True, request_handler=_Handler)
        self.url = f"http://{host}:{self._server.server_port}"
        self._thread = Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def serve(app: WSGIApplication, host: str = "127.0.0.1", port: int = 0) -> Server:
    """Serve an application from threads of this process; port 0 stands for any free one.

    If the application drops a connection (see `DropError`), the socket is closed: the client sees a
    broken connection, even for a drop that would be a time-out with `WsgiTransport`.
    """
    return Server(app, host, port)


class _Handler(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        """Log nothing; the application counts its requests itself."""

    def send_response(self, code: int, message: str | None = None) -> None:
        """Begin an answer without a date, since the application states its own."""
        self.send_response_only(code, message)

    def connection_dropped(
        self,
        error: BaseException,  # noqa: ARG002
        environ: WSGIEnvironment | None = None,  # noqa: ARG002
    ) -> None:
        """Close the socket without an answer, where the application raised DropError."""
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
