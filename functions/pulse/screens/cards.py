"""Conversations as cards: who waits, what was said, who has taken it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from pulse.conversations.facts import ConversationKey, Fact, Mention, Reply
from pulse.conversations.fold import State
from pulse.kernel.company import Company
from pulse.kernel.posts import Author
from pulse.screens.models import Card, ThreadPost

if TYPE_CHECKING:
    from pulse.authors.directory import AuthorDirectory
    from pulse.conversations.store.conversations import ConversationStore


def worst_first(states: Mapping[ConversationKey, State], company: Company) -> list[ConversationKey]:
    """Those who still wait, highest level first, then the longest wait."""
    waiting = [(key, s) for key, s in states.items() if s.waiting_since is not None]
    waiting.sort(key=lambda x: (-company.policy.rank(x[1].level), x[1].waiting_since))
    return [key for key, _ in waiting]


def cards(
    keys: Iterable[ConversationKey],
    company: Company,
    conversations: ConversationStore,
    who: AuthorDirectory,
    now: datetime,
) -> tuple[Card, ...]:
    """A card for each conversation that still waits, in the order given."""
    loaded = conversations.load(keys)
    known = who.find([key.customer_id for key in loaded])
    ours = {a.id: Author(a.id, a.username, company.title.get("en")) for a in company.accounts}
    made = (
        _card(x.state, x.facts, company, known[key.customer_id], ours, now)
        for key, x in loaded.items()
        if x.state.waiting_since is not None
    )
    return tuple(card for card in made if card is not None)


def _card(
    state: State,
    facts: Iterable[Fact],
    company: Company,
    customer: Author,
    ours: Mapping[str, Author],
    now: datetime,
) -> Card | None:
    """None when all that waits was removed after the state was read."""
    posts: dict[str, Mention | Reply] = {}
    for fact in sorted(
        (f for f in facts if isinstance(f, (Mention, Reply))), key=lambda f: int(f.version)
    ):
        posts[fact.id] = fact
    waiting = [posts[i] for i in state.waiting if i in posts]
    if not waiting:
        return None
    shown = waiting[-1]
    lease = state.lease if state.lease and state.lease.until > now else None
    named = frozenset[str]().union(*(p.named for p in waiting if isinstance(p, Mention)))
    since = state.waiting_since or shown.at
    return Card(
        customer=customer,
        post_id=shown.version,
        text=shown.text,
        lang=shown.lang if isinstance(shown, Mention) else "und",
        since=since,
        waited=now - since,
        level=state.level,
        top=state.level == company.policy.top.name,
        said=len(waiting),
        accounts=tuple(a.username for a in company.accounts if a.id in named),
        taken_by=_taker(lease.by, company) if lease and lease.kind == "mine" else None,
        snoozed_until=lease.until if lease and lease.kind == "snoozed" else None,
        thread=tuple(
            _line(post, customer, ours)
            for post in sorted(posts.values(), key=lambda p: int(p.id))
            if post.id != shown.id
        ),
    )


def _taker(key: str, company: Company) -> str:
    return company.people[key].name if key in company.people else key


def _line(post: Mention | Reply, customer: Author, ours: Mapping[str, Author]) -> ThreadPost:
    if isinstance(post, Mention):
        return ThreadPost(customer, post.text, post.at)
    return ThreadPost(
        ours.get(post.account_id, Author(post.account_id)), post.text, post.at, ours=True
    )
