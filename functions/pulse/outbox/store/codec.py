"""How entries, mailboxes and records of mails are stored: keys and attributes."""

import json
from datetime import datetime, timedelta

from pulse.conversations.facts import ConversationKey
from pulse.dynamodb import keys
from pulse.dynamodb.codec import Item, ItemKey, from_json, parse_time, sortable_time, to_json
from pulse.dynamodb.records import item_of
from pulse.outbox.entries import Entry
from pulse.outbox.mailbox import Mailbox
from pulse.outbox.message import SentMail

_RETENTION = timedelta(days=90)
"""For how long records of mails are kept."""


def text_of(entry: Entry) -> str:
    """Return an entry as JSON text."""
    return json.dumps(to_json(entry), ensure_ascii=False)


def entry_of(text: str) -> Entry:
    """Return the entry in a text that `text_of` has written."""
    return from_json(Entry, json.loads(text))


def keys_in(item: Item) -> tuple[ConversationKey, ...]:
    """Return the conversations that a waiting entry, or the record of a mail, tells of."""
    text = item.get("entry") or item.get("told")
    return entry_of(text).keys if text else ()


def entry_key(entry: Entry) -> ItemKey:
    """Return the key of a waiting entry: by person, so that one query finds what waits for one."""
    return keys.outbox_entry(entry.company, entry.person, entry.id)


@item_of.register
def _(entry: Entry) -> tuple[ItemKey, Item]:
    return entry_key(entry), {"entry": text_of(entry)}


def mailbox_values(mailbox: Mailbox) -> Item:
    """Return what is stored of a mailbox, without the claim."""
    return {
        "last_alert": sortable_time(mailbox.last_alert) if mailbox.last_alert else None,
        "not_before": sortable_time(mailbox.not_before) if mailbox.not_before else None,
        "failures": mailbox.failures,
        "told": list(mailbox.recent_alerts) or None,
    }


def mailbox_of(item: Item) -> Mailbox:
    """Return the mailbox in an item; a person without one was never written to."""
    return Mailbox(
        parse_time(item.get("last_alert")),
        parse_time(item.get("not_before")),
        item.get("failures", 0),
        tuple(item.get("told", ())),
        parse_time(item.get("claimed")),
    )


def sent_key(mail: SentMail) -> ItemKey:
    """Return the key of the record of a mail."""
    return keys.sent_mail(mail.company, mail.at, mail.person, mail.fingerprint)


@item_of.register
def _(mail: SentMail) -> tuple[ItemKey, Item]:
    values = {
        "at": sortable_time(mail.at),
        "kind": mail.kind,
        "person": mail.person,
        "to": mail.to,
        "subject": mail.subject,
        "message_id": mail.message_id,
        "told": text_of(mail.covered) if mail.covered else None,
        "ttl": int((mail.at + _RETENTION).timestamp()),
    }
    return sent_key(mail), values


def sent_of(item: Item) -> SentMail:
    """Return the record of a mail in an item."""
    return SentMail(
        company=keys.kind_and_rest(item["pk"])[1],
        at=datetime.fromisoformat(item["at"]),
        kind=item["kind"],
        person=item["person"],
        to=item["to"],
        subject=item["subject"],
        message_id=item["message_id"],
        fingerprint=keys.fingerprint_of_sent_mail(item["sk"]),
        covered=entry_of(item["told"]) if "told" in item else None,
        returned=item.get("came_back"),
    )
