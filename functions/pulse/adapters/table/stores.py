"""What is kept, each kind by itself, all in the one table."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod

from pulse.adapters.table.accounts import Accounts
from pulse.adapters.table.addresses import Addresses
from pulse.adapters.table.checks import Checks
from pulse.adapters.table.client import Table
from pulse.adapters.table.conversations import Conversations
from pulse.adapters.table.journal import Journal
from pulse.adapters.table.kept import Kept
from pulse.adapters.table.outbox import Outbox
from pulse.adapters.table.retention import Retention
from pulse.adapters.table.retraction import Retraction
from pulse.adapters.table.shelf import Shelf


class Stores(ABC):
    """Everything that lies in a table; which table is for the heir to say."""

    @property
    @abstractmethod
    def table(self) -> Table:
        """The one table of the deployment."""

    @functools.cached_property
    def accounts(self) -> Accounts:
        """How far each account was read."""
        return Accounts(self.table)

    @functools.cached_property
    def addresses(self) -> Addresses:
        """Whom mail does not reach."""
        return Addresses(self.table)

    @functools.cached_property
    def conversations(self) -> Conversations:
        """Who said what, and who waits."""
        return Conversations(self.table)

    @functools.cached_property
    def kept(self) -> Kept:
        """All posts, day by day."""
        return Kept(self.table)

    @functools.cached_property
    def checks(self) -> Checks:
        """How far the check of kept posts has come."""
        return Checks(self.table)

    @functools.cached_property
    def retention(self) -> Retention:
        """How long what is stored lives."""
        return Retention(self.table, self.conversations)

    @functools.cached_property
    def retraction(self) -> Retraction:
        """Posts that have to go."""
        return Retraction(self.conversations)

    @functools.cached_property
    def outbox(self) -> Outbox:
        """What people are to be told."""
        return Outbox(self.table)

    @functools.cached_property
    def journal(self) -> Journal:
        """Gaps, troubles, what was put aside."""
        return Journal(self.table)

    @functools.cached_property
    def shelf(self) -> Shelf:
        """Settings, authors, figures."""
        return Shelf(self.table)
