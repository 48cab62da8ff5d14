"""Users by id, by name, and by token."""

import pytest

from pulse_cli.simulated_x import Archive, SimulatedX


def test_by_ids_in_the_order_requested_and_missing_ones_named(x) -> None:
    body = x([]).get("/2/users", ids="8,5,7,8").json()
    assert [user["id"] for user in body["data"]] == ["8", "7"]
    assert body["data"][0] == {"id": "8", "name": "Борис", "username": "boris"}
    assert body["errors"][0]["detail"] == "Could not find user with ids: [5]."


def test_by_names_in_any_case(x) -> None:
    body = x([]).get("/2/users/by", usernames="NIMBUS,nobody", user_fields="verified").json()
    assert body["data"] == [{"id": "101", "name": "Nimbus", "username": "Nimbus"}]
    assert body["errors"][0]["detail"] == "Could not find user with usernames: [nobody]."


def test_by_one_name(x) -> None:
    client = x([])
    assert client.get("/2/users/by/username/Anna").json()["data"]["id"] == "7"
    missing = client.get("/2/users/by/username/nobody")
    assert missing.status_code == 200
    assert list(missing.json()) == ["errors"]


@pytest.mark.parametrize(
    ("path", "parameters", "message"),
    [
        ("/2/users", {"ids": "NA,NA"}, "The `ids` query parameter value [NA] does not match"),
        ("/2/users", {}, "The `ids` query parameter can not be empty"),
        ("/2/users", {"ids": ",".join(["1"] * 101)}, "more than 100"),
        ("/2/users", {"ids": "1", "usernames": "a"}, "[usernames] is not one of [expansions,ids"),
        ("/2/users/by", {"usernames": "a b"}, "does not match ^[A-Za-z0-9_]{1,15}$"),
        ("/2/users/by/username/sixteen_letters_", {}, "does not match ^[A-Za-z0-9_]{1,15}$"),
        ("/2/users/me", {"expansions": "author_id"}, "value [author_id] is not one of"),
    ],
)
def test_requests_that_are_refused(x, path, parameters, message) -> None:
    assert message in x([]).problem(path, user="sim-7", **parameters)


@pytest.mark.parametrize(
    ("token", "username"),
    [
        ("sim-101", "Nimbus"),
        ("sim-otherco", "OtherCo"),
        ("sim-5", "NimbusHelp"),
        ("7", "NimbusHelp"),
    ],
)
def test_me_is_the_account_that_the_token_names_or_the_first(x, token, username) -> None:
    assert x([]).get("/2/users/me", user=token).json()["data"]["username"] == username


def test_me_is_not_for_apps(x) -> None:
    answer = x([]).get("/2/users/me")
    assert answer.status_code == 403
    assert answer.json() == {
        "title": "Unsupported Authentication",
        "detail": "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.  "
        "Supported authentication types are [OAuth 1.0a User Context, OAuth 2.0 User Context].",
        "type": "https://api.twitter.com/2/problems/unsupported-authentication",
        "status": 403,
    }


def test_a_pinned_post_comes_along(write, make_post, clock, x_client_class) -> None:
    users = [{"id": "7", "username": "anna", "pinned_tweet_id": "999", "affiliation": {"url": "u"}}]
    archive = Archive.load(write([make_post(999)], users=users))
    for vocabulary, word in (("tweet", "pinned_tweet_id"), ("post", "pinned_post_id")):
        client = x_client_class(SimulatedX(archive, clock, vocabulary), clock)
        body = client.get("/2/users", ids=7, expansions=word).json()
        assert body["data"][0][word] == "999"
        assert "affiliation" not in body["data"][0]
        assert body["includes"][f"{vocabulary}s"][0]["id"] == "999"
