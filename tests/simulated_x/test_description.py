"""The simulated X against X's own descriptions: what may be requested, and what is answered."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pulse_cli.simulated_x import Archive, SimulatedX
from pulse_cli.simulated_x.request import (
    JOB_FIELDS,
    JOB_STATUSES,
    JOB_TYPES,
    PAGE_SIZES,
    PARAMETERS,
    USER_OPERATIONS,
)
from pulse_cli.simulated_x.vocabulary import (
    MEDIA_FIELDS,
    PLACE_FIELDS,
    POLL_FIELDS,
    POST,
    TWEET,
    Vocabulary,
)

pytestmark = pytest.mark.shared

VERSIONS = [("2.159", TWEET), ("2.167", POST)]
PATHS = {
    "mentions": "/2/users/{id}/mentions",
    "posts": "/2/users/{id}/tweets",
    "search": "/2/tweets/search/recent",
    "counts": "/2/tweets/counts/recent",
    "users": "/2/users",
    "users_by": "/2/users/by",
    "username": "/2/users/by/username/{username}",
    "me": "/2/users/me",
    "lookup": "/2/tweets",
    "jobs": "/2/compliance/jobs",
    "job": "/2/compliance/jobs/{id}",
}
POSTS = ("mentions", "posts", "search", "lookup")
JOBS = ("jobs", "job")
FOR_APPS = ("counts", *JOBS)
REQUIRED = {
    "search": {"query": "@NimbusHelp"},
    "counts": {"query": "@NimbusHelp"},
    "users": {"ids": "7,100,12345"},
    "users_by": {"usernames": "anna,nobody"},
    "lookup": {"ids": "998,5,999"},
    "jobs": {"type": "tweets"},
}
cases = pytest.mark.parametrize(
    ("version", "vocabulary", "operation"),
    [(version, vocabulary, operation) for version, vocabulary in VERSIONS for operation in PATHS],
)


class Description:
    """One version of X's description."""

    def __init__(self, path: Path) -> None:
        self.spec = json.loads(path.read_text())

    def parameters(self, operation: str) -> dict[str, dict[str, Any]]:
        """The schemas of the query parameters of an operation, by name."""
        found = {}
        for parameter in self.spec["paths"][PATHS[operation]]["get"]["parameters"]:
            named = parameter.get("$ref", "").rpartition("/")[2]
            described = self.spec["components"]["parameters"][named] if named else parameter
            if described["in"] == "query":
                found[described["name"]] = described["schema"]
        return found

    def required(self, operation: str) -> set[str]:
        get = self.spec["paths"][PATHS[operation]]["get"]
        return {
            p["name"] for p in get["parameters"] if p.get("required") and p.get("in") == "query"
        }

    def ways(self, operation: str) -> set[str]:
        """The ways to authenticate."""
        get = self.spec["paths"][PATHS[operation]]["get"]
        return {way for entry in get["security"] for way in entry}

    def check(self, body: Any, operation: str) -> None:
        """Fail unless this is a valid answer; unknown fields of posts and users are not allowed."""
        get = self.spec["paths"][PATHS[operation]]["get"]
        schema = get["responses"]["200"]["content"]["application/json"]["schema"]
        self._validate(body, schema)
        includes = body.get("includes", {})
        data = body.get("data", [])
        things = (data if isinstance(data, list) else [data], *includes.values())
        names = (self._name(operation), *includes)
        for name, listed in zip(names, things, strict=True):
            known = self._properties(name)
            for thing in listed:
                assert thing.keys() <= known, (name, thing.keys() - known)

    def check_problem(self, body: Any) -> None:
        self._validate(body, {"$ref": "#/components/schemas/Problem"})

    def _validate(self, body: Any, schema: dict[str, Any]) -> None:
        whole = {**schema, "components": self.spec["components"]}
        jsonschema.validate(body, whole, cls=jsonschema.Draft202012Validator)

    def check_answer(self, body: Any, path: str, method: str) -> None:
        """Fail unless this is a valid answer to a request with this method."""
        operation = self.spec["paths"][path][method]
        self._validate(body, operation["responses"]["200"]["content"]["application/json"]["schema"])

    def check_request(self, body: Any, path: str, method: str) -> None:
        """Fail unless this is a valid body of a request."""
        content = self.spec["paths"][path][method]["requestBody"]["content"]
        self._validate(body, content["application/json"]["schema"])

    def _name(self, operation: str) -> str:
        if operation in POSTS:
            return "posts"
        return {"counts": "SearchCount", "jobs": "job", "job": "job"}.get(operation, "users")

    def _properties(self, name: str) -> set[str]:
        schemas = self.spec["components"]["schemas"]
        if name == "SearchCount":
            schema = schemas.get("SearchCount") or schemas["GetPostsCountsRecentResponseData"]
        elif name == "users":
            schema = schemas["User"]
        elif name == "job":
            schema = schemas["ComplianceJob"]
        else:
            schema = schemas.get("Post" if "Post" in schemas else "Tweet")
        return set(schema["properties"])


@pytest.fixture(scope="session")
def description(shared):
    found: dict[str, Description] = {}

    def description(version: str) -> Description:
        if version not in found:
            path = shared / "x-api" / "openapi" / f"x-api-{version}.json"
            found[version] = Description(path)
        return found[version]

    return description


def full_post(number: int, make_post, **more: Any) -> dict[str, Any]:
    """A post with nearly all fields that a post can have."""
    metrics = dict.fromkeys(
        ["retweet_count", "reply_count", "like_count", "quote_count", "bookmark_count"], 1
    )
    url = {"start": 0, "end": 3, "url": "https://t.co/a", "expanded_url": "https://example.com"}
    return make_post(
        number,
        lang="ru",
        public_metrics={**metrics, "impression_count": 9},
        possibly_sensitive=False,
        reply_settings="everyone",
        source="X for Web",
        attachments={"media_keys": ["3_1"], "poll_ids": ["5"]},
        geo={"place_id": "01a9a39529b27f36"},
        edit_controls={
            "edits_remaining": 5,
            "is_edit_eligible": True,
            "editable_until": "2030-05-14T13:00:00.000Z",
        },
        note_tweet={"text": "long", "entities": {"urls": [url]}},
        withheld={"copyright": False, "country_codes": ["XY"]},
        context_annotations=[{"domain": {"id": "46"}, "entity": {"id": "7", "name": "Brands"}}],
        display_text_range=[0, 10],
        scopes={"followers": False},
        **more,
    )


@pytest.fixture
def make_client(write, make_post, clock, x_client_class):
    """Makes a client for a vocabulary; posts and users have nearly all their fields."""
    posts = [full_post(number, make_post) for number in range(980, 996)] + [
        full_post(
            998,
            make_post,
            author_id="8",
            in_reply_to_user_id="7",
            referenced_tweets=[{"type": "replied_to", "id": "995"}, {"type": "quoted", "id": "5"}],
            edit_history_tweet_ids=["995", "998"],
        ),
        full_post(999, make_post, author_id="100"),
    ]
    users = [
        {"id": "8", "username": "boris", "name": "Boris"},
        {
            "id": "7",
            "username": "anna",
            "name": "Anna",
            "created_at": "2020-01-01T00:00:00.000Z",
            "description": "me",
            "pinned_tweet_id": "995",
            "most_recent_tweet_id": "998",
            "protected": False,
            "verified": True,
            "verified_type": "blue",
            "affiliation": {"user_id": ["8"]},
            "public_metrics": {
                "followers_count": 1,
                "following_count": 2,
                "tweet_count": 3,
                "listed_count": 4,
            },
        },
    ]
    archive = Archive.load(write(posts, users=users))
    return lambda vocabulary: x_client_class(SimulatedX(archive, clock, vocabulary.name), clock)


@pytest.fixture
def ask(make_client):
    def ask(vocabulary: Vocabulary, operation: str, **parameters: str) -> Any:
        client = make_client(vocabulary)
        job = client.post("/2/compliance/jobs", {"type": "tweets", "name": "n"}).json()["data"]
        path = PATHS[operation].format(
            id=job["id"] if operation in JOBS else "100", username="anna"
        )
        user = None if operation in FOR_APPS else "sim-7"
        return client.get(path, user=user, **{**REQUIRED.get(operation, {}), **parameters})

    return ask


@cases
def test_the_parameters_are_those_described(description, version, vocabulary, operation) -> None:
    described = description(version)
    ours = set(PARAMETERS[operation])
    if operation not in FOR_APPS:
        ours |= {vocabulary.fields_parameter}
    assert ours == set(described.parameters(operation))
    assert described.required(operation) == set(REQUIRED.get(operation, {}))


@cases
def test_the_values_are_those_described(description, version, vocabulary, operation) -> None:
    of_users = operation in USER_OPERATIONS
    ours = {
        vocabulary.fields_parameter: vocabulary.post_fields,
        "expansions": vocabulary.user_expansions if of_users else vocabulary.expansions,
        "user.fields": vocabulary.user_fields,
        "media.fields": MEDIA_FIELDS,
        "poll.fields": POLL_FIELDS,
        "place.fields": PLACE_FIELDS,
        "exclude": ("replies", "retweets"),
        "search_count.fields": ("start", "end", vocabulary.count),
        "compliance_job.fields": JOB_FIELDS,
    }
    for name, schema in description(version).parameters(operation).items():
        if "enum" in schema.get("items", {}):
            assert set(ours[name]) == set(schema["items"]["enum"]), name
        if "enum" in schema and operation in JOBS:
            assert {"type": JOB_TYPES, "status": JOB_STATUSES}[name] == tuple(schema["enum"])
        if name == "max_results":
            assert PAGE_SIZES[operation] == (schema["minimum"], schema["maximum"])
            assert schema.get("default", 10) == 10


@cases
def test_each_described_value_is_taken_and_its_answer_is_as_described(
    description, ask, version, vocabulary, operation
) -> None:
    described = description(version)
    for name, schema in described.parameters(operation).items():
        values = schema.get("items", schema).get("enum", [])
        for value in [*values, ",".join(values)] if values else []:
            if name in ("sort_order", "granularity", "type", "status") and "," in value:
                continue
            answer = ask(vocabulary, operation, **{name: value})
            assert answer.status_code == 200, (name, value, answer.text)
            described.check(answer.json(), operation)


@cases
def test_everything_at_once_is_as_described(
    description, ask, version, vocabulary, operation
) -> None:
    described = description(version)
    parameters = {
        name: ",".join(schema["items"]["enum"])
        for name, schema in described.parameters(operation).items()
        if "enum" in schema.get("items", {}) and name != "exclude"
    }
    body = ask(vocabulary, operation, **parameters).json()
    described.check(body, operation)
    if operation in ("mentions", "search", "lookup"):
        post = next(post for post in body["data"] if post["id"] == "998")
        assert len(post) >= 22
        assert {"users", vocabulary.includes} <= body["includes"].keys()
        assert body["errors"]
    if operation == "counts":
        assert body["data"][0].keys() == {"start", "end", vocabulary.count}
        assert body["meta"].keys() == {vocabulary.total}


@cases
def test_defaults_and_pages_are_as_described(
    description, ask, version, vocabulary, operation
) -> None:
    body = ask(vocabulary, operation).json()
    description(version).check(body, operation)
    if operation in ("mentions", "search"):
        assert body["meta"].keys() == {"result_count", "newest_id", "oldest_id", "next_token"}


@cases
def test_problems_are_as_described(description, ask, version, vocabulary, operation) -> None:
    answer = ask(vocabulary, operation, colour="red")
    assert answer.status_code == 400
    description(version).check_problem(answer.json())


@cases
def test_who_may_ask_is_as_described(
    description, make_client, version, vocabulary, operation
) -> None:
    """The older description allows counts to apps only, the newer one to OAuth 2 users too."""
    ways = description(version).ways(operation)
    path = PATHS[operation].format(id="100", username="anna")
    parameters = {**REQUIRED.get(operation, {})}
    by_user = make_client(vocabulary).get(path, user="sim-7", **parameters).status_code
    by_app = make_client(vocabulary).get(path, **parameters).status_code
    assert by_user == (200 if "UserToken" in ways else 403)
    assert by_app == (200 if "BearerToken" in ways else 403)


@pytest.mark.parametrize(("version", "vocabulary"), VERSIONS)
def test_compliance_jobs_are_made_as_described(
    description, make_client, version, vocabulary
) -> None:
    """Jobs are created and listed as both descriptions say, and users may not create any."""
    described, client = description(version), make_client(vocabulary)
    parameters = {"type": "tweets", "name": "pulse"}
    described.check_request(parameters, "/2/compliance/jobs", "post")
    made = client.post("/2/compliance/jobs", parameters).json()
    described.check_answer(made, "/2/compliance/jobs", "post")
    described.check(client.get("/2/compliance/jobs", type="tweets").json(), "jobs")
    post = described.spec["paths"]["/2/compliance/jobs"]["post"]
    assert {way for entry in post["security"] for way in entry} == {"BearerToken"}
    assert client.post("/2/compliance/jobs", parameters, user="sim-7").status_code == 403


@pytest.mark.parametrize(("version", "vocabulary"), VERSIONS)
@pytest.mark.parametrize("why", ["deleted", "protected"])
def test_removed_posts_are_answered_as_described(
    description, write, make_post, clock, x_client_class, version, vocabulary, why
) -> None:
    """The answer to the id of a removed post is one that X may give."""
    removed = make_post(990, gone_at=clock.now.isoformat(), gone_why=why)
    archive = Archive.load(write([removed, make_post(991)]))
    client = x_client_class(SimulatedX(archive, clock, vocabulary.name), clock)
    body = client.get("/2/tweets", ids="990,991").json()
    described = description(version)
    described.check(body, "lookup")
    [error] = body["errors"]
    described.check_problem(error)
    kinds = {"deleted": "resource-not-found", "protected": "not-authorized-for-resource"}
    assert error["type"].endswith(kinds[why])
