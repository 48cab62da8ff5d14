"""The outbox: what waits to be told, who is being written to, what was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from pulse.conversations.facts import ConversationKey
from pulse.dynamodb import keys
from pulse.dynamodb.codec import Item, ItemKey, parse_time, sortable_time
from pulse.dynamodb.records import item_of
from pulse.dynamodb.table import Table, TransactionCancelledError
from pulse.kernel.errors import ContentionError, RetryLaterError
from pulse.outbox.entries import Entry, Mailbox, SentMail, fingerprint, restrict_to_existing
from pulse.outbox.store.codec import entry_of, text_of

MOST_AT_ONCE = 90
"""Entries that one mail may settle; the transaction holds the mailbox and the record too."""
_SENT_KEPT = timedelta(days=90)
_AROUND = timedelta(minutes=5)
"""How far SES's time of a mail and ours may lie apart."""
_ATTEMPTS = 10
_AS_READ = "attribute_exists(pk) AND (attribute_not_exists(cut) OR cut = :keys)"


class ClaimLostError(RetryLaterError):
    """The claim on a person ran out, and another sender writes to them: a mail may go twice."""


class Outbox:
    """Entries stand under the company until they are settled, each once."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put(self, entry: Entry) -> None:
        """Put one entry by itself, where nothing has to be written with it."""
        self._table.put(*item_of(entry))

    def waiting(self, company: str, person: str | None = None) -> list[Entry]:
        """All that waits, or what waits for one person; oldest first."""
        low, high = keys.outbox_of_person(person) if person else ("", "")
        items = self._table.query(keys.outbox(company), low, high)
        return sorted((entry_of(item["entry"]) for item in items), key=lambda entry: entry.at)

    def mailboxes(self, company: str, people: Iterable[str]) -> dict[str, Mailbox]:
        """What each of these people was last sent."""
        ats = {keys.mailbox(company, person): person for person in people}
        found = self._table.get_many(ats)
        return {person: _mailbox(found.get(at, {})) for at, person in ats.items()}

    def claim(self, company: str, person: str, now: datetime, until: datetime) -> Mailbox | None:
        """Write to this person alone until then; None when somebody else does."""
        item = self._table.update(
            keys.mailbox(company, person),
            {"claimed": sortable_time(until)},
            condition="attribute_not_exists(claimed) OR claimed <= :now",
            given={":now": sortable_time(now)},
        )
        return None if item is None else _mailbox(item)

    def complete(
        self,
        company: str,
        person: str,
        entries: Sequence[Entry],
        mailbox: Mailbox,
        record: Item | None = None,
        also: Sequence[object] = (),
        given: Sequence[Entry] = (),
        *,
        release: bool = True,
    ) -> None:
        """In one: the entries go, or are `given` to others; the mailbox is as given.

        So is the record, if there is one, with what the mail `told`. What `untell` took out of an
        entry since it was read is told and given no more. `release` ends the claim; without it
        the claimer goes on writing to this person.
        `ClaimLostError` when the claim that the mailbox names is no longer this sender's.
        """
        release_it = {"claimed": None} if release else {}
        first = self._table.update_action(
            keys.mailbox(company, person),
            {
                "last_alert": sortable_time(mailbox.last_alert) if mailbox.last_alert else None,
                "not_before": sortable_time(mailbox.not_before) if mailbox.not_before else None,
                "failures": mailbox.failures,
                "told": list(mailbox.told_alerts) or None,
                **release_it,
            },
            "claimed = :mine",
            {":mine": sortable_time(mailbox.claimed_until) if mailbox.claimed_until else ""},
        )
        name = fingerprint(entries)
        for left in range(_ATTEMPTS - 1, -1, -1):
            actions = [
                first,
                *(self._table.delete_action(_entry_at(e), _AS_READ, _read(e)) for e in entries),
                *(self._table.put_action(*item_of(one)) for one in also),
                *(
                    self._table.put_action(*item_of(e))
                    for e in restrict_to_existing(given, entries)
                ),
            ]
            if record is not None:
                told = restrict_to_existing([one] if (one := record.get("told")) else [], entries)
                actions.append(self._table.put_action(*_record(company, record, name, told)))
            try:
                self._table.write_retrying_conflicts(actions)
            except TransactionCancelledError as problem:
                if problem.conflict:
                    raise
                now = self._as_they_are(entries)
                if not left or now == list(entries):
                    raise ClaimLostError(person) from problem
                entries = now
            else:
                return

    def sent(self, company: str, start: datetime, end: datetime) -> list[Item]:
        """Records of the mails sent in that time, oldest first."""
        return list(self._table.query(keys.sent(company), *keys.period(start, end)))

    def find_sent(self, company: str, message_id: str, at: datetime) -> SentMail | None:
        """The mail to which SES gave this id at about this time."""
        for item in self.sent(company, at - _AROUND, at + _AROUND):
            if item["message_id"] == message_id:
                told = entry_of(item["told"]) if "told" in item else None
                came_back = item.get("came_back")
                return SentMail(item["sk"], company, item["person"], item["to"], told, came_back)
        return None

    def forget_conversations(self, company: str, gone: Callable[[ConversationKey], bool]) -> None:
        """Leave conversations that are no longer kept out of what waits, and of all records.

        What waits comes first: a sender who has read it before reads it again to settle it, or
        has settled it, and then its record is there. So nothing of it is told twice or kept.
        """
        for item in list(self._table.query(keys.outbox(company))):
            self._cut(item, "entry", gone)
        self.forget_in_records(company, gone)

    def forget_in_records(self, company: str, gone: Callable[[ConversationKey], bool]) -> None:
        """Leave conversations that are no longer kept out of the records of mails."""
        for item in list(self._table.query(keys.sent(company))):
            self._cut(item, "told", gone)

    def _cut(self, read: Item, name: str, gone: Callable[[ConversationKey], bool]) -> None:
        """Take conversations out of an entry; where none is left, it goes. `cut` counts the rest.

        Nothing is ever added to an entry, so how many it has tells whether it is as it was read.
        """
        at, item = ItemKey(read["pk"], read["sk"]), read
        for _ in range(_ATTEMPTS):
            entry = entry_of(item[name]) if name in item else None
            left = [key for key in entry.keys if not gone(key)] if entry else []
            if entry is None or len(left) == len(entry.keys):
                return
            values = {name: text_of(entry.restricted_to(left)) if left else None, "cut": len(left)}
            action = self._table.update_action(at, values, _AS_READ, _read(entry))
            if name == "entry" and not left:
                action = self._table.delete_action(at, _AS_READ, _read(entry))
            try:
                self._table.transact([action])
            except TransactionCancelledError:
                item = self._table.get(at) or {}
            else:
                return
        raise ContentionError(at.pk)

    def _as_they_are(self, entries: Sequence[Entry]) -> list[Entry]:
        """Those of the entries that still wait, as they are now."""
        found = self._table.get_many(map(_entry_at, entries))
        return [entry_of(found[at]["entry"]) for at in map(_entry_at, entries) if at in found]

    def mark_returned(
        self,
        mail: SentMail | None,
        how: str,
        first: Sequence[object],
        also: Sequence[object],
    ) -> bool:
        """In one: the mail is marked as come back, and these items are written.

        False, and nothing written, when it was marked or cut before, or one of `first` was there.
        """
        actions = [
            *(self._table.put_action(*item_of(one), "attribute_not_exists(pk)") for one in first),
            *(self._table.put_action(*item_of(one)) for one in also),
        ]
        if mail is not None:
            at = ItemKey(keys.sent(mail.company), mail.id)
            unmarked = f"{_AS_READ} AND attribute_not_exists(came_back)"
            as_read = _read(mail.covered)
            actions.append(self._table.update_action(at, {"came_back": how}, unmarked, as_read))
        try:
            self._table.transact(actions)
        except TransactionCancelledError:
            return False
        return True


def _record(company: str, record: Item, name: str, told: Sequence[Entry]) -> tuple[ItemKey, Item]:
    sent_at = datetime.fromisoformat(record["at"])
    values = {
        **record,
        "told": text_of(told[0]) if told else None,
        "ttl": int((sent_at + _SENT_KEPT).timestamp()),
    }
    return keys.sent_mail(company, record["at"], record["person"], name), values


def _read(entry: Entry | None) -> Item:
    return {":keys": len(entry.keys) if entry else 0}


@item_of.register
def _(entry: Entry) -> tuple[ItemKey, Item]:
    return _entry_at(entry), {"entry": text_of(entry)}


def _entry_at(entry: Entry) -> ItemKey:
    return keys.outbox_entry(entry.company, entry.person, entry.id)


def _mailbox(item: Item) -> Mailbox:
    return Mailbox(
        parse_time(item.get("last_alert")),
        parse_time(item.get("not_before")),
        item.get("failures", 0),
        tuple(item.get("told", ())),
        parse_time(item.get("claimed")),
    )
