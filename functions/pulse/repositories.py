"""What is kept, each kind by itself, all in the one table."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod

from pulse.audit.store import AuditLog
from pulse.conversations.store.conversations import ConversationStore
from pulse.dynamodb.table import Table
from pulse.listening.store import CursorStore
from pulse.outbox.store.outbox import Outbox
from pulse.outbox.store.suppressions import SuppressionList
from pulse.privacy.store.compliance import ComplianceStore
from pulse.privacy.store.deletions import DeletionStore
from pulse.privacy.store.post_index import PostIndex
from pulse.privacy.store.retention import RetentionStore
from pulse.settings.store import Shelf


class Repositories(ABC):
    """Everything that lies in a table; which table is for the heir to say."""

    @property
    @abstractmethod
    def table(self) -> Table:
        """The one table of the deployment."""

    @functools.cached_property
    def accounts(self) -> CursorStore:
        """How far each account was read."""
        return CursorStore(self.table)

    @functools.cached_property
    def addresses(self) -> SuppressionList:
        """Whom mail does not reach."""
        return SuppressionList(self.table)

    @functools.cached_property
    def conversations(self) -> ConversationStore:
        """Who said what, and who waits."""
        return ConversationStore(self.table)

    @functools.cached_property
    def kept(self) -> PostIndex:
        """All posts, day by day."""
        return PostIndex(self.table)

    @functools.cached_property
    def checks(self) -> ComplianceStore:
        """How far the check of kept posts has come."""
        return ComplianceStore(self.table)

    @functools.cached_property
    def retention(self) -> RetentionStore:
        """How long what is stored lives."""
        return RetentionStore(self.table, self.conversations)

    @functools.cached_property
    def retraction(self) -> DeletionStore:
        """Posts that have to go."""
        return DeletionStore(self.conversations)

    @functools.cached_property
    def outbox(self) -> Outbox:
        """What people are to be told."""
        return Outbox(self.table)

    @functools.cached_property
    def journal(self) -> AuditLog:
        """Gaps, troubles, what was put aside."""
        return AuditLog(self.table)

    @functools.cached_property
    def shelf(self) -> Shelf:
        """Settings, authors, figures."""
        return Shelf(self.table)
