"""Conversations as cards: who waits, what they wrote, and who has taken it on."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from pulse.authors.directory import AuthorDirectory
from pulse.conversations.facts import ConversationKey, Fact, Mention, Reply
from pulse.conversations.fold import State
from pulse.conversations.store.conversations import ConversationStore
from pulse.kernel.company import Company
from pulse.kernel.posts import Author
from pulse.screens.models import Card, ThreadPost


def make_cards(
    keys: Iterable[ConversationKey],
    company: Company,
    conversations: ConversationStore,
    authors: AuthorDirectory,
    now: datetime,
) -> tuple[Card, ...]:
    """Return a card for each of the conversations that still waits, in the order given.

    There may be fewer cards than conversations: some may have been answered, or their posts
    removed, since the caller read their states.
    """
    loaded = conversations.load(keys)
    # All names in one call: X bills and limits look-ups by request and by user (D-005).
    customers = authors.find([key.customer_id for key in loaded])
    ours = {a.id: Author(a.id, a.username, company.title.get("en")) for a in company.accounts}
    found = (
        _card(one.state(company.policy), one.facts, company, customers[key.customer_id], ours, now)
        for key, one in loaded.items()
    )
    return tuple(card for card in found if card is not None)


def _card(
    state: State,
    facts: Iterable[Fact],
    company: Company,
    customer: Author,
    ours: Mapping[str, Author],
    now: datetime,
) -> Card | None:
    """Return the card of a conversation; None when no mention that waits is stored any more."""
    # Each version of an edited post is a fact (D-011). Sorted by version, the newest is left under
    # the id of the post, and readers see the text as it is on X now.
    posts: dict[str, Mention | Reply] = {}
    for fact in sorted(
        (f for f in facts if isinstance(f, (Mention, Reply))), key=lambda f: int(f.version)
    ):
        posts[fact.id] = fact
    waiting = [posts[i] for i in state.waiting if i in posts]
    if not waiting:
        return None
    # The latest message is shown, since an answer to it answers all before it; how long the
    # customer has waited counts from the first.
    shown = waiting[-1]
    # A lease that has run out is still in the state until something else folds it.
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
        mentions=len(waiting),
        accounts=tuple(a.username for a in company.accounts if a.id in named),
        taken_by=_name_of(lease.by, company) if lease and lease.kind == "mine" else None,
        snoozed_until=lease.until if lease and lease.kind == "snoozed" else None,
        thread=tuple(
            _thread_post(post, customer, ours)
            for post in sorted(posts.values(), key=lambda p: int(p.id))
            if post.id != shown.id
        ),
    )


def _name_of(key: str, company: Company) -> str:
    """Return a person's name; the settings may not know the person any more."""
    return company.people[key].name if key in company.people else key


def _thread_post(post: Mention | Reply, customer: Author, ours: Mapping[str, Author]) -> ThreadPost:
    if isinstance(post, Mention):
        return ThreadPost(customer, post.text, post.at)
    return ThreadPost(
        ours.get(post.account_id, Author(post.account_id)), post.text, post.at, ours=True
    )
