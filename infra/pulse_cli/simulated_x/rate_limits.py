"""Rate limits: requests per token and endpoint in windows of 15 minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pulse_cli.simulated_x.identity import Identity

WINDOW = timedelta(minutes=15)

# Requests in a window: with a user's token, with an app's.
LIMITS = {
    "mentions": (300, 450),
    "posts": (900, 10_000),
    "search": (300, 450),
    "counts": (300, 300),
    "users": (900, 300),
    "lookup": (5000, 3500),
    "compliance": (150, 150),
}


@dataclass(slots=True)
class RateWindow:
    """How many requests one token has used of an endpoint's limit until `resets`."""

    limit: int
    used: int
    resets: datetime

    @property
    def is_exceeded(self) -> bool:
        """Whether the last request was above the limit."""
        return self.used > self.limit

    def headers(self) -> list[tuple[str, str]]:
        """Return the headers for the client; the reset is in seconds since the epoch."""
        return [
            ("x-rate-limit-limit", str(self.limit)),
            ("x-rate-limit-remaining", str(max(0, self.limit - self.used))),
            ("x-rate-limit-reset", str(int(self.resets.timestamp()))),
        ]


class RateLimiter:
    """The windows of all tokens; a window begins with its first request."""

    def __init__(self) -> None:
        self._windows: dict[tuple[Identity, str], RateWindow] = {}

    def count(self, identity: Identity, endpoint: str, now: datetime) -> RateWindow:
        """Count a request, and return the window that it falls into."""
        window = self._windows.get((identity, endpoint))
        # The clock of a test may also go back, before the window; that begins a new one as well.
        if window is None or not window.resets - WINDOW <= now < window.resets:
            user, app = LIMITS[endpoint]
            window = RateWindow(
                user if identity.is_user else app, 0, now.replace(microsecond=0) + WINDOW
            )
            self._windows[identity, endpoint] = window
        window.used += 1
        return window
