"""Random archives from a seed, and the `state.json` expected of them.

What is expected is computed from the definitions alone, post by post, without code of Pulse.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

START = datetime(2031, 3, 4, 19, tzinfo=UTC)
LEVELS = {
    "warning": timedelta(minutes=15),
    "breach": timedelta(minutes=60),
    "critical": timedelta(hours=4),
}
_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657000, UTC)
_MINUTE = timedelta(minutes=1)
_OURS = {"acme": ("11", "12"), "zenith": ("21",)}

Json = dict[str, Any]


@dataclass
class RandomArchive:
    """Posts of some hours. `late` is the share of posts that X shows up to 40 minutes late."""

    seed: int
    hours: float = 7
    posts_an_hour: int = 30
    late: float = 0.0
    faults: Sequence[Mapping[str, Any]] = ()
    posts: list[Json] = field(default_factory=list)
    _count: int = 0

    def __post_init__(self) -> None:
        self._random = Random(self.seed)
        moments = [
            self._random.uniform(0, self.hours * 3600)
            for _ in range(int(self.hours * self.posts_an_hour))
        ]
        burst = self._random.uniform(0, self.hours * 3600)
        moments += [burst + self._random.uniform(0, 90) for _ in range(self.posts_an_hour)]
        for second in sorted(moments):
            self._something(START + timedelta(seconds=second))

    @property
    def end(self) -> datetime:
        """An hour after the last post was published or shown."""
        return max(_time(p.get("visible_at", p["created_at"])) for p in self.posts) + 60 * _MINUTE

    def write(self, folder: Path) -> Path:
        """Write the posts as an archive; returns its folder."""
        folder.mkdir(parents=True, exist_ok=True)
        users = sorted({p["author_id"] for p in self.posts})
        companies = [
            {
                "name": name,
                "accounts": [
                    {"id": i, "username": f"ours{i}", "role": "official" if n else "support"}
                    for n, i in enumerate(ids)
                ],
            }
            for name, ids in _OURS.items()
        ]
        _lines(folder / "posts.ndjson", sorted(self.posts, key=lambda p: int(p["id"])))
        _lines(folder / "users.ndjson", [{"id": i, "username": f"u{i}", "name": i} for i in users])
        (folder / "companies.json").write_text(json.dumps(companies))
        (folder / "faults.json").write_text(json.dumps(list(self.faults)))
        return folder

    def _something(self, at: datetime) -> None:
        """Add a random post: a customer's, a bystander's, an edit, a reply of ours, or news."""
        roll, random = self._random.random(), self._random
        mentions = [p for p in self.posts if p["kind"] == "mention"][-40:]
        if roll < 0.35 or not mentions:
            named = random.choice([["11"], ["12"], ["21"], ["11", "12"], ["11", "21"]])
            self._post(at, str(random.randint(1000, 1060)), named, "mention")
        elif roll < 0.55:
            before = random.choice(mentions)
            self._post(at, before["author_id"], before["named"], "mention", thread=before)
        elif roll < 0.8:
            before = random.choice(mentions)
            ours = next(ids for ids in _OURS.values() if set(ids) & set(before["named"]))
            self._post(at, random.choice(ours), [], "reply", thread=before, to=before["author_id"])
        elif roll < 0.85:
            before = random.choice(mentions)
            self._post(at, "999", before["named"], "mention", thread=before, to=before["author_id"])
        elif roll < 0.9:
            before = random.choice(mentions)
            self._post(at, "998", before["named"], "retweet", of=("retweeted", before["id"]))
        elif roll < 0.93:
            before = random.choice(mentions)
            self._post(at, "997", before["named"], "mention", of=("quoted", before["id"]))
        elif roll < 0.96:
            self._edit(at, random.choice(mentions))
        else:
            self._post(at, random.choice(["11", "12", "21"]), [], "news")

    def _post(
        self,
        at: datetime,
        author: str,
        named: Sequence[str],
        kind: str,
        thread: Json | None = None,
        to: str | None = None,
        of: tuple[str, str] | None = None,
    ) -> Json:
        self._count += 1
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        number = str((int((at - _EPOCH) / timedelta(milliseconds=1)) << 22) + self._count)
        post: Json = {
            "id": number,
            "text": f"words {self._count} &amp; more",
            "author_id": author,
            "created_at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "conversation_id": thread["conversation_id"] if thread else number,
            "edit_history_tweet_ids": [number],
            "kind": kind,
            "named": list(named),
        }
        if named:
            post["entities"] = {"mentions": [{"id": i, "username": f"ours{i}"} for i in named]}
        if thread:
            post["in_reply_to_user_id"] = to or named[0]
            post["referenced_tweets"] = [{"type": "replied_to", "id": thread["id"]}]
        if of:
            post["referenced_tweets"] = [{"type": of[0], "id": of[1]}]
        if self._random.random() < self.late:
            shown = at + timedelta(minutes=self._random.uniform(0.5, 40))
            post["visible_at"] = shown.isoformat(timespec="milliseconds")
        self.posts.append(post)
        return post

    def _edit(self, at: datetime, before: Json) -> None:
        if at - _time(before["created_at"]) > 60 * _MINUTE:
            return
        edited = self._post(at, before["author_id"], before["named"], "mention")
        history = [*before["edit_history_tweet_ids"], edited["id"]]
        edited["edit_history_tweet_ids"] = history
        for name in ("conversation_id", "in_reply_to_user_id", "referenced_tweets"):
            if name in before:
                edited[name] = before[name]


def expected_state(posts: Sequence[Json], company: str, end: datetime) -> list[Json]:
    """What `state.json` must contain for a company at `end`, if nothing was shown late."""
    ours = set(_OURS[company])
    known = sorted((p for p in posts if _time(p["created_at"]) <= end), key=lambda p: int(p["id"]))
    firsts: dict[str, datetime] = {}
    threads: dict[tuple[str, str], tuple[dict[str, datetime], dict[str, datetime]]] = {}
    for post in known:
        first, at = post["edit_history_tweet_ids"][0], _time(post["created_at"])
        firsts.setdefault(first, at)
        named = {m["id"] for m in post.get("entities", {}).get("mentions", ())}
        kinds = {r["type"] for r in post.get("referenced_tweets", ())}
        thread, to = post["conversation_id"], post.get("in_reply_to_user_id")
        if post["author_id"] in ours:
            if to and to not in ours:
                threads.setdefault((thread, to), ({}, {}))[1][first] = firsts[first]
        elif named & ours and "retweeted" not in kinds:
            threads.setdefault((thread, post["author_id"]), ({}, {}))[0][first] = firsts[first]
    rows = [
        _row(*key, mentions, replies, end)
        for key, (mentions, replies) in threads.items()
        if mentions
    ]
    return sorted(rows, key=lambda row: int(row["first_mention_id"]))


def _row(
    thread: str,
    customer: str,
    mentions: Mapping[str, datetime],
    replies: Mapping[str, datetime],
    end: datetime,
) -> Json:
    mention_ids, reply_ids = sorted(mentions, key=int), sorted(replies, key=int)
    waits: list[tuple[datetime, datetime | None]] = []
    uncovered = mention_ids
    while uncovered:
        reply = next((r for r in reply_ids if int(r) > int(uncovered[0])), None)
        covered = [m for m in uncovered if reply is not None and int(m) < int(reply)] or uncovered
        waits.append((mentions[uncovered[0]], replies[reply] if reply else None))
        uncovered = uncovered[len(covered) :]
    first_reply = next((r for r in reply_ids if int(r) > int(mention_ids[0])), None)
    waiting = waits[-1][0] if waits[-1][1] is None else None
    flagged = [flag for since, until in waits for flag in _flags(since, until, end)]
    last = [f for f in flagged if waiting and _time(f["due_at"]) > waiting]
    return {
        "conversation_id": thread,
        "author_id": customer,
        "first_mention_id": mention_ids[0],
        "mentions": len(mention_ids),
        "status": "open" if waiting else "answered",
        "waiting_since": waiting,
        "first_response_seconds": None
        if first_reply is None
        else int((replies[first_reply] - mentions[mention_ids[0]]).total_seconds()),
        "level": last[-1]["level"] if last else None,
        "flagged": flagged,
    }


def _flags(since: datetime, until: datetime | None, end: datetime) -> list[Json]:
    """Each level is flagged in the first minute from when it is due, unless a reply comes first."""
    found = []
    for level, after in LEVELS.items():
        due = since + after
        flagged_at = min(_minute(due), end) if due <= end else _minute(due)
        if flagged_at <= end and (until is None or _minute(until) > flagged_at):
            found.append(
                {"level": level, "due_at": due.isoformat(), "flagged_at": flagged_at.isoformat()}
            )
    return found


def _minute(moment: datetime) -> datetime:
    floor = moment.replace(second=0, microsecond=0)
    return floor if floor == moment else floor + _MINUTE


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _lines(file: Path, rows: Sequence[Json]) -> None:
    hidden = ("kind", "named")
    visible = ({k: v for k, v in row.items() if k not in hidden} for row in rows)
    file.write_text("".join(json.dumps(row) + "\n" for row in visible))
