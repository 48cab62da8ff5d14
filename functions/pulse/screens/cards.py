"""Conversations as cards: who waits, what they wrote, and who has taken it on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pulse.authors.directory import AuthorDirectory
from pulse.conversations.facts import ConversationKey, Fact, Mention, Reply
from pulse.conversations.fold import State
from pulse.conversations.store.conversations import ConversationStore
from pulse.kernel.company import Company
from pulse.kernel.posts import Author
from pulse.reporting.report import Report
from pulse.screens.models import Card, ThreadPost

_WORST = 5
"""Cards of a digest."""


@dataclass(frozen=True, slots=True)
class CardMaker:
    """Makes cards of conversations of one company, as of `now`, from what is stored."""

    company: Company
    conversations: ConversationStore
    authors: AuthorDirectory
    now: datetime

    def make(self, keys: Iterable[ConversationKey]) -> tuple[Card, ...]:
        """Return a card for each of the conversations that still waits, in the order given.

        There may be fewer cards than conversations: some may have been answered, or their posts
        removed, since the caller read their states.
        """
        loaded = self.conversations.load(keys)
        # All names in one call: X bills and limits look-ups by request and by user (D-005).
        customers = self.authors.find([key.customer_id for key in loaded])
        found = (
            self._card(one.state(self.company.policy), one.facts, customers[key.customer_id])
            for key, one in loaded.items()
        )
        return tuple(card for card in found if card is not None)

    def worst(self, report: Report) -> tuple[Card, ...]:
        """Return cards of the worst of those who wait, at most five."""
        # Names of customers cost reads of X, so they are looked up for what is shown only (D-005).
        return self.make(list(report.waiting)[:_WORST])

    def _card(self, state: State, facts: Iterable[Fact], customer: Author) -> Card | None:
        """Return the card of a conversation; None when no mention that waits is stored any more."""
        # Each version of an edited post is a fact (D-011). Sorted by version, the newest is left
        # under the id of the post, and readers see the text as it is on X now.
        versions = [fact for fact in facts if isinstance(fact, (Mention, Reply))]
        posts = {post.id: post for post in sorted(versions, key=lambda p: int(p.version))}
        waiting = [posts[i] for i in state.waiting if i in posts]
        if not waiting:
            return None
        # The latest message is shown, since an answer to it answers all before it; how long the
        # customer has waited counts from the first.
        shown = waiting[-1]
        # A lease that has run out is still in the state until something else folds it.
        lease = state.lease if state.lease and state.lease.until > self.now else None
        named = frozenset[str]().union(*(p.named for p in waiting if isinstance(p, Mention)))
        since = state.waiting_since or shown.at
        return Card(
            customer=customer,
            post_id=shown.version,
            text=shown.text,
            since=since,
            waited=self.now - since,
            level=state.level,
            top=state.level == self.company.policy.top.name,
            mentions=len(waiting),
            accounts=tuple(a.username for a in self.company.accounts if a.id in named),
            taken_by=self._name_of(lease.by) if lease and lease.kind == "mine" else None,
            snoozed_until=lease.until if lease and lease.kind == "snoozed" else None,
            thread=tuple(
                self._thread_post(post, customer)
                for post in sorted(posts.values(), key=lambda p: int(p.id))
                if post.id != shown.id
            ),
        )

    def _name_of(self, key: str) -> str:
        """Return a person's name; the settings may not know the person any more."""
        return self.company.people[key].name if key in self.company.people else key

    def _thread_post(self, post: Mention | Reply, customer: Author) -> ThreadPost:
        if isinstance(post, Mention):
            return ThreadPost(customer, post.text, post.at)
        # An account may have left the settings since it replied.
        title, us = self.company.title.get("en"), Author(post.account_id)
        ours = {a.id: Author(a.id, a.username, title) for a in self.company.accounts}
        return ThreadPost(ours.get(us.id, us), post.text, post.at, ours=True)
