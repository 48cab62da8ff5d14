"""What is slow or silent: X, SSM, SNS and SES take no more of a minute than there is."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import botocore.exceptions
import pytest

from pulse_cli.replay.lambda_service import LambdaContext
from tests.alerting.trouble_entries import trouble_entry
from tests.small_company import HELP, Build, Posts, SmallCompany, at, one_account_settings
from tests.x_interceptor import XInterceptor


@dataclass
class Left:
    """What Lambda leaves of a minute: what takes time takes from it, and at its end all ends."""

    seconds: float = 50

    def take(self, seconds: float) -> None:
        self.seconds -= seconds
        if self.seconds <= 0:
            raise SystemExit("Lambda has ended it")

    def later(self, here: SmallCompany, *minutes: float) -> None:
        """These minutes, each by an invocation of its own."""
        for minute in minutes:
            self.seconds = 50
            here.flag_and_send_at(minute)


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
    return one_account_settings(
        people={key: f"{key}@acme.example" for keys in told.values() for key in keys},
        policy={
            "levels": [
                {"name": level, "after": f"{after} min", "tell": told[level]}
                for level, (_, after) in levels.items()
            ]
        },
    )


def claims(here: SmallCompany) -> Iterator[str]:
    """Who is being written to."""
    return (item["pk"] for item in here.world.app.db.table.scan() if "claimed" in item)


def test_no_mail_is_started_without_time_to_finish(
    posts: Posts, small_company: Build, left: Left
) -> None:
    """Given twenty who must hear, and 3 s for each mail, then the last hear a minute later."""
    posts.mention(0)
    here = small_company(crowd(warning=("p", 15), critical=("c", 240)))
    here.refuse_mail(lambda _: left.take(3))
    here.run_minutes(0)
    left.later(here, 15)
    assert len(here.mails) == 12
    assert left.seconds == 14
    assert list(claims(here)) == []
    left.later(here, 16)
    assert Counter(who for _, who in here.mails_to()) == Counter({f"p{n:02}": 1 for n in range(20)})
    assert here.failures == []


def test_people_left_over_are_served_first(posts: Posts, small_company: Build, left: Left) -> None:
    """Given people left over and others who are due a minute later, then those left over hear."""
    posts.mention(0)
    here = small_company(crowd(warning=("p", 15), breach=("b", 16), critical=("c", 240)))
    here.refuse_mail(lambda _: left.take(3))
    here.run_minutes(0)
    left.later(here, 15, 16, 17)
    assert [who for _, who in here.mails_to()] == [
        *(f"p{n:02}" for n in range(20)),
        *(f"b{n:02}" for n in range(16)),
    ]


def test_a_second_mail_to_one_person_waits_unclaimed(
    posts: Posts, small_company: Build, left: Left
) -> None:
    """Given time for one mail of two to a person, then the other comes in the next minute."""
    posts.mention(0)
    here = small_company()
    here.refuse_mail(lambda _: left.take(40))
    for n in range(2):
        here.world.app.db.outbox.put(trouble_entry(f"t{n}"))
    left.later(here, 1, 2)
    assert here.mails_to() == [(1, "vera"), (2, "vera")]
    assert here.waiting() == []
    assert here.failures == []


def test_no_company_starves_behind_another(posts: Posts, small_company: Build, left: Left) -> None:
    """Given two companies, each with mail for a whole minute, then both are served in turn."""
    [acme] = one_account_settings()["companies"]
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
    here = small_company(document)
    for name in names:
        for n in range(40):
            here.world.app.db.outbox.put(trouble_entry("t", company=name, person=f"p{n:02}"))
    here.refuse_mail(lambda _: left.take(1))
    left.later(here, 1, 2)
    served = {
        minute: {m.to.partition("@")[2] for m in here.mails if m.minute == minute}
        for minute in (1, 2)
    }
    assert len(here.mails) == 72
    assert sorted(map(sorted, served.values())) == [["acme.example"], ["blue.example"]]
    assert here.failures == []


def test_an_x_that_hangs_is_asked_once_a_minute(
    posts: Posts, small_company: Build, left: Left
) -> None:
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
    here = small_company(document, x=lambda sim: XInterceptor(sim, hang)).run_minutes(0)
    left.later(here, 15)
    assert len(here.mails) == 20
    assert len(asked) == 1
    left.later(here, 240)
    assert len(here.mails) == 40
    assert len(asked) == 2
    assert here.failures == []


def test_an_sns_that_hangs_holds_up_no_mail(posts: Posts, small_company: Build, left: Left) -> None:
    """Given a topic that takes nothing, then all people hear in the minute, the topic later."""
    posts.mention(0, "7")
    here = small_company(crowd(critical=("p", 15)))
    heard = here.subscribe_to_critical_topic()
    here.refuse_mail(lambda _: left.take(1))

    timeouts: list[float] = []

    def note_timeout(context: dict[str, Any], **_: Any) -> None:
        timeouts.append(context["client_config"].read_timeout)

    def hang(**_: Any) -> None:
        if here.world.now() < at(16):
            left.take(timeouts[-1])
            raise botocore.exceptions.ReadTimeoutError(endpoint_url="https://sns")

    boto3.DEFAULT_SESSION.events.register("before-call.sns.Publish", note_timeout)
    boto3.DEFAULT_SESSION.events.register("before-send.sns.Publish", hang)
    here.run_minutes(0)
    left.later(here, 15)
    assert len(here.mails) == 20
    assert left.seconds == 50 - 20 - 2 * 5
    assert heard() == []
    left.later(here, 16)
    assert len(heard()) == 1
    assert here.failures == []


def test_without_ssm_mails_show_customers_by_their_ids(posts: Posts, small_company: Build) -> None:
    """Given an SSM out of reach, then who waits is told all the same, and polls go on after it."""
    asked, later = posts.mention(0, "7"), posts.mention(15.5, "8")
    here = small_company(one_account_settings()).run_minutes(0)
    out = [True]

    def down(**_: Any) -> None:
        if out:
            raise botocore.exceptions.EndpointConnectionError(endpoint_url="https://ssm")

    boto3.DEFAULT_SESSION.events.register("before-call.ssm.GetParameter", down)
    here.world.lambdas.app = here.world.lambdas.make_app()  # which has no token yet
    here.run_minutes(15, 16)
    assert [(m.minute, m.posts) for m in here.mails] == [(15, [asked])]
    assert here.cursor().faults["mentions"].detail == "SSM: EndpointConnectionError"
    out.clear()
    here.run_minutes(17, 18)
    assert here.stored == {asked, later}
    assert here.failures == []
