"""A transport of `requests` that calls a WSGI application in this process, without a socket."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

from pulse_cli.simulated_x.faults import DropError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None] | None


class WsgiTransport(BaseAdapter):
    """Serves a session from an application: `session.mount("https://api.twitter.com", this)`.

    If the application drops a connection (see `DropError`), requests raises what it would raise
    over a network: ConnectionError, ReadTimeout (at once, without waiting), ChunkedEncodingError.
    """

    def __init__(self, app: WSGIApplication) -> None:
        super().__init__()
        self._app = app
        self._builder = HTTPAdapter()

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Return the application's response; time-outs, proxies and certificates are ignored."""
        started: list[Any] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], _: ExcInfo = None, /
        ) -> Any:
            started[:] = [status, headers]
            return started.append

        try:
            chunks = self._app(_environ(request), start_response)
            content = _read(chunks)
        except DropError as dropped:
            if dropped.how == "timeout":
                raise requests.ReadTimeout("Read timed out.", request=request) from dropped
            raise requests.ConnectionError(
                "('Connection aborted.', RemoteDisconnected())", request=request
            ) from dropped
        status, headers = started[:2]
        code, _, reason = status.partition(" ")
        raw = HTTPResponse(
            body=io.BytesIO(content),
            headers=HTTPHeaderDict(headers),
            status=int(code),
            reason=reason,
            version=11,
            preload_content=False,
            request_method=request.method,
        )
        return self._builder.build_response(request, raw)

    def close(self) -> None:
        """Do nothing, since no connection is open."""


def _read(chunks: Iterable[bytes]) -> bytes:
    """Return a body, or what was sent before it broke off; reading the response shows that."""
    content = b""
    try:
        for chunk in chunks:
            content += chunk
    except DropError:
        pass
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    return content


def _environ(request: requests.PreparedRequest) -> WSGIEnvironment:
    url = urlsplit(request.url or "")
    body = request.body or b""
    body = body.encode() if isinstance(body, str) else body
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": request.method or "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(url.path).decode("latin-1"),
        "QUERY_STRING": url.query,
        "SERVER_NAME": url.hostname or "localhost",
        "SERVER_PORT": str(url.port or (443 if url.scheme == "https" else 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": url.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = text
    return environ
