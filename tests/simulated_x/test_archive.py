"""Reading archives: what is accepted, what is quarantined, and how errors are reported."""

import json
from datetime import UTC, datetime

import pytest

from pulse_cli.simulated_x import Archive, ArchiveError

VALID = '{"id": "1", "text": "t", "author_id": "2", "created_at": "2030-05-14T12:00:00Z"}'


def test_posts_come_sorted_by_id_as_a_number_whatever_the_order_of_lines(write, make_post) -> None:
    archive = Archive.load(write([make_post(1000), make_post(999), make_post(998)]))
    assert [post.id for post in archive.posts] == ["998", "999", "1000"]


def test_the_last_line_of_an_id_wins(write, make_post) -> None:
    archive = Archive.load(write([make_post(1000, text="first"), make_post(1000, text="second")]))
    assert [post.text for post in archive.posts] == ["second"]


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2030-05-14T12:00:00.000Z", "2030-05-14T12:00:00.000Z"),
        ("2030-05-14T12:00:00Z", "2030-05-14T12:00:00.000Z"),
        ("2030-05-14T15:00:00+03:00", "2030-05-14T12:00:00.000Z"),
        ("2030-05-14T12:00:00.250+00:00", "2030-05-14T12:00:00.250Z"),
    ],
)
def test_times_are_read_with_any_zone_and_served_in_utc(write, make_post, written, utc) -> None:
    (post,) = Archive.load(write([make_post(1000, created_at=written)])).posts
    assert post.fields["created_at"] == utc
    assert post.created_at.tzinfo is UTC


def test_both_vocabularies_are_read_even_in_one_line(write, make_post) -> None:
    archive = Archive.load(
        write(
            [
                make_post(
                    1001,
                    edit_history_tweet_ids=None,
                    edit_history_post_ids=["1000", "1001"],
                    referenced_posts=[{"type": "replied_to", "id": "999"}],
                    note_post={"text": "long"},
                    public_metrics={"repost_count": 2},
                ),
                make_post(1002, referenced_tweets=[{"type": "retweeted", "id": "999"}]),
            ]
        )
    )
    new, old = archive.posts
    assert new.first_id == "1000"
    assert new.is_reply
    assert new.fields["note_tweet"] == {"text": "long"}
    assert new.fields["public_metrics"] == {"retweet_count": 2}
    assert old.is_retweet
    assert new.raw["note_post"] == {"text": "long"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{not json", "not JSON"),
        ("[]", "not a JSON object"),
        ("null", "not a JSON object"),
        ('{"id": "x1"}', "id 'x1' is not a number of up to 19 digits"),
        ('{"id": "12345678901234567890"}', "id '12345678901234567890' is not a number"),
        ('{"text": "no id"}', "no id"),
        ('{"id": true, "text": "t"}', "id True is not a number"),
        ('{"id": "1"}', "no text"),
        ('{"id": "1", "text": 5}', "no text"),
        ('{"id": "1", "text": "t"}', "no author_id"),
        ('{"id": "1", "text": "t", "author_id": "2"}', "no created_at"),
        (
            '{"id": "1", "text": "t", "author_id": "2", "created_at": "yesterday"}',
            "created_at: 'yesterday' is not an ISO time",
        ),
        (
            '{"id": "1", "text": "t", "author_id": "2", "created_at": "2030-05-14T12:00:00"}',
            "does not say its zone",
        ),
        (VALID[:-1] + ', "visible_at": 5}', "visible_at: 5 is not a time"),
        (VALID[:-1] + ', "entities": []}', "entities is not an object"),
        ("[" * 100_000, "not JSON"),
        ('{"id": "1", "text": "\\ud83d"}', "half a character"),
        ('{"id": "1", "n": NaN}', "NaN, which is not JSON"),
    ],
)
def test_a_line_that_is_no_post_is_quarantined_with_its_reason(
    write, make_post, line, reason
) -> None:
    archive = Archive.load(write([make_post(999), "", line, make_post(1000)]))
    assert [post.id for post in archive.posts] == ["999", "1000"]
    ((number, found),) = archive.quarantined
    assert number == 3
    assert reason in found
    assert "\n" not in found


def test_bytes_that_are_not_text_are_quarantined(write, make_post) -> None:
    folder = write([])
    good = json.dumps(make_post(1000)).encode()
    (folder / "posts.ndjson").write_bytes(b"\xff\xfe{}\n" + good + b"\r\n")
    archive = Archive.load(folder)
    assert [post.id for post in archive.posts] == ["1000"]
    assert archive.quarantined == [(1, "not JSON")]


def test_an_invalid_user_is_quarantined_and_accounts_are_users_too(write) -> None:
    archive = Archive.load(write([], users=[{"id": "7", "username": "anna"}, {"id": "x"}]))
    assert archive.quarantined_users == [(2, "no id")]
    assert archive.users["7"]["name"] == "anna"
    assert archive.users["101"]["username"] == "Nimbus"


@pytest.mark.parametrize("missing", ["posts.ndjson", "users.ndjson", "companies.json"])
def test_a_missing_file_is_named(write, missing) -> None:
    folder = write([])
    (folder / missing).unlink()
    with pytest.raises(ArchiveError, match=f"{missing}: No such file"):
        Archive.load(folder)


SHORT = '{"name": "A", "accounts": [{"id": "1", "username": "a"}]}'
ACCOUNT = {"id": "1", "username": "a", "role": "support"}


@pytest.mark.parametrize(
    ("companies", "message"),
    [
        ('[\n{"name": "A",}\n]', "line 2: .*fix the JSON"),
        ("{}", "line 1: not a list"),
        ("[]", "line 1: there is no company"),
        ([{"accounts": [ACCOUNT]}], "line 2: a company without a name"),
        ([{"name": "A", "accounts": []}], "'A' has no accounts"),
        ([{"name": "A", "accounts": [{**ACCOUNT, "id": 1}]}], "account 1: id 1; write X's number"),
        ([{"name": "A", "accounts": [{**ACCOUNT, "username": ""}]}], "no username"),
        ([{"name": "A", "accounts": [{**ACCOUNT, "role": "boss"}]}], "role 'boss'; write one of"),
        (f"[{SHORT},\n{SHORT}]", "line 2: a second company 'A'"),
    ],
)
def test_invalid_companies_are_rejected_with_line_and_fix(write, companies, message) -> None:
    with pytest.raises(ArchiveError, match=f"companies.json, .*{message}") as caught:
        Archive.load(write([], companies=companies))
    assert "\n" not in str(caught.value)


FAULT = {"from": "2030-05-14T12:00:00Z", "until": "2030-05-14T13:00:00Z", "status": 503}


@pytest.mark.parametrize(
    ("faults", "message"),
    [
        ("[", "line 1: .*fix the JSON"),
        ([FAULT, {**FAULT, "from": "noon"}], "line 7: from: 'noon' is not an ISO time"),
        ([{**FAULT, "until": FAULT["from"]}], "ends before it begins"),
        ([{**FAULT, "endpoint": "likes"}], "endpoint 'likes' is not one of mentions"),
        ([{**FAULT, "every": 0.5}], "every 0.5"),
        ([{**FAULT, "drop": "it"}], "drop 'it' is not one of connect"),
        ([{**FAULT, "status": 42}], "status 42 is not an HTTP status"),
        ([{**FAULT, "status": None}], "does nothing"),
        ([{**FAULT, "headers": []}], None),
        ([{**FAULT, "headers": ["a"]}], "headers is not an object"),
        (["x"], "is not an object"),
    ],
)
def test_invalid_faults_are_rejected_with_line_and_reason(write, faults, message) -> None:
    folder = write([], faults=faults)
    if message is None:
        Archive.load(folder)
        return
    with pytest.raises(ArchiveError, match=f"faults.json, {message}|faults.json, .*{message}"):
        Archive.load(folder)


def test_a_company_has_the_mentions_of_its_accounts_and_their_own_posts(write, make_post) -> None:
    def mention(user: str) -> dict[str, object]:
        return {"mentions": [{"start": 0, "end": 1, "username": "any", "id": user}]}

    archive = Archive.load(
        write(
            [
                make_post(1),
                make_post(2, entities=mention("101")),
                make_post(3, author_id="101", entities=None),
                make_post(4, entities=mention("200")),
                make_post(5, entities=None),
                make_post(6, author_id="200", entities=mention("100")),
            ]
        )
    )
    assert [post.id for post in archive.for_company("Nimbus").posts] == ["1", "2", "3", "6"]
    assert [post.id for post in archive.for_company("Other").posts] == ["4", "6"]
    assert [company.name for company in archive.for_company("Other").companies] == ["Other"]
    since = datetime(2030, 5, 13, 19, 22, tzinfo=UTC)
    assert [post.id for post in archive.for_company("Nimbus", since).posts] == ["2", "3", "6"]
    with pytest.raises(ArchiveError, match="no company 'Nobody'; it has Nimbus, Other"):
        archive.for_company("Nobody")
