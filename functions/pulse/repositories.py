"""What is kept, each kind by itself, all in the one table."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod

from pulse.audit.store import Journal
from pulse.conversations.store.conversations import Conversations
from pulse.dynamodb.table import Table
from pulse.listening.store import Accounts
from pulse.outbox.store.outbox import Outbox
from pulse.outbox.store.suppressions import Addresses
from pulse.privacy.store.compliance import Checks
from pulse.privacy.store.deletions import Retraction
from pulse.privacy.store.post_index import Kept
from pulse.privacy.store.retention import Retention
from pulse.settings.store import Shelf


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
