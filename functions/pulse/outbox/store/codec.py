"""How entries, mailboxes, records of mails and suppressions are stored: keys and attributes."""

import json
from datetime import timedelta

from pulse.conversations.facts import ConversationKey
from pulse.dynamodb import keys
from pulse.dynamodb.codec import Item, ItemKey, from_json, to_json
from pulse.dynamodb.records import item_of
from pulse.outbox.entries import Entry
from pulse.outbox.mailbox import Mailbox
from pulse.outbox.message import SentMail
from pulse.outbox.suppressions import Suppression

_RETENTION = timedelta(days=90)
"""For how long records of mails are kept."""


def text_of(record: object) -> str:
    """Return a record as JSON text."""
    return json.dumps(to_json(record), ensure_ascii=False)


def entry_of(text: str) -> Entry:
    """Return the entry in a text that `text_of` has written."""
    return from_json(Entry, json.loads(text))


def keys_in(item: Item) -> tuple[ConversationKey, ...]:
    """Return the conversations that a waiting entry, or the record of a mail, tells of."""
    text = item.get("entry") or item.get("covered")
    return entry_of(text).keys if text else ()


def entry_key(entry: Entry) -> ItemKey:
    """Return the key of a waiting entry: by person, so that one query finds what waits for one."""
    return keys.outbox_entry(entry.company, entry.person, entry.id)


@item_of.register
def _(entry: Entry) -> tuple[ItemKey, Item]:
    return entry_key(entry), {"entry": text_of(entry)}


def mailbox_of(company: str, person: str, item: Item) -> Mailbox:
    """Return a person's mailbox in an item; one without attributes was never written to."""
    # The claim is an attribute of its own, on which the writes of a sender are conditional.
    own = {"company": company, "person": person, "claimed_until": item.get("claimed")}
    return from_json(Mailbox, json.loads(item.get("mailbox", "{}")) | own)


def sent_key(mail: SentMail) -> ItemKey:
    """Return the key of the record of a mail."""
    return keys.sent_mail(mail.company, mail.at, mail.person, mail.fingerprint)


@item_of.register
def _(mail: SentMail) -> tuple[ItemKey, Item]:
    covered = text_of(mail.covered) if mail.covered else None
    ttl = int((mail.at + _RETENTION).timestamp())
    return sent_key(mail), to_json(mail) | {"covered": covered, "ttl": ttl}


def sent_of(item: Item) -> SentMail:
    """Return the record of a mail in an item."""
    covered = json.loads(item.get("covered", "null"))
    raw = {name: value for name, value in item.items() if name in SentMail.__dataclass_fields__}
    return from_json(SentMail, raw | {"covered": covered, "returned": item.get("came_back")})


@item_of.register
def _(suppression: Suppression) -> tuple[ItemKey, Item]:
    return keys.suppression(suppression.address), to_json(suppression)


def suppression_of(item: Item) -> Suppression:
    """Return the suppression in an item."""
    raw = {name: item[name] for name in Suppression.__dataclass_fields__}
    return from_json(Suppression, raw)
