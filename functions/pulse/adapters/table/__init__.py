"""The one DynamoDB table: what is kept, under which keys (docs/table.md)."""

from pulse.adapters.table.accounts import Accounts
from pulse.adapters.table.addresses import Addresses
from pulse.adapters.table.changes import Loaded
from pulse.adapters.table.client import CancelledError, Table
from pulse.adapters.table.conversations import ContentionError, Conversations
from pulse.adapters.table.journal import Journal
from pulse.adapters.table.outbox import MOST_AT_ONCE, ClaimLostError, Outbox
from pulse.adapters.table.retraction import Retraction
from pulse.adapters.table.shelf import Shelf
from pulse.adapters.table.stores import Stores

__all__ = [
    "MOST_AT_ONCE",
    "Accounts",
    "Addresses",
    "CancelledError",
    "ClaimLostError",
    "ContentionError",
    "Conversations",
    "Journal",
    "Loaded",
    "Outbox",
    "Retraction",
    "Shelf",
    "Stores",
    "Table",
]
