"""Ingest: posts from anywhere become facts, own posts or quarantined posts, once each."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pulse.conversations.facts import NOBODY, ConversationKey, Reply
from pulse.dynamodb import keys
from pulse.dynamodb.table import Table
from pulse.kernel.company import Account, Company, Person
from pulse.kernel.policy import Level, Policy
from pulse.kernel.posts import Author, Post
from pulse.listening.ingest import Ingested, IngestStores, Source, ingest
from pulse.repositories import Repositories
from pulse.x.answers import Quarantined

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


def stores_of(db: Repositories) -> IngestStores:
    return IngestStores(db.conversations, db.author_cache, db.erasures, db.audit_log)


def test_posts_need_no_poll_to_be_stored(table: Table) -> None:
    """Given posts and where they come from, then each goes where it belongs; again, nothing is new.

    Whoever hears of posts may hand them over: no cursor is read or written.
    """
    db, source = Repositories(table), Source(HELP, watched_from=NOON)
    stores = stores_of(db)

    def store() -> Ingested:
        return ingest(
            [NEWS, ANSWERED, ASKED, UNNAMED],
            source,
            ACME,
            stores,
            NOON + 5 * MINUTE,
            unreadable=[ODD],
            authors=[Author("7", "ivan", "Ivan")],
        )

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


def test_what_stands_in_the_mentions_timeline_names_the_account(table: Table) -> None:
    """Given a post without entities, then it is a mention only if X shows it to the account."""
    stores = stores_of(Repositories(table))
    found, shown = (Source(HELP, NOON, in_mentions=shown) for shown in (False, True))
    assert ingest([UNNAMED], found, ACME, stores, NOON).new == 0
    assert ingest([UNNAMED], shown, ACME, stores, NOON).new == 1


def test_what_an_erased_person_published_before_is_not_stored(table: Table) -> None:
    """Given a person erased after a post, then it is passed over, and a later one is stored."""
    db = Repositories(table)
    db.erasures.add("acme", "7", NOON + MINUTE / 2)
    db.erasures.add("acme", "8", NOON + MINUTE / 2)
    source = Source(HELP, NOON, in_mentions=True)
    found = ingest(
        [ASKED, UNNAMED],
        source,
        ACME,
        stores_of(db),
        NOON + 5 * MINUTE,
        unreadable=[Quarantined({"id": "16", "author_id": "7"}, "`text` is missing")],
        authors=[Author("7", "ivan", "Ivan")],
    )
    assert found == Ingested(new=1, quarantined=0)
    assert set(db.conversations.open(ACME)) == {ConversationKey("acme", "14", "8")}
    assert db.author_cache.find(["7"]) == {}


def test_own_news_are_found_by_their_time(table: Table) -> None:
    """Given own posts that answer nobody, then those of a stretch of time are found."""
    db = Repositories(table)
    other = replace(ACME, name="other", retention=None)

    def said(number: int, minute: float) -> Post:
        return Post(str(number), str(number), "news", "100", str(number), NOON + minute * MINUTE)

    news = [said(1, 0), said(2, 10), said(3, 20)]
    assert ingest(news, Source(HELP, NOON), ACME, stores_of(db), NOON + 30 * MINUTE).new == 3
    ingest([said(4, 10)], Source(HELP, NOON), other, stores_of(db), NOON + 30 * MINUTE)

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
    kept = table.get(keys.document("acme", "1", NOBODY))
    assert kept is not None
    until = datetime.fromtimestamp(kept["ttl"], UTC)
    assert timedelta(days=90) <= until - NOON <= timedelta(days=91)
    assert "ttl" not in (table.get(keys.document("other", "4", NOBODY)) or {})
