"""X at another address: the simulated X, for `pulse local` and the built functions."""

from typing import Any
from urllib.parse import urlsplit

import requests


class BaseUrlAdapter(requests.adapters.HTTPAdapter):
    """Sends requests that are meant for X to another base address."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._base = url.rstrip("/")

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        """Send the request to the other base address, with the same path and query."""
        parts = urlsplit(str(request.url))
        request.url = f"{self._base}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        return super().send(request, *args, **kwargs)
