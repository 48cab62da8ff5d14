"""The one style of the demo's tables."""

from __future__ import annotations

from rich import box
from rich.table import Table


def make_table(*heads: str, left: int = 1) -> Table:
    """Return a table with these headings; all but the first `left` columns are right-aligned."""
    table = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        header_style="dim",
    )
    for place, head in enumerate(heads):
        table.add_column(head, justify="left" if place < left else "right", no_wrap=True)
    return table
