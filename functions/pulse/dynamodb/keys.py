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
OWN_POSTS = "said"
SENT = "sent"
SETTINGS = "settings"
SUPPRESSIONS = "addresses"

LAST = "~"
"""Sorts behind every character that a key holds: the end of a range of keys."""
_NEVER = "9999"
"""Sorts behind every year: an open conversation that needs no attention."""


def kind_and_rest(pk: str) -> tuple[str, str]:
    """Return the kind of a partition, and what follows: mostly the company's name, or an id."""
    kind, _, rest = pk.partition("#")
    return kind, rest


# Conversations and posts


def conversation(company: str, conversation_id: str, customer_id: str) -> str:
    """Return the partition of a conversation: its state and all its facts."""
    return f"{CONVERSATION}#{company}#{conversation_id}#{customer_id}"


def parse_conversation(pk: str) -> tuple[str, str, str]:
    """Return company, conversation id and customer id of the partition of a conversation."""
    company, conversation_id, customer_id = kind_and_rest(pk)[1].rsplit("#", 2)
    return company, conversation_id, customer_id


def parse_post(sk: str) -> tuple[str, str, bool]:
    """Return first id and version of a mention or reply in a conversation; whether it is a reply.

    The `sk` of a fact is its token (`conversations/facts.py`), and that of the state is `state`.
    """
    first_id, _, version = sk[1:].partition("/")
    return first_id, version or first_id, sk[0] == "r"


def own_posts(company: str) -> str:
    """Return the partition of a company's own posts that answer no customer."""
    return f"{OWN_POSTS}#{company}"


def own_post(company: str, first_id: str, version: str) -> ItemKey:
    """Return the key of one version of an own post; all versions of a post are adjacent."""
    return ItemKey(own_posts(company), f"{first_id}/{version}")


def own_post_versions(first_id: str) -> tuple[str, str]:
    """Return the range of `sk` of all versions of an own post."""
    return f"{first_id}/", f"{first_id}/{LAST}"


def parse_own_post(sk: str) -> tuple[str, str]:
    """Return the first id and the version of an own post."""
    first_id, version = sk.split("/")
    return first_id, version


# The index: open conversations by when they need attention, posts by when they were published


def open_index(company: str) -> str:
    """Return the partition of the index that holds the open conversations."""
    return f"{company}#open"


def open_index_sort(attention: datetime | None, conversation_id: str, customer_id: str) -> str:
    """Return the place among the open ones, by when the next level or reminder falls due."""
    moment = sortable_time(attention) if attention else _NEVER
    return f"{moment}#{conversation_id}#{customer_id}"


def day_index(company: str, moment: datetime) -> str:
    """Return the partition of the index that holds the posts of the UTC day of `moment`."""
    return f"{company}#{sortable_time(moment)[:10]}"


def day_index_sort(published: datetime, token: str) -> str:
    """Return the place of a post in its day; `token` tells apart posts of one millisecond."""
    return f"{sortable_time(published)[11:]}#{token}"


def own_post_token(version: str) -> str:
    """Return what tells an own post apart from others, as tokens of facts do theirs."""
    return f"s{version}"


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


def first_stored_day(name: str) -> ItemKey:
    """Return the key of the first day of which posts may be stored."""
    return ItemKey(company(name), "kept")


def retention_applied(name: str) -> ItemKey:
    """Return the key of the retention by which all that is stored lives."""
    return ItemKey(company(name), "retimed")


def looked_up(name: str) -> ItemKey:
    """Return the key of the last day on which open conversations were looked up."""
    return ItemKey(company(name), "looked")


def compliance_state(app: str) -> ItemKey:
    """Return the key of how far the compliance check of an app of X has come."""
    return ItemKey(f"{COMPLIANCE}#{app}", "checking")
