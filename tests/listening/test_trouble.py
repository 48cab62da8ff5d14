"""Faults of X: each is reported once, polling slows down, and other accounts are not affected."""

from datetime import timedelta
from typing import Any

import pytest

from tests.small_company import HELP, NEWS, Build, Posts, at, one_account_settings
from tests.x_interceptor import XInterceptor, fault

FAULTS = {
    "token": ({"status": 401}, True),
    "forbidden": ({"status": 403}, True),
    "account": ({"status": 404}, True),
    "credits": ({"status": 402}, True),
    "request": ({"status": 400, "body": {"errors": [{"message": "`id` is odd"}]}}, True),
    "usage_cap": (
        {"status": 429, "body": {"type": "https://api.twitter.com/2/problems/usage-capped"}},
        True,
    ),
    "rate_limited": ({"status": 429, "body": "Rate limit exceeded"}, False),
    "unavailable": ({"status": 503}, False),
}
DROPS: dict[str, tuple[dict[str, Any], bool]] = {
    f"unavailable: {name}": (what, False)
    for name, what in {
        "time-out": {"drop": "timeout"},
        "no connection": {"drop": "connect"},
        "cut off": {"drop": "mid-body", "body": '{"data": [{"id": "1", "text": "' + "x" * 99},
        "no JSON": {"status": 200, "body": "<html>Over capacity</html>"},
        "a list": {"status": 200, "body": []},
        "only errors": {"status": 200, "body": {"errors": [{"detail": "Over capacity"}]}},
        "a strange status": {"status": 418},
    }.items()
}


@pytest.mark.parametrize("kind", [*FAULTS, *DROPS])
def test_a_fault_of_x_is_reported_once_slows_polling_and_is_logged(
    posts: Posts, small_company: Build, kind: str
) -> None:
    """During half an hour of a fault, at most one person is notified, once; nothing is lost."""
    what, for_a_person = (FAULTS | DROPS)[kind]
    before, during = posts.mention(1, "7"), posts.mention(6, "8")
    here = small_company(one_account_settings(), faults=[fault(2, 32, **what)]).run_minutes(
        0, 1, 2, 3, 4, 5, 9, 17, 30, 31
    )
    assert set(here.states()) == {before}
    here.run_minutes(*range(32, 37))
    kinds = {t.what["trouble"] for t in here.log_entries("trouble")}
    assert kinds == {kind.partition(":")[0]}
    assert set(here.states()) == {before, during}
    assert here.failures == []
    reports = [m for m in here.mails if "in_reply_to" not in m.text]
    assert [(m.minute, m.who) for m in reports] == ([(2, "vera")] if for_a_person else [])
    assert all("@acme_help" in m.subject for m in reports)
    [*_, gap] = [r for r in here.log_entries("gap") if r.what["account"] == "acme_help"]
    assert gap.what["reason"] == "blind"
    assert here.cursor().faults == {}
    assert here.cursor().last_ok == at(36)
    assert sum(here.sim.requests.values()) < 30


def test_polling_slows_down_while_x_is_down(posts: Posts, small_company: Build) -> None:
    """While X is down, requests become rarer, down to one in five minutes."""
    here = small_company(one_account_settings(), faults=[fault(0, status=503)])
    minutes = []
    for minute in range(50):
        before = sum(here.sim.requests.values())
        here.run_minute(minute)
        if sum(here.sim.requests.values()) > before:
            minutes.append(minute)
    assert minutes == [0, 1, 3, 7, *range(12, 50, 5)]


def test_one_accounts_token_delays_no_other(posts: Posts, small_company: Build) -> None:
    """While one account's token is revoked, the other is read, and one mail names the first."""
    first = posts.mention(3, "7", to=[NEWS])
    second = posts.mention(4, "8", to=[HELP])

    def revoked(environ: dict[str, Any]) -> tuple[str, bytes] | None:
        mine = f'oauth_token="sim-{HELP}"' in environ.get("HTTP_AUTHORIZATION", "")
        return ("401 Unauthorized", b'{"title":"Unauthorized","status":401}') if mine else None

    here = small_company(x=lambda sim: XInterceptor(sim, revoked)).run_minutes(*range(12))
    assert set(here.states()) == {first}
    [mail] = here.mails
    assert "@acme_help" in mail.subject
    assert here.cursor(NEWS).last_ok == at(11)
    assert here.cursor(HELP).last_ok is None
    assert second not in here.states()


def test_a_fault_of_own_posts_alone_is_reported_as_such(posts: Posts, small_company: Build) -> None:
    """When X refuses own posts only, the mail does not say that mentions are not read."""
    asked = posts.mention(1.5)
    here = small_company(
        one_account_settings(), faults=[fault(1, 60, endpoint="posts", status=403)]
    ).run_minutes(0, 1, 2)
    [mail] = here.mails
    assert here.stored == {asked}
    assert mail.subject == "Pulse cannot see replies from @acme_help · Acme"
    assert "Nobody is warned" not in mail.text


def test_a_later_fault_of_mentions_is_reported_too(posts: Posts, small_company: Build) -> None:
    """When X refuses own posts, and later mentions too, a second mail says so."""
    faults = [fault(1, 60, endpoint="posts", status=403), fault(3, 60, status=403)]
    here = small_company(one_account_settings(), faults=faults).run_minutes(0, 1, 2, 3)
    assert [m.minute for m in here.mails] == [1, 3]
    assert "Pulse is not reading mentions of @acme_help" in " ".join(here.mails[1].text.split())


def test_minutes_before_the_first_successful_poll_are_reported_as_unwatched(
    posts: Posts, small_company: Build
) -> None:
    """If an account's first polls fail, the digest does not count their minutes as watched."""
    here = small_company(one_account_settings(), faults=[fault(0, 30, status=401)]).run_minutes(
        0, 30, 31
    )
    assert "Watched 2 of 32 min" in here.digest(32, 0).text


def test_a_missing_token_is_reported_with_its_path(posts: Posts, small_company: Build) -> None:
    """One mail says where the missing token should be, and no function fails."""
    here = small_company()
    here.delete_token("acme_help")
    here.run_minutes(0, 1, 2)
    [mail] = here.mails
    assert "/tokens/acme_help" in mail.text
    assert here.failures == []


def test_the_digest_reports_unwatched_minutes(posts: Posts, small_company: Build) -> None:
    """After an outage, the digest counts the unwatched minutes and names the account."""
    here = small_company(faults=[fault(3, 15, status=503)]).run_minutes(*range(25))
    digest = here.digest(24, 0)
    gaps = here.log_entries("gap")
    assert {r.what["account"] for r in gaps} == {"acme_help", "acme"}
    assert all(r.what["start"] == at(3).isoformat() for r in gaps)
    ends = {r.what["end"] for r in gaps}
    [end] = ends
    missed = int((here.world.now().fromisoformat(end) - at(3)) / timedelta(minutes=1))
    assert f"{24 - missed} of 24" in digest.text
    assert "@acme_help" in digest.text


def test_a_rate_limit_is_stored_and_waited_for(posts: Posts, small_company: Build) -> None:
    """After a 429 with a reset time, X is asked again only then."""
    headers = {
        "x-rate-limit-limit": "300",
        "x-rate-limit-remaining": "0",
        "x-rate-limit-reset": str(int(at(12).timestamp())),
    }
    limited = fault(3, 12, endpoint="mentions", status=429, headers=headers, body="Rate limit")
    asked = posts.mention(4)
    here = small_company(one_account_settings(), faults=[limited]).run_minutes(*range(14))
    assert here.sim.requests["mentions", "429"] == 1
    assert here.sim.requests["posts", "200"] >= 12
    assert set(here.states()) == {asked}
    assert {r.what["trouble"] for r in here.log_entries("trouble")} == {"rate_limited"}
