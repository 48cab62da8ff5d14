"""Small rules: retries after faults, alert windows, whose post it is, which tasks are due."""

from datetime import UTC, datetime, timedelta

import pytest

from pulse.kernel.posts import Author, Post, RemovalReason, first_published_at, is_from_future
from pulse.listening.tasks import PollTask, kinds_due
from pulse.outbox.entries import Entry
from pulse.outbox.mailbox import Mailbox, next_alert
from pulse.privacy.removal import StoredPost
from pulse.x.access import Limit, Token
from pulse.x.faults import FOR_A_PERSON, OpenFault, XError, record_failure
from tests.conversations.fact_builders import POLICY, at


@pytest.mark.parametrize(
    ("failures", "minutes"), [(0, 1), (1, 2), (2, 4), (3, 5), (4, 5), (400, 5)]
)
def test_retry_delays_grow_to_five_minutes(failures: int, minutes: int) -> None:
    """After so many failures before this one, the next try is so many minutes later."""
    before = OpenFault("unavailable", "", at(-60), failures, at(0)) if failures else None
    fault = record_failure(XError("unavailable", "503"), before, at(0))
    assert fault.next_try == at(minutes)
    assert fault.failures == failures + 1
    assert fault.since == (at(-60) if failures else at(0))


@pytest.mark.parametrize(
    ("retry_at", "next_try"), [(3, 3), (15, 15), (600, 15), (-5, 1), (0, 1), (None, 1)]
)
def test_a_limit_is_waited_for_as_x_says(retry_at: float | None, next_try: float) -> None:
    """After a 429, the next try is at X's reset time, between 1 and 15 minutes later."""
    reset = None if retry_at is None else at(retry_at)
    assert record_failure(XError("rate_limited", "429", reset), None, at(0)).next_try == at(
        next_try
    )


@pytest.mark.parametrize("kind", sorted(FOR_A_PERSON))
def test_faults_that_only_a_person_can_fix_are_retried_every_15_minutes(kind: str) -> None:
    """A reported fault stays reported while its kind is the same, so that it is reported once."""
    first = record_failure(XError(kind, "no"), None, at(0))
    assert (first.next_try, first.reported) == (at(15), False)
    reported = OpenFault(kind, "no", at(0), 1, at(15), reported=True)
    assert record_failure(XError(kind, "no"), reported, at(15)).reported
    assert not record_failure(XError("unavailable", "503"), reported, at(15)).reported


def alert(minute: float, *, urgent: bool = False) -> Entry:
    return Entry(str(minute), "acme", "anna", "alert", at(minute), urgent=urgent)


WINDOWS = [
    ([], None, None),
    ([alert(3)], None, 3),
    ([alert(3), alert(2)], None, 2),
    ([alert(3)], 0, 30),
    ([alert(31)], 0, 31),
    ([alert(3), alert(4, urgent=True)], 0, 5),
    ([alert(7, urgent=True)], 0, 7),
    ([alert(3, urgent=True)], -10, 3),
]


@pytest.mark.parametrize(("entries", "last", "expected"), WINDOWS)
def test_one_alert_mail_per_window(
    entries: list[Entry], last: float | None, expected: float | None
) -> None:
    """Alerts go out every 30 minutes at most; critical ones every five minutes at most."""
    mailbox = Mailbox("acme", "anna", None if last is None else at(last))
    found = next_alert(entries, mailbox, POLICY)
    assert found == (None if expected is None else at(expected))


X_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657000, UTC)


def snowflake(moment: datetime) -> str:
    return str(int((moment - X_EPOCH) / timedelta(milliseconds=1)) << 22)


def test_an_edited_post_was_published_when_its_first_version_was() -> None:
    """With an edit 20 minutes later, the publish time is that of the first id."""
    assert first_published_at(snowflake(at(0)), snowflake(at(20)), at(20)) == at(0)


@pytest.mark.parametrize(
    ("first", "version"),
    [(snowflake(at(20)), snowflake(at(20))), ("5", "6"), (snowflake(at(-300)), "9")],
)
def test_ids_without_a_plausible_time_are_ignored(first: str, version: str) -> None:
    """Without an edit, or with ids that hold no plausible time, X's own time is used."""
    assert first_published_at(first, version, at(20)) == at(20)


@pytest.mark.parametrize(("minutes", "is_ahead"), [(-1, False), (60, False), (61, True)])
def test_an_id_from_the_future(minutes: float, is_ahead: bool) -> None:
    """An id may be up to an hour ahead, since clocks differ."""
    assert is_from_future(snowflake(at(minutes)), at(0)) is is_ahead


def post(author: str = "7", *named: str, to: str | None = None, retweet: bool = False) -> Post:
    return Post(
        "1", "1", "", author, "1", at(0),
        in_reply_to_user_id=to, retweet=retweet, named=frozenset(named),
    )  # fmt: skip


OURS = frozenset({"100", "200"})
WHOSE = {
    "names us": (post("7", "100"), True, False),
    "names the other of our accounts": (post("7", "200", "9"), True, False),
    "names somebody else": (post("7", "9"), False, False),
    "a retweet that names us": (post("7", "100", retweet=True), False, False),
    "replies to us": (post("7", "100", to="100"), True, False),
    "replies to somebody else and names us": (post("7", "100", to="9"), True, False),
    "one of our accounts names the other": (post("100", "200"), False, False),
    "our reply to a customer": (post("100", "7", to="7"), False, True),
    "our reply that names our other account": (post("100", "7", "200", to="7"), False, True),
    "our reply to our other account": (post("100", "200", to="200"), False, False),
    "our own thread": (post("100", to="100"), False, False),
    "our own post": (post("200"), False, False),
    "our retweet of a customer": (post("200", "7", to="7", retweet=True), False, False),
    "somebody else's reply to the customer": (post("8", "7", to="7"), False, False),
}


@pytest.mark.parametrize(("one", "is_mention", "is_reply"), WHOSE.values(), ids=WHOSE)
def test_mentions_and_replies(one: Post, is_mention: bool, is_reply: bool) -> None:
    """A mention is by somebody else and names us; a reply is ours and goes to a customer."""
    assert one.is_mention_of(OURS) is is_mention
    assert one.is_reply_of(OURS) is is_reply


@pytest.mark.parametrize(
    ("clock", "swept", "kinds"),
    [
        ("09:00", "08:45", ("poll", "sweep")),
        ("09:01", "09:00", ("poll",)),
        ("09:15", None, ("poll", "sweep")),
        ("23:45", "23:30", ("poll", "sweep")),
        ("23:50", "23:45", ("poll", "day")),
        ("23:51", "23:50", ("poll",)),
        ("23:51", "23:45", ("poll", "day")),
        ("23:59", None, ("poll", "day")),
        ("23:59", "23:58", ("poll",)),
        ("00:00", "00:00", ("poll", "sweep")),
    ],
)
def test_what_is_due_in_a_minute(clock: str, swept: str | None, kinds: tuple[str, ...]) -> None:
    """A poll is due each minute, a sweep every 15, that of the day from 23:50 until it is done."""
    last = datetime.fromisoformat(f"2030-05-14T{swept}Z") if swept else None
    assert kinds_due(datetime.fromisoformat(f"2030-05-14T{clock}Z"), last) == kinds


@pytest.mark.parametrize(("minutes", "stale"), [(0, False), (5, False), (5.1, True), (60, True)])
def test_a_task_grows_stale(minutes: float, stale: bool) -> None:
    """After five minutes, newer tasks have taken its place; a retried task never grows stale."""
    assert PollTask("acme", "100", "poll", at(0)).is_stale(at(minutes)) is stale
    assert not PollTask("acme", "100", "poll", at(0), retried=True).is_stale(at(minutes))


def test_a_limit_allows_requests_until_used_up_and_again_after_its_reset() -> None:
    """With none remaining until minute 5, requests are allowed again from minute 5 on."""
    assert Limit(1, at(5)).allows(at(0))
    assert not Limit(0, at(5)).allows(at(4.9))
    assert Limit(0, at(5)).allows(at(5))


def test_a_token_is_never_printed() -> None:
    """No part of a token shows in any text form of it."""
    token = Token("SECRET", "SECRET", "SECRET", "SECRET", "SECRET")
    assert "SECRET" not in f"{token} {token!r} {[token]}"
    assert token.is_user
    assert not Token(bearer="SECRET").is_user


@pytest.mark.parametrize(
    ("author", "url"),
    [(Author("7", "anna", "Anna"), "https://x.com/anna"), (Author("7"), "https://x.com/i/user/7")],
)
def test_an_authors_page(author: Author, url: str) -> None:
    """The URL has the handle if it is known, else the id."""
    assert author.url == url


@pytest.mark.parametrize("why", ["deleted", "bounced", "protected", "suspended", "deactivated"])
def test_which_posts_must_be_deleted(why: RemovalReason) -> None:
    """Customers' posts must be deleted for any reason; our own only if they were deleted on X.

    Our own posts stay otherwise, since they answered somebody.
    """
    assert StoredPost("1", "1", None, ours=False).must_be_deleted(why)
    assert StoredPost("1", "1", None, ours=True).must_be_deleted(why) is (
        why in ("deleted", "bounced")
    )
