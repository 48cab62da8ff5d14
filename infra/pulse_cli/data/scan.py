"""Scans the whole table, with a count of items on standard error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pulse_cli.terminal import make_console

if TYPE_CHECKING:
    from pulse.dynamodb.codec import Item
    from pulse.dynamodb.table import Table

__all__ = ["scan_with_progress"]

_UPDATE_EVERY = 500


def scan_with_progress(table: Table, what: str) -> Iterator[Item]:
    """Yield every item of the table; `what`, the present step, is shown on standard error."""
    with make_console(stderr=True).status(what) as status:
        for number, item in enumerate(table.scan(), start=1):
            if number % _UPDATE_EVERY == 0:
                status.update(f"{what}: {number:,} items")
            yield item
