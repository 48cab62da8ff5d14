"""What people read: letters of the domain as mails, in the reader's language and by their clock."""

from pulse.adapters.pages.mails import LIMIT, Mail, Pages

__all__ = ["LIMIT", "Mail", "Pages"]
