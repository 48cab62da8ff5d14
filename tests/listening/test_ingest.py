"""Ingest: each post becomes a fact, an own post or a quarantined post, once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pulse.conversations.facts import NOBODY, ConversationKey, Reply
from pulse.dynamodb import keys
from pulse.dynamodb.table import Table
from pulse.kernel.company import Account, Company, Person
from pulse.kernel.policy import Level, Policy
from pulse.kernel.posts import Author, Post
from pulse.listening.ingest import Ingest, Ingested, Source
from pulse.repositories import Repositories
from pulse.x.answers import Page, Quarantined

NOON = datetime(2030, 5, 14, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HELP = Account("100", "acme_help", "support", "acme_help")
ACME = Company(
    name="acme",
    title={"en": "Acme"},
    accounts=(HELP,),
    people={"anna": Person("anna", "Anna", "anna@example.com")},
    policy=Policy((Level("warning", 15 * MINUTE, ()),), {}),
    owner="anna",
)
ASKED = Post("11", "11", "help", "7", "11", NOON, named=frozenset({"100"}))
ANSWERED = Post("12", "12", "we look", "100", "11", NOON + MINUTE, in_reply_to_user_id="7")
NEWS = Post("13", "13", "news", "100", "13", NOON + 2 * MINUTE)
UNNAMED = Post("14", "14", "and now?", "8", "14", NOON + 3 * MINUTE)
ODD = Quarantined({"id": "15", "text": "?"}, "`author_id` is None")


def ingest_into(db: Repositories, now: datetime = NOON) -> Ingest:
    return Ingest(ACME, db.conversations, db.author_cache, db.erasures, db.audit_log, now)


def test_posts_need_no_poll_to_be_stored(table: Table) -> None:
    """Posts are stored by what they are, and nothing is new the second time.

    Any source may hand posts to `ingest`: no cursor is read or written.
    """
    db, source = Repositories(table), Source(HELP, watched_from=NOON)
    ingest = ingest_into(db, NOON + 5 * MINUTE)
    authors = (Author("7", "ivan", "Ivan"),)

    def store() -> Ingested:
        return ingest.store(Page((NEWS, ANSWERED, ASKED, UNNAMED), (ODD,), authors), source)

    assert store() == Ingested(new=3, quarantined=1)
    assert store() == Ingested(new=0, quarantined=0)
    published = db.conversations.published(ACME, NOON, NOON + 5 * MINUTE)
    assert [(stored.key, fact.id) for stored, fact in published] == [
        (ConversationKey("acme", "11", "7"), "11"),
        (ConversationKey("acme", "11", "7"), "12"),
        (ConversationKey("acme", "13", NOBODY), "13"),
    ]
    assert db.author_cache.find(["7", "8"]) == {"7": Author("7", "ivan", "Ivan")}
    assert list(db.audit_log.quarantined("acme")) == [ODD.raw]
    assert db.cursors.load(["100"]) == {}


def test_a_post_in_the_mentions_timeline_is_a_mention(table: Table) -> None:
    """Without entities, a post is a mention only if it was in the account's mentions timeline."""
    ingest = ingest_into(Repositories(table))
    found, shown = (Source(HELP, NOON, in_mentions=shown) for shown in (False, True))
    assert ingest.store(Page((UNNAMED,)), found).new == 0
    assert ingest.store(Page((UNNAMED,)), shown).new == 1


def test_posts_from_before_an_erasure_are_not_stored(table: Table) -> None:
    """Of erased people, posts from before the erasure are skipped and later ones are stored."""
    db = Repositories(table)
    db.erasures.add("acme", "7", NOON + MINUTE / 2)
    db.erasures.add("acme", "8", NOON + MINUTE / 2)
    source = Source(HELP, NOON, in_mentions=True)
    page = Page(
        (ASKED, UNNAMED),
        (Quarantined({"id": "16", "author_id": "7"}, "`text` is missing"),),
        (Author("7", "ivan", "Ivan"),),
    )
    found = ingest_into(db, NOON + 5 * MINUTE).store(page, source)
    assert found == Ingested(new=1, quarantined=0)
    assert set(db.conversations.open(ACME)) == {ConversationKey("acme", "14", "8")}
    assert db.author_cache.find(["7"]) == {}


def test_own_posts_are_found_by_their_time(table: Table) -> None:
    """The own posts of a company are found by a period, without its end."""
    db = Repositories(table)
    other = replace(ACME, name="other", retention=None)

    def own_post(number: int, minute: float) -> Post:
        return Post(str(number), str(number), "news", "100", str(number), NOON + minute * MINUTE)

    news = [own_post(1, 0), own_post(2, 10), own_post(3, 20)]
    ingest = ingest_into(db, NOON + 30 * MINUTE)
    source = Source(HELP, NOON)
    assert ingest.store(Page(tuple(news)), source).new == 3
    replace(ingest, company=other).store(Page((own_post(4, 10),)), source)

    def found(start: datetime, end: datetime) -> list[tuple[str, str, str, datetime]]:
        return [
            (post.id, post.version, post.account_id, post.at)
            for _, post in db.conversations.published(ACME, start, end)
            if isinstance(post, Reply)
        ]

    assert found(NOON, NOON + 20 * MINUTE) == [
        ("1", "1", "100", NOON),
        ("2", "2", "100", NOON + 10 * MINUTE),
    ]
    midnight = NOON.replace(hour=0) + timedelta(days=1)
    of_day = found(midnight - timedelta(days=1), midnight)
    assert [post[:2] for post in of_day] == [("1", "1"), ("2", "2"), ("3", "3")]
    stored = table.get(keys.document("acme", "1", NOBODY))
    assert stored is not None
    until = datetime.fromtimestamp(stored["ttl"], UTC)
    assert timedelta(days=90) <= until - NOON <= timedelta(days=91)
    assert "ttl" not in (table.get(keys.document("other", "4", NOBODY)) or {})
