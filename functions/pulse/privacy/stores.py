"""The stores that the jobs of this room use."""

from dataclasses import dataclass

from pulse.audit.store import AuditLog
from pulse.conversations.store.conversations import ConversationStore
from pulse.listening.store import CursorStore
from pulse.privacy.deletion import PostDeleter
from pulse.privacy.store.compliance import ComplianceStore
from pulse.privacy.store.post_index import PostIndex
from pulse.privacy.store.retention import RetentionStore
from pulse.settings.store import SettingsStore


@dataclass(frozen=True, slots=True)
class PrivacyStores:
    """Handed to the job `comply` by the app; `deleter` deletes a post wherever it is stored."""

    audit_log: AuditLog
    compliance_states: ComplianceStore
    conversations: ConversationStore
    cursors: CursorStore
    deleter: PostDeleter
    post_index: PostIndex
    retention: RetentionStore
    settings: SettingsStore
