"""What X asks for reading, in USD (pay per use)."""

from __future__ import annotations

POST = 0.005
OWNED_POST = 0.001
"""A post in the timelines of the account whose token it is, if it owns the app too."""
USER = 0.010
COUNT_REQUEST = 0.005
"""A request that counts posts, whatever their number."""

_CENT = 0.01


def format_usd(amount: float) -> str:
    """Write an amount as people say it: two digits that count, no false precision."""
    if amount < _CENT:
        return "less than 0.01 USD" if amount else "nothing"
    return f"{amount:,.0f} USD" if amount >= 20 else f"{amount:.2f} USD"  # noqa: PLR2004
