"""All stores of a deployment over its one table, each made at first use."""

from __future__ import annotations

import functools

from pulse.alerting.store import PolicyProgress
from pulse.audit.store import AuditLog
from pulse.authors.store import AuthorCache, ErasureList
from pulse.conversations.store.conversations import ConversationStore
from pulse.conversations.store.own_posts import OwnPosts
from pulse.dynamodb.table import Table
from pulse.listening.store import CursorStore
from pulse.outbox.store.outbox import Outbox
from pulse.outbox.store.suppressions import SuppressionList
from pulse.privacy.store.compliance import ComplianceStore
from pulse.privacy.store.deletions import DeletionStore
from pulse.privacy.store.post_index import PostIndex
from pulse.privacy.store.retention import RetentionStore
from pulse.reporting.report import ReportStores
from pulse.reporting.store import DigestLedger, FigureStore
from pulse.settings.store import SettingsStore


class Repositories:
    """Hands out the stores; only the app and the command hold all of them."""

    def __init__(self, table: Table) -> None:
        self.table = table

    @functools.cached_property
    def audit_log(self) -> AuditLog:
        """Gaps, faults, quarantined posts, removals."""
        return AuditLog(self.table)

    @functools.cached_property
    def author_cache(self) -> AuthorCache:
        """Names and handles of customers."""
        return AuthorCache(self.table)

    @functools.cached_property
    def compliance_states(self) -> ComplianceStore:
        """How far the check of stored posts has come."""
        return ComplianceStore(self.table)

    @functools.cached_property
    def conversations(self) -> ConversationStore:
        """Facts and states of conversations."""
        return ConversationStore(self.table)

    @functools.cached_property
    def cursors(self) -> CursorStore:
        """How far each account was read."""
        return CursorStore(self.table)

    @functools.cached_property
    def deletions(self) -> DeletionStore:
        """Removes posts from conversations."""
        return DeletionStore(self.conversations)

    @functools.cached_property
    def digest_ledger(self) -> DigestLedger:
        """Which digests were written."""
        return DigestLedger(self.table)

    @functools.cached_property
    def erasures(self) -> ErasureList:
        """People whose earlier posts must not be stored again."""
        return ErasureList(self.table)

    @functools.cached_property
    def figure_store(self) -> FigureStore:
        """Daily figures, kept for good."""
        return FigureStore(self.table)

    @functools.cached_property
    def outbox(self) -> Outbox:
        """What people are to be told."""
        return Outbox(self.table)

    @functools.cached_property
    def own_posts(self) -> OwnPosts:
        """Own posts that answer no customer."""
        return OwnPosts(self.table)

    @functools.cached_property
    def policy_progress(self) -> PolicyProgress:
        """Which version of the policy open conversations were folded by."""
        return PolicyProgress(self.table)

    @functools.cached_property
    def post_index(self) -> PostIndex:
        """All stored posts, day by day."""
        return PostIndex(self.table)

    @property
    def report_stores(self) -> ReportStores:
        """What reports are made from."""
        return ReportStores(self.conversations, self.cursors, self.audit_log, self.suppressions)

    @functools.cached_property
    def retention(self) -> RetentionStore:
        """Gives what is stored another time to live."""
        return RetentionStore(self.table, self.conversations)

    @functools.cached_property
    def settings_store(self) -> SettingsStore:
        """The settings in force and all versions."""
        return SettingsStore(self.table)

    @functools.cached_property
    def suppressions(self) -> SuppressionList:
        """Addresses that are not written to."""
        return SuppressionList(self.table)
