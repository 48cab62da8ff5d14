"""The outbox: what waits to be told, who is being written to, what was sent."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pulse.adapters.table.client import CancelledError, Table
from pulse.adapters.table.items import jsonable
from pulse.adapters.table.values import At, Item, stamp, time_of
from pulse.domain.facts import Key
from pulse.domain.outbox import TOPIC, Entry, Mailbox, Sent, as_one, mark

MOST_AT_ONCE = 90
"""Entries that one mail may settle; the transaction holds the mailbox and the record too."""
_SENT_KEPT = timedelta(days=90)
_AROUND = timedelta(minutes=5)
"""How far SES's time of a mail and ours may lie apart."""


class ClaimLostError(Exception):
    """The claim on a person ran out, and another sender writes to them: a mail may go twice."""


class Outbox:
    """Entries stand under the company until they are settled, each once."""

    def __init__(self, table: Table) -> None:
        self._table = table

    @staticmethod
    def item(entry: Entry) -> tuple[At, Item]:
        """An entry as an item, to be written with what it tells of."""
        return _entry_at(entry), {"entry": _text(entry)}

    def put(self, entry: Entry) -> None:
        """Put one entry by itself, where nothing has to be written with it."""
        at, values = self.item(entry)
        self._table.put(at, values)

    def waiting(self, company: str, person: str | None = None) -> list[Entry]:
        """All that waits, or what waits for one person; oldest first."""
        low, high = (f"{person}#", f"{person}#~") if person else ("", "")
        items = self._table.partition(f"outbox#{company}", low, high)
        return sorted((_entry(item["entry"]) for item in items), key=lambda entry: entry.at)

    def mailboxes(self, company: str, people: Iterable[str]) -> dict[str, Mailbox]:
        """What each of these people was last sent."""
        ats = {_mailbox_at(company, person): person for person in people}
        found = self._table.get_many(ats)
        return {person: _mailbox(found.get(at, {})) for at, person in ats.items()}

    def claim(self, company: str, person: str, now: datetime, until: datetime) -> Mailbox | None:
        """Write to this person alone until then; None when somebody else does."""
        item = self._table.update(
            _mailbox_at(company, person),
            {"claimed": stamp(until)},
            condition="attribute_not_exists(claimed) OR claimed <= :now",
            given={":now": stamp(now)},
        )
        return None if item is None else _mailbox(item)

    def settle(
        self,
        company: str,
        person: str,
        entries: Sequence[Entry],
        mailbox: Mailbox,
        record: Item | None = None,
        beside: Sequence[tuple[At, Item]] = (),
        *,
        release: bool = True,
    ) -> None:
        """In one: the entries go, the mailbox is as given, the record is kept.

        `release` ends the claim; without it the claimer goes on writing to this person.
        `ClaimLostError` when the claim that the mailbox names is no longer this sender's.
        """
        actions = [
            self._table.update_action(
                _mailbox_at(company, person),
                {
                    "last_alert": stamp(mailbox.last_alert) if mailbox.last_alert else None,
                    "not_before": stamp(mailbox.not_before) if mailbox.not_before else None,
                    "failures": mailbox.failures,
                    "told": list(mailbox.told) or None,
                    **({"claimed": None} if release else {}),
                },
                "claimed = :mine",
                {":mine": stamp(mailbox.claimed) if mailbox.claimed else ""},
            ),
            *(self._table.delete_action(_entry_at(entry)) for entry in entries),
            *(self._table.put_action(*item) for item in beside),
        ]
        if record is not None:
            at = datetime.fromisoformat(record["at"])
            ttl = int((at + _SENT_KEPT).timestamp())
            sk = f"{record['at']}#{person}#{mark(entries)}"
            told = as_one(entries) if person != TOPIC else None
            values = {**record, "told": _text(told) if told else None, "ttl": ttl}
            actions.append(self._table.put_action(At(f"sent#{company}", sk), values))
        self._insist(person, actions)

    def sent(self, company: str, start: datetime, end: datetime) -> list[Item]:
        """Records of the mails sent in that time, oldest first."""
        return list(self._table.partition(f"sent#{company}", stamp(start), stamp(end) + "~"))

    def find(self, company: str, message_id: str, at: datetime) -> Sent | None:
        """The mail to which SES gave this id at about this time."""
        for item in self.sent(company, at - _AROUND, at + _AROUND):
            if item["message_id"] == message_id:
                told = _entry(item["told"]) if "told" in item else None
                came_back = item.get("came_back")
                return Sent(item["sk"], company, item["person"], item["to"], told, came_back)
        return None

    def untell(self, company: str, ended: Collection[Key], now: datetime) -> None:
        """Leave out of the records of mails those conversations that are no longer kept."""
        for item in self.sent(company, now - _SENT_KEPT, now) if ended else ():
            told = _entry(item["told"]) if "told" in item else None
            if told is not None and not set(ended).isdisjoint(told.keys):
                keys = tuple(key for key in told.keys if key not in ended)
                left = replace(told, id=mark([told]), keys=keys)
                values = {"told": _text(left) if left.keys else None}
                still_there = "attribute_exists(pk)"
                self._table.update(At(item["pk"], item["sk"]), values, condition=still_there)

    def take_back(
        self,
        mail: Sent | None,
        how: str,
        first: Sequence[tuple[At, Item]],
        beside: Sequence[tuple[At, Item]],
    ) -> bool:
        """In one: the mail is marked as come back, and these items are written.

        False, and nothing written, when it was marked before, or one of `first` was there.
        """
        actions = [
            *(self._table.put_action(*item, "attribute_not_exists(pk)") for item in first),
            *(self._table.put_action(*item) for item in beside),
        ]
        if mail is not None:
            at = At(f"sent#{mail.company}", mail.id)
            unmarked = "attribute_exists(pk) AND attribute_not_exists(came_back)"
            actions.append(self._table.update_action(at, {"came_back": how}, unmarked))
        try:
            self._table.transact(actions)
        except CancelledError:
            return False
        return True

    def _insist(self, person: str, actions: Sequence[Item]) -> None:
        """What was sent must not be sent again, so a conflict with others is outlasted."""
        try:
            self._table.outlast(actions)
        except CancelledError as problem:
            if problem.conflict:
                raise
            raise ClaimLostError(person) from problem


def _entry_at(entry: Entry) -> At:
    return At(f"outbox#{entry.company}", f"{entry.person}#{entry.id}")


def _mailbox_at(company: str, person: str) -> At:
    return At(f"mailbox#{company}#{person}", "mailbox")


def _mailbox(item: Item) -> Mailbox:
    return Mailbox(
        time_of(item.get("last_alert")),
        time_of(item.get("not_before")),
        item.get("failures", 0),
        tuple(item.get("told", ())),
        time_of(item.get("claimed")),
    )


def _text(entry: Entry) -> str:
    return json.dumps(jsonable(entry), ensure_ascii=False)


def _entry(text: str) -> Entry:
    raw: dict[str, Any] = json.loads(text)
    return Entry(
        **{
            **raw,
            "at": datetime.fromisoformat(raw["at"]),
            "keys": tuple(Key(*key) for key in raw.get("keys", ())),
            "tried": tuple(raw.get("tried", ())),
            "details": tuple((name, value) for name, value in raw.get("details", ())),
        }
    )
