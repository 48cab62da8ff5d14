"""What is slow or silent: X, SSM, SNS and SES take no more of a minute than there is."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import botocore.exceptions
import pytest

from pulse_cli.replay.lambda_service import LambdaContext
from tests.jobs.between import Between
from tests.jobs.town import HELP, Build, Posts, Town, alone, at

from .troubles import trouble


@dataclass
class Left:
    """What Lambda leaves of a minute: what takes time takes from it, and at its end all ends."""

    seconds: float = 50

    def take(self, seconds: float) -> None:
        self.seconds -= seconds
        if self.seconds <= 0:
            raise SystemExit("Lambda has ended it")

    def later(self, here: Town, *minutes: float) -> None:
        """These minutes, each by an invocation of its own."""
        for minute in minutes:
            self.seconds = 50
            here.later(minute)


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> Left:
    """The time that is left to a function."""
    found = Left()
    monkeypatch.setattr(
        LambdaContext, "get_remaining_time_in_millis", lambda _: found.seconds * 1000
    )
    return found


def crowd(**levels: tuple[str, int]) -> dict[str, Any]:
    """Who hears how long after a mention: so many people, by the letter of their names."""
    told = {level: [f"{who}{n:02}" for n in range(20)] for level, (who, _) in levels.items()}
    return alone(
        people={key: f"{key}@acme.example" for keys in told.values() for key in keys},
        policy={
            "levels": [
                {"name": level, "after": f"{after} min", "tell": told[level]}
                for level, (_, after) in levels.items()
            ]
        },
    )


def claims(here: Town) -> Iterator[str]:
    """Who is being written to."""
    return (item["pk"] for item in here.world.app.db.table.scan() if "claimed" in item)


def test_no_mail_is_begun_that_may_not_be_ended(posts: Posts, town: Build, left: Left) -> None:
    """Given twenty who must hear, and 3 s for each mail, then the last hear a minute later."""
    posts.mention(0)
    here = town(crowd(warning=("p", 15), critical=("c", 240)))
    here.ses_says(lambda _: left.take(3))
    here.go(0)
    left.later(here, 15)
    assert len(here.mails) == 12
    assert left.seconds == 14
    assert list(claims(here)) == []
    left.later(here, 16)
    assert Counter(who for _, who in here.told()) == Counter({f"p{n:02}": 1 for n in range(20)})
    assert here.failures == []


def test_who_has_waited_longest_is_first(posts: Posts, town: Build, left: Left) -> None:
    """Given people left over and others who are due a minute later, then those left over hear."""
    posts.mention(0)
    here = town(crowd(warning=("p", 15), breach=("b", 16), critical=("c", 240)))
    here.ses_says(lambda _: left.take(3))
    here.go(0)
    left.later(here, 15, 16, 17)
    assert [who for _, who in here.told()] == [
        *(f"p{n:02}" for n in range(20)),
        *(f"b{n:02}" for n in range(16)),
    ]


def test_a_second_mail_to_one_person_waits_unclaimed(posts: Posts, town: Build, left: Left) -> None:
    """Given time for one mail of two to a person, then the other comes in the next minute."""
    posts.mention(0)
    here = town()
    here.ses_says(lambda _: left.take(40))
    for n in range(2):
        here.world.app.db.outbox.put(trouble(f"t{n}"))
    left.later(here, 1, 2)
    assert here.told() == [(1, "vera"), (2, "vera")]
    assert here.waiting() == []
    assert here.failures == []


def test_no_company_starves_behind_another(posts: Posts, town: Build, left: Left) -> None:
    """Given two companies, each with mail for a whole minute, then both are served in turn."""
    [acme] = alone()["companies"]
    names = ("acme", "blue")
    document = {
        "companies": [
            {
                **acme,
                "name": name,
                "accounts": [{"id": account, "username": f"{name}_help", "role": "support"}],
                "people": {f"p{n:02}": f"p{n:02}@{name}.example" for n in range(40)},
                "owner": "p00",
            }
            for name, account in zip(names, (HELP, "300"), strict=True)
        ]
    }
    here = town(document)
    for name in names:
        for n in range(40):
            here.world.app.db.outbox.put(trouble("t", company=name, person=f"p{n:02}"))
    here.ses_says(lambda _: left.take(1))
    left.later(here, 1, 2)
    served = {
        minute: {m.to.partition("@")[2] for m in here.mails if m.minute == minute}
        for minute in (1, 2)
    }
    assert len(here.mails) == 72
    assert sorted(map(sorted, served.values())) == [["acme.example"], ["blue.example"]]
    assert here.failures == []


def test_an_x_that_hangs_is_asked_once_a_minute(posts: Posts, town: Build, left: Left) -> None:
    """Given an X that does not say who a customer is, then all mails go, with the id."""
    asked: list[str] = []

    def hang(environ: dict[str, Any]) -> tuple[str, bytes] | None:
        if environ["PATH_INFO"] != "/2/users":
            return None
        asked.append(environ["PATH_INFO"])
        left.take(13)
        return "503 Service Unavailable", b""

    posts.mention(0, "7")
    document = crowd(warning=("p", 15), critical=("c", 240))
    here = town(document, x=lambda sim: Between(sim, hang)).go(0)
    left.later(here, 15)
    assert len(here.mails) == 20
    assert len(asked) == 1
    left.later(here, 240)
    assert len(here.mails) == 40
    assert len(asked) == 2
    assert here.failures == []


def test_an_sns_that_hangs_holds_up_no_mail(posts: Posts, town: Build, left: Left) -> None:
    """Given a topic that takes nothing, then all people hear in the minute, the topic later."""
    posts.mention(0, "7")
    here = town(crowd(critical=("p", 15)))
    heard = here.listen()
    here.ses_says(lambda _: left.take(1))

    def hang(**_: Any) -> None:
        if here.world.now() < at(16):
            left.take(here.world.app.topic._client.meta.config.read_timeout)
            raise botocore.exceptions.ReadTimeoutError(endpoint_url="https://sns")

    boto3.DEFAULT_SESSION.events.register("before-send.sns.Publish", hang)
    here.go(0)
    left.later(here, 15)
    assert len(here.mails) == 20
    assert left.seconds == 50 - 20 - 2 * 5
    assert heard() == []
    left.later(here, 16)
    assert len(heard()) == 1
    assert here.failures == []


def test_without_ssm_mails_show_customers_by_their_ids(posts: Posts, town: Build) -> None:
    """Given an SSM out of reach, then who waits is told all the same, and polls go on after it."""
    asked, later = posts.mention(0, "7"), posts.mention(15.5, "8")
    here = town(alone()).go(0)
    out = [True]

    def down(**_: Any) -> None:
        if out:
            raise botocore.exceptions.EndpointConnectionError(endpoint_url="https://ssm")

    boto3.DEFAULT_SESSION.events.register("before-call.ssm.GetParameter", down)
    here.world.lambdas.wired = here.world.lambdas.begin()  # which has no token yet
    here.go(15, 16)
    assert [(m.minute, m.posts) for m in here.mails] == [(15, [asked])]
    assert here.cursor().faults["mentions"].detail == "SSM: EndpointConnectionError"
    out.clear()
    here.go(17, 18)
    assert here.stored == {asked, later}
    assert here.failures == []
