"""All stores of a deployment over its one table."""

from pulse.alerting.store import PolicyProgress
from pulse.audit.store import AuditLog
from pulse.authors.store import AuthorCache, ErasureList
from pulse.conversations.store.conversations import ConversationStore
from pulse.conversations.store.own_posts import OwnPosts
from pulse.dynamodb.table import Table
from pulse.listening.store import CursorStore
from pulse.outbox.store.outbox import Outbox
from pulse.outbox.store.suppressions import SuppressionList
from pulse.privacy.deletion import PostDeleter
from pulse.privacy.store.compliance import ComplianceStore
from pulse.privacy.store.deletions import DeletionStore
from pulse.privacy.store.post_index import PostIndex
from pulse.privacy.store.retention import RetentionStore
from pulse.privacy.stores import PrivacyStores
from pulse.reporting.report import ReportStores
from pulse.reporting.store import DigestLedger, FigureStore
from pulse.settings.store import SettingsStore


class Repositories:
    """Hands out the stores; only the app and the command hold all of them.

    A store is nothing but a table and what it knows of its items, so all are made at once.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self.audit_log = AuditLog(table)
        self.author_cache = AuthorCache(table)
        self.compliance_states = ComplianceStore(table)
        self.conversations = ConversationStore(table)
        self.cursors = CursorStore(table)
        self.deletions = DeletionStore(self.conversations)
        self.digest_ledger = DigestLedger(table)
        self.erasures = ErasureList(table)
        self.figure_store = FigureStore(table)
        self.outbox = Outbox(table)
        self.own_posts = OwnPosts(table)
        self.policy_progress = PolicyProgress(table)
        self.post_index = PostIndex(table)
        self.retention = RetentionStore(table, self.conversations)
        self.settings_store = SettingsStore(table)
        self.suppressions = SuppressionList(table)
        self.report_stores = ReportStores(
            self.conversations, self.cursors, self.audit_log, self.suppressions
        )
        self.post_deleter = PostDeleter(
            self.deletions, self.outbox, self.author_cache, self.own_posts
        )
        self.privacy_stores = PrivacyStores(
            self.audit_log,
            self.compliance_states,
            self.conversations,
            self.cursors,
            self.post_deleter,
            self.post_index,
            self.retention,
            self.settings_store,
        )
