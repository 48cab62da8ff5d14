"""The whole table, looked through with a count of how far it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pulse_cli.terminal import screen

if TYPE_CHECKING:
    from pulse.dynamodb.codec import Item
    from pulse.dynamodb.table import Table

__all__ = ["everything"]

_SHOWN_EVERY = 500


def everything(table: Table, what: str) -> Iterator[Item]:
    """Give every item, page by page; `what` is being done stands on standard error."""
    with screen(stderr=True).status(what) as status:
        for number, item in enumerate(table.scan(), start=1):
            if number % _SHOWN_EVERY == 0:
                status.update(f"{what}: {number:,} items")
            yield item
