"""The outbox: entries that wait to be sent, claims on people, and records of sent mails."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pulse.audit.entries import AuditRecord
from pulse.conversations.facts import ConversationKey
from pulse.dynamodb import keys
from pulse.dynamodb.codec import Item, ItemKey, from_json, sortable_time, to_json
from pulse.dynamodb.optimistic import Attempt, attempts
from pulse.dynamodb.records import item_of
from pulse.dynamodb.table import Table
from pulse.kernel.batching import batched
from pulse.kernel.errors import ContentionError, PulseError
from pulse.outbox.entries import Entry, restrict_to_existing
from pulse.outbox.mailbox import MAX_SETTLED, ClaimLostError, Completion, Mailbox
from pulse.outbox.message import SentMail
from pulse.outbox.suppressions import Suppression

_CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far SES's time of a mail and ours may differ."""
_RETENTION = timedelta(days=90)
"""For how long records of mails are kept."""
_ATTEMPTS = 10
_AS_READ = "attribute_exists(pk) AND (attribute_not_exists(cut) OR cut = :keys)"
"""The entry, or record of a mail, still has as many conversations as when it was read.

Nothing is ever added to either, so that the number of conversations left is as good as a
revision (D-042): whatever still has as many is what was read.
"""

IsRemoved = Callable[[ConversationKey], bool]


class Outbox:
    """Entries wait under their company until each is settled, once."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def attempts(self, limit: int, exhausted: PulseError) -> Iterator[Attempt]:
        """Yield attempts for a job that decides again when a write of this store is cancelled.

        Raises:
            PulseError: the error `exhausted`, when the last attempt was cancelled too.
        """
        return attempts(limit, exhausted, self._table.back_off)

    def put(self, record: Entry | AuditRecord) -> None:
        """Put one record by itself, where nothing has to be written with it."""
        self._table.put(*item_of(record))

    def waiting(self, company: str, person: str | None = None) -> list[Entry]:
        """Return all entries that wait, or those for one person; oldest first."""
        low, high = keys.outbox_of_person(person) if person else ("", "")
        items = self._table.query(keys.outbox(company), low, high)
        return sorted((_entry_of(item["entry"]) for item in items), key=lambda entry: entry.at)

    def mailboxes(self, company: str, people: Iterable[str]) -> dict[str, Mailbox]:
        """Return the mailbox of each of these people."""
        mailboxes = {keys.mailbox(company, person): person for person in people}
        found = self._table.get_many(mailboxes)
        return {p: _mailbox_of(company, p, found.get(at, {})) for at, p in mailboxes.items()}

    def claim(self, company: str, person: str, now: datetime, until: datetime) -> Mailbox | None:
        """Claim a person, so that nobody else writes to them until then.

        Returns the person's mailbox, or None when another sender holds a claim.
        """
        # The person is claimed, not the entries (D-004): two senders that claimed entries apart
        # could write two mails to one person in the same minute, and neither would keep to the
        # alert window. Entries that arrive while the claim lasts wait for the next run. A sender
        # that crashes holds the person back only until the claim runs out. The time at which it
        # ends names the claim: `complete` writes only while that very time stands (D-017), so a
        # sender that was too slow cannot settle what its successor has in hand.
        item = self._table.update(
            keys.mailbox(company, person),
            {"claimed": sortable_time(until)},
            condition="attribute_not_exists(claimed) OR claimed <= :now",
            given={":now": sortable_time(now)},
        )
        return None if item is None else _mailbox_of(company, person, item)

    def complete(self, done: Completion) -> None:
        """Settle entries, store the mailbox, and record what was sent, in one transaction.

        Conversations that were cut out of an entry since the sender read it are neither recorded
        nor handed on.

        Raises:
            ClaimLostError: the claim that the mailbox names is no longer this sender's.
            TransactionCancelledError: others kept writing the same items.
        """
        # SES has the mail by now, so giving up here means that the person gets it a second time.
        # That is why conflicts are waited out, with growing pauses, before they are an error, and
        # why a failed condition is not one at once. Two things fail a condition. Either an entry
        # was cut since it was read: then it is read again, and what is left of it is settled. Or
        # the claim was lost: then reading again finds the same entries, or another sender has
        # settled them, and each further attempt fails too. A cut can only take conversations
        # away, so a few attempts are enough for all cuts there can be.
        after, claimed = replace(done.mailbox, claimed_until=None), done.mailbox.claimed_until
        mailbox = self._table.update_action(
            keys.mailbox(after.company, after.person),
            {"mailbox": _text_of(after)} | ({"claimed": None} if done.release else {}),
            "claimed = :mine",
            {":mine": sortable_time(claimed) if claimed else ""},
        )
        entries = list(done.entries)
        lost = ClaimLostError(f"the claim on {after.person} ran out, and another sender took it")
        for attempt in attempts(_ATTEMPTS, lost, self._table.back_off):
            with attempt:
                self._table.write_retrying_conflicts([mailbox, *self._actions(done, entries)])
            cancelled = attempt.cancelled
            if cancelled is None:
                return
            if cancelled.conflict:
                raise cancelled
            present = self._read_again(entries)
            if present == entries:
                raise lost from cancelled
            entries = present

    def reassign(self, moves: Sequence[tuple[Entry, Sequence[Entry]]], done: Completion) -> None:
        """Settle each entry of `moves` in favour of the entries that replace it.

        Of `done` the mailbox, the log and `release` are written. Errors are those of `complete`.
        """
        # All of it may be too much for one transaction. An entry and what replaces it are never
        # in two transactions, so that a crash between them loses nothing; the claim is held until
        # the last of them. The log is written with each: an entry written twice is one.
        most_successors = max((len(successors) for _, successors in moves), default=0)
        batches = list(batched(moves, max(1, MAX_SETTLED // (1 + most_successors)))) or [[]]
        for number, batch in enumerate(batches, 1):
            successors = {(e.person, e.id): e for _, given in batch for e in given}
            part = replace(
                done,
                entries=[entry for entry, _ in batch],
                handed_on=list(successors.values()),
                release=done.release and number == len(batches),
            )
            self.complete(part)

    def sent(self, company: str, start: datetime, end: datetime) -> list[SentMail]:
        """Return the records of what was sent in [start, end], oldest first."""
        items = self._table.query(keys.sent(company), *keys.period(start, end))
        return [_sent_of(item) for item in items]

    def find_sent(self, company: str, message_id: str, at: datetime) -> SentMail | None:
        """Return the mail to which SES gave this id within five minutes of `at`, or None."""
        mails = self.sent(company, at - _CLOCK_TOLERANCE, at + _CLOCK_TOLERANCE)
        return next((mail for mail in mails if mail.message_id == message_id), None)

    def mark_returned(
        self, mail: SentMail | None, how: str, records: Sequence[Entry | AuditRecord | Suppression]
    ) -> None:
        """Mark a mail as returned, and write `records`, in one transaction.

        Raises:
            TransactionCancelledError: nothing was written, because the mail was marked or cut
                since it was read, or an address in the records is suppressed already.
        """
        new = "attribute_not_exists(pk)"
        actions = [
            self._table.put_action(*item_of(one), new if isinstance(one, Suppression) else None)
            for one in records
        ]
        if mail is not None:
            unmarked = f"{_AS_READ} AND attribute_not_exists(came_back)"
            at, as_read = _sent_key(mail), _keys_read(mail.covered)
            actions.append(self._table.update_action(at, {"came_back": how}, unmarked, as_read))
        self._table.transact(actions)

    def forget_conversations(self, company: str, is_removed: IsRemoved) -> None:
        """Cut removed conversations out of what waits, then out of the records of mails."""
        # What waits comes first. A sender that has read an entry before the cut finds it changed
        # when it settles, and records only what is left. A sender that has settled it before the
        # cut has written its record by then, and the second pass finds that. The other way round,
        # a record written between the two passes would keep the conversation for 90 days (D-042).
        for item in list(self._table.query(keys.outbox(company))):
            self._cut(item, "entry", is_removed)
        self.forget_in_records(company, is_removed)

    def forget_in_records(self, company: str, is_removed: IsRemoved) -> None:
        """Cut removed conversations out of the records of mails."""
        for item in list(self._table.query(keys.sent(company))):
            self._cut(item, "covered", is_removed)

    def _cut(self, read: Item, name: str, is_removed: IsRemoved) -> None:
        """Cut removed conversations out of the entry in the attribute `name` of an item.

        A waiting entry of which nothing is left is deleted. `cut` counts what is left.
        """
        at, item = ItemKey(read["pk"], read["sk"]), read
        busy = ContentionError(f"others kept writing an entry of {at.pk}")
        for attempt in attempts(_ATTEMPTS, busy, self._table.back_off):
            entry = _entry_of(item[name]) if name in item else None
            left = [key for key in entry.keys if not is_removed(key)] if entry else []
            if entry is None or len(left) == len(entry.keys):
                return
            values = {name: _text_of(entry.restricted_to(left)) if left else None, "cut": len(left)}
            if name == "entry" and not left:
                action = self._table.delete_action(at, _AS_READ, _keys_read(entry))
            else:
                action = self._table.update_action(at, values, _AS_READ, _keys_read(entry))
            with attempt:
                self._table.transact([action])
            if attempt.cancelled is not None:
                item = self._table.get(at) or {}

    def _actions(self, done: Completion, entries: Sequence[Entry]) -> list[Item]:
        """Return the actions that settle these entries, which are as they are in the table now."""
        records: list[object] = [*done.log, *restrict_to_existing(done.handed_on, entries)]
        if done.sent is not None:
            covered = [done.sent.covered] if done.sent.covered else []
            left = restrict_to_existing(covered, entries)
            records.append(replace(done.sent, covered=left[0] if left else None))
        return [
            *(self._table.delete_action(_entry_key(e), _AS_READ, _keys_read(e)) for e in entries),
            *self._table.record_actions(records),
        ]

    def _read_again(self, entries: Sequence[Entry]) -> list[Entry]:
        """Return those of the entries that still wait, as they are now."""
        waiting = [_entry_key(entry) for entry in entries]
        found = self._table.get_many(waiting)
        return [_entry_of(found[at]["entry"]) for at in waiting if at in found]


def _keys_read(entry: Entry | None) -> Item:
    return {":keys": len(entry.keys) if entry else 0}


def _text_of(record: object) -> str:
    """Return a record as JSON text."""
    return json.dumps(to_json(record), ensure_ascii=False)


def _entry_of(text: str) -> Entry:
    """Return the entry in a text that `_text_of` has written."""
    return from_json(Entry, json.loads(text))


def keys_in(item: Item) -> tuple[ConversationKey, ...]:
    """Return the conversations that a waiting entry, or the record of a mail, is about."""
    text = item.get("entry") or item.get("covered")
    return _entry_of(text).keys if text else ()


def _entry_key(entry: Entry) -> ItemKey:
    """Return the key of a waiting entry: by person, so that one query finds what waits for one."""
    return keys.outbox_entry(entry.company, entry.person, entry.id)


@item_of.register
def _(entry: Entry) -> tuple[ItemKey, Item]:
    return _entry_key(entry), {"entry": _text_of(entry)}


def _mailbox_of(company: str, person: str, item: Item) -> Mailbox:
    """Return a person's mailbox in an item; one without attributes was never written to."""
    # The claim is an attribute of its own, on which the writes of a sender are conditional.
    own = {"company": company, "person": person, "claimed_until": item.get("claimed")}
    return from_json(Mailbox, json.loads(item.get("mailbox", "{}")) | own)


def _sent_key(mail: SentMail) -> ItemKey:
    """Return the key of the record of a mail."""
    return keys.sent_mail(mail.company, mail.at, mail.person, mail.fingerprint)


@item_of.register
def _(mail: SentMail) -> tuple[ItemKey, Item]:
    covered = _text_of(mail.covered) if mail.covered else None
    ttl = int((mail.at + _RETENTION).timestamp())
    return _sent_key(mail), to_json(mail) | {"covered": covered, "ttl": ttl}


def _sent_of(item: Item) -> SentMail:
    """Return the record of a mail in an item."""
    covered = json.loads(item.get("covered", "null"))
    raw = {name: value for name, value in item.items() if name in SentMail.__dataclass_fields__}
    return from_json(SentMail, raw | {"covered": covered, "returned": item.get("came_back")})
