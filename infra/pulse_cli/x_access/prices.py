"""X's prices for reading, in USD (pay per use)."""

from __future__ import annotations

POST = 0.005
"""For a post, once per UTC day."""
OWNED_POST = 0.001
"""For a post in the timelines of the token's own account, if that account also owns the app."""
USER = 0.010
"""For a user who was looked up."""
COUNT_REQUEST = 0.005
"""For a request that counts posts, whatever their number."""

_CENT = 0.01


def format_usd(amount: float) -> str:
    """Return an amount as people say it: without cents from 20 USD on, `nothing` for zero."""
    if amount < _CENT:
        return "less than 0.01 USD" if amount else "nothing"
    return f"{amount:,.0f} USD" if amount >= 20 else f"{amount:.2f} USD"  # noqa: PLR2004
