"""Slow or silent services: X, SSM, SNS and SES take no more of a minute than there is."""

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
class RemainingTime:
    """The seconds that Lambda leaves a function; slow calls use them up, and then it is killed."""

    seconds: float = 50

    def take(self, seconds: float) -> None:
        self.seconds -= seconds
        if self.seconds <= 0:
            raise SystemExit("Lambda has ended it")

    def run_minutes(self, here: SmallCompany, *minutes: float) -> None:
        """Run `flag` and `send` in these minutes, each time with 50 seconds."""
        for minute in minutes:
            self.seconds = 50
            here.flag_and_send_at(minute)


@pytest.fixture
def remaining(monkeypatch: pytest.MonkeyPatch) -> RemainingTime:
    """The time that remains for a function."""
    found = RemainingTime()
    monkeypatch.setattr(
        LambdaContext, "get_remaining_time_in_millis", lambda _: found.seconds * 1000
    )
    return found


def crowd(**levels: tuple[str, int]) -> dict[str, Any]:
    """Settings that alert 20 people a level; each level has a letter for names, and minutes."""
    names = {level: [f"{who}{n:02}" for n in range(20)] for level, (who, _) in levels.items()}
    return one_account_settings(
        people={key: f"{key}@acme.example" for keys in names.values() for key in keys},
        policy={
            "levels": [
                {"name": level, "after": f"{after} min", "tell": names[level]}
                for level, (_, after) in levels.items()
            ]
        },
    )


def claimed_mailboxes(here: SmallCompany) -> Iterator[str]:
    """Yield the keys of the mailboxes that are claimed."""
    return (item["pk"] for item in here.world.app.db.table.scan() if "claimed" in item)


def test_no_mail_is_started_without_time_to_finish(
    posts: Posts, small_company: Build, remaining: RemainingTime
) -> None:
    """When each of twenty mails takes 3 s, the rest is sent in the next minute."""
    posts.mention(0)
    here = small_company(crowd(warning=("p", 15), critical=("c", 240)))
    here.refuse_mail(lambda _: remaining.take(3))
    here.run_minutes(0)
    remaining.run_minutes(here, 15)
    assert len(here.mails) == 12
    assert remaining.seconds == 14
    assert list(claimed_mailboxes(here)) == []
    remaining.run_minutes(here, 16)
    assert Counter(who for _, who in here.mails_to()) == Counter({f"p{n:02}": 1 for n in range(20)})
    assert here.failures == []


def test_people_left_over_are_served_first(
    posts: Posts, small_company: Build, remaining: RemainingTime
) -> None:
    """People left over from the last minute get their mail before those due a minute later."""
    posts.mention(0)
    here = small_company(crowd(warning=("p", 15), breach=("b", 16), critical=("c", 240)))
    here.refuse_mail(lambda _: remaining.take(3))
    here.run_minutes(0)
    remaining.run_minutes(here, 15, 16, 17)
    assert [who for _, who in here.mails_to()] == [
        *(f"p{n:02}" for n in range(20)),
        *(f"b{n:02}" for n in range(16)),
    ]


def test_a_second_mail_to_one_person_waits_unclaimed(
    posts: Posts, small_company: Build, remaining: RemainingTime
) -> None:
    """With time for one of two mails to a person, the other is sent in the next minute."""
    posts.mention(0)
    here = small_company()
    here.refuse_mail(lambda _: remaining.take(40))
    for n in range(2):
        here.world.app.db.outbox.put(trouble_entry(f"t{n}"))
    remaining.run_minutes(here, 1, 2)
    assert here.mails_to() == [(1, "vera"), (2, "vera")]
    assert here.waiting() == []
    assert here.failures == []


def test_no_company_starves_behind_another(
    posts: Posts, small_company: Build, remaining: RemainingTime
) -> None:
    """Two companies, each with mail for a whole minute, are served in turn."""
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
    here.refuse_mail(lambda _: remaining.take(1))
    remaining.run_minutes(here, 1, 2)
    served = {
        minute: {m.to.partition("@")[2] for m in here.mails if m.minute == minute}
        for minute in (1, 2)
    }
    assert len(here.mails) == 72
    assert sorted(map(sorted, served.values())) == [["acme.example"], ["blue.example"]]
    assert here.failures == []


def test_an_x_that_hangs_is_asked_once_a_minute(
    posts: Posts, small_company: Build, remaining: RemainingTime
) -> None:
    """When X does not answer who a customer is, all mails of the minute are still sent."""
    requests: list[str] = []

    def hang(environ: dict[str, Any]) -> tuple[str, bytes] | None:
        if environ["PATH_INFO"] != "/2/users":
            return None
        requests.append(environ["PATH_INFO"])
        remaining.take(13)
        return "503 Service Unavailable", b""

    posts.mention(0, "7")
    document = crowd(warning=("p", 15), critical=("c", 240))
    here = small_company(document, x=lambda sim: XInterceptor(sim, hang)).run_minutes(0)
    remaining.run_minutes(here, 15)
    assert len(here.mails) == 20
    assert len(requests) == 1
    remaining.run_minutes(here, 240)
    assert len(here.mails) == 40
    assert len(requests) == 2
    assert here.failures == []


def test_an_sns_that_hangs_holds_up_no_mail(
    posts: Posts, small_company: Build, remaining: RemainingTime
) -> None:
    """While the topic hangs, all mails are sent in the minute; the topic is notified later."""
    posts.mention(0, "7")
    here = small_company(crowd(critical=("p", 15)))
    topic_messages = here.subscribe_to_critical_topic()
    here.refuse_mail(lambda _: remaining.take(1))

    timeouts: list[float] = []

    def note_timeout(context: dict[str, Any], **_: Any) -> None:
        timeouts.append(context["client_config"].read_timeout)

    def hang(**_: Any) -> None:
        if here.world.now() < at(16):
            remaining.take(timeouts[-1])
            raise botocore.exceptions.ReadTimeoutError(endpoint_url="https://sns")

    boto3.DEFAULT_SESSION.events.register("before-call.sns.Publish", note_timeout)
    boto3.DEFAULT_SESSION.events.register("before-send.sns.Publish", hang)
    here.run_minutes(0)
    remaining.run_minutes(here, 15)
    assert len(here.mails) == 20
    assert remaining.seconds == 50 - 20 - 2 * 5
    assert topic_messages() == []
    remaining.run_minutes(here, 16)
    assert len(topic_messages()) == 1
    assert here.failures == []


def test_without_ssm_mails_show_customers_by_their_ids(posts: Posts, small_company: Build) -> None:
    """If SSM cannot be reached, alerts are sent all the same, and later polls succeed."""
    asked, later = posts.mention(0, "7"), posts.mention(15.5, "8")
    here = small_company(one_account_settings()).run_minutes(0)
    unreachable = [True]

    def refuse(**_: Any) -> None:
        if unreachable:
            raise botocore.exceptions.EndpointConnectionError(endpoint_url="https://ssm")

    boto3.DEFAULT_SESSION.events.register("before-call.ssm.GetParameter", refuse)
    here.world.lambdas.app = here.world.lambdas.make_app()  # which has no token yet
    here.run_minutes(15, 16)
    assert [(m.minute, m.posts) for m in here.mails] == [(15, [asked])]
    assert here.cursor().faults["mentions"].detail == "SSM: EndpointConnectionError"
    unreachable.clear()
    here.run_minutes(17, 18)
    assert here.stored == {asked, later}
    assert here.failures == []
