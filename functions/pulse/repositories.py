"""All stores of a deployment over its one table."""

from pulse.alerting.store import PolicyProgress
from pulse.audit.store import AuditLog
from pulse.authors.store import AuthorCache, ErasureList
from pulse.conversations.store.conversations import ConversationStore
from pulse.dynamodb.table import Table
from pulse.listening.store import CursorStore
from pulse.outbox.store.outbox import Outbox
from pulse.outbox.store.suppressions import SuppressionList
from pulse.privacy.deletion import PostDeleter
from pulse.privacy.run import PrivacyStores
from pulse.privacy.store import ComplianceStore
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
        self.digest_ledger = DigestLedger(table)
        self.erasures = ErasureList(table)
        self.figure_store = FigureStore(table)
        self.outbox = Outbox(table)
        self.policy_progress = PolicyProgress(table)
        self.settings_store = SettingsStore(table)
        self.suppressions = SuppressionList(table)
        self.report_stores = ReportStores(
            self.conversations, self.cursors, self.audit_log, self.suppressions
        )
        self.post_deleter = PostDeleter(self.conversations, self.outbox, self.author_cache)
        self.privacy_stores = PrivacyStores(
            self.audit_log,
            self.compliance_states,
            self.conversations,
            self.cursors,
            self.post_deleter,
            self.settings_store,
        )
