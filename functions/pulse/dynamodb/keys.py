"""All keys of the table: what is stored under which `pk` and `sk`, and where in the index.

Nobody else spells a key. Functions take plain values and return an `ItemKey`, or the `pk` of a
partition; a `pk` begins with its kind (one of the constants below), then `#`. Names of companies
and keys of people hold no `#` (`pulse check` sees to it), ids of X are digits: so a key can be
taken apart again. docs/table.md says who writes each item, and how long it lives.
"""

from datetime import date, datetime

from pulse.dynamodb.codec import ItemKey, sortable_time

ACCOUNT = "account"
AUDIT_LOG = "journal"
AUTHOR = "author"
COMPANY = "company"
COMPLIANCE = "comply"
CONVERSATION = "c"
ERASURES = "forgotten"
FIGURES = "figures"
MAILBOX = "mailbox"
OUTBOX = "outbox"
SENT = "sent"
SETTINGS = "settings"
SUPPRESSIONS = "addresses"

DOCUMENT = "doc"
"""The `sk` of the document of a conversation, which holds all its facts."""
LAST = "~"
"""Sorts behind every character that a key holds: the end of a range of keys."""
_NEVER = "9999"
"""Sorts behind every year: an open conversation that needs no attention."""


def kind_and_rest(pk: str) -> tuple[str, str]:
    """Return the kind of a partition, and what follows: mostly the company's name, or an id."""
    kind, _, rest = pk.partition("#")
    return kind, rest


# Conversations


def document(company: str, conversation_id: str, customer_id: str) -> ItemKey:
    """Return the key of the document of a conversation; no customer is an empty id."""
    return ItemKey(f"{CONVERSATION}#{company}#{conversation_id}#{customer_id}", DOCUMENT)


def open_mark(pk: str) -> ItemKey:
    """Return the key of the item beside a document that says that the conversation is open."""
    return ItemKey(pk, "open")


def parse_conversation(pk: str) -> tuple[str, str, str]:
    """Return company, conversation id and customer id of the partition of a conversation."""
    company, conversation_id, customer_id = kind_and_rest(pk)[1].rsplit("#", 2)
    return company, conversation_id, customer_id


# The index: conversations by when they were last spoken in, open ones by when they need attention


def spoken_index(company: str) -> str:
    """Return the partition of the index that holds the documents of all conversations."""
    return f"{company}#posts"


def open_index(company: str) -> str:
    """Return the partition of the index that holds the marks of open conversations."""
    return f"{company}#open"


def place_in_index(moment: datetime | None, conversation_id: str, customer_id: str) -> str:
    """Return the place of a conversation in either, by time; without a time it comes last."""
    time = sortable_time(moment) if moment else _NEVER
    return f"{time}#{conversation_id}#{customer_id}"


def parse_place(gsk: str) -> datetime | None:
    """Return the time of a place in the index."""
    time = gsk.partition("#")[0]
    return None if time == _NEVER else datetime.fromisoformat(time)


# Accounts and authors


def cursor(account_id: str) -> ItemKey:
    """Return the key of how far an account of the company was read."""
    return ItemKey(f"{ACCOUNT}#{account_id}", "cursor")


def author(user_id: str) -> ItemKey:
    """Return the key of the name and handle of a user of X."""
    return ItemKey(f"{AUTHOR}#{user_id}", "author")


def erasures(company: str) -> str:
    """Return the partition of the people whose earlier posts must not be stored again."""
    return f"{ERASURES}#{company}"


def erasure(company: str, user_id: str) -> ItemKey:
    """Return the key of one person in that partition."""
    return ItemKey(erasures(company), user_id)


# The outbox and the mails


def outbox(company: str) -> str:
    """Return the partition of the entries that wait to be sent."""
    return f"{OUTBOX}#{company}"


def outbox_entry(company: str, person: str, entry_id: str) -> ItemKey:
    """Return the key of one entry; those of one person are adjacent."""
    return ItemKey(outbox(company), f"{person}#{entry_id}")


def outbox_of_person(person: str) -> tuple[str, str]:
    """Return the range of `sk` of the entries for one person."""
    return f"{person}#", f"{person}#{LAST}"


def mailbox(company: str, person: str) -> ItemKey:
    """Return the key of what a person was last sent, and of the claim on them."""
    return ItemKey(f"{MAILBOX}#{company}#{person}", "mailbox")


def sent(company: str) -> str:
    """Return the partition of the records of mails that were sent."""
    return f"{SENT}#{company}"


def sent_mail(company: str, sent_at: datetime, person: str, fingerprint: str) -> ItemKey:
    """Return the key of the record of one mail, by time; `fingerprint` is of its entries."""
    return ItemKey(sent(company), f"{sortable_time(sent_at)}#{person}#{fingerprint}")


def suppression(address: str) -> ItemKey:
    """Return the key of an address (normalized) that is not written to."""
    return ItemKey(SUPPRESSIONS, address)


# What is noted and counted


def audit_log(company: str) -> str:
    """Return the partition of the audit log."""
    return f"{AUDIT_LOG}#{company}"


def audit_entry(company: str, at: datetime, kind: str, digest: str) -> ItemKey:
    """Return the key of a log entry, by time; `digest` is of what it says, so that it is one."""
    return ItemKey(audit_log(company), f"{sortable_time(at)}#{kind}#{digest}")


def parse_audit_entry(sk: str) -> tuple[str, str]:
    """Return the time (as stored, ISO) and the kind of a log entry."""
    at, kind, _ = sk.split("#")
    return at, kind


def period(start: datetime, end: datetime) -> tuple[str, str]:
    """Return the range of `sk` of [start, end], both included, where keys begin with the time."""
    return sortable_time(start), sortable_time(end) + LAST


def figures(company: str) -> str:
    """Return the partition of daily figures."""
    return f"{FIGURES}#{company}"


def figures_of_day(company: str, day: date) -> ItemKey:
    """Return the key of the figures of one UTC day."""
    return ItemKey(figures(company), day.isoformat())


# How far jobs have come


def settings_in_force() -> ItemKey:
    """Return the key of the settings in force."""
    return ItemKey(SETTINGS, "current")


def settings_version(version: int) -> ItemKey:
    """Return the key of one version of the settings, the first is 1."""
    return ItemKey(SETTINGS, f"v{version:06d}")


def settings_versions() -> tuple[str, str]:
    """Return the range of `sk` of all versions of the settings."""
    return "v", f"v{LAST}"


def company(name: str) -> str:
    """Return the partition of how far the jobs of a company have come; empty before its first."""
    return f"{COMPANY}#{name}"


def policy_folded(name: str) -> ItemKey:
    """Return the key of the version of the policy by which all open conversations are folded."""
    return ItemKey(company(name), "folded")


def digests_written(name: str) -> ItemKey:
    """Return the key of which digests were written."""
    return ItemKey(company(name), "digests")


def figures_counted(name: str) -> ItemKey:
    """Return the key of the last day whose figures were counted."""
    return ItemKey(company(name), "counted")


def retention_applied(name: str) -> ItemKey:
    """Return the key of the retention by which all that is stored lives."""
    return ItemKey(company(name), "retimed")


def looked_up(name: str) -> ItemKey:
    """Return the key of the last day on which open conversations were looked up."""
    return ItemKey(company(name), "looked")


def compliance_state(app: str) -> ItemKey:
    """Return the key of how far the compliance check of an app of X has come."""
    return ItemKey(f"{COMPLIANCE}#{app}", "checking")
