"""X answers, but with odd posts, versions or clocks: over HTTP, up to what people read."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.simulations.faults.checks import MENTIONS, MIDNIGHT, Json, assert_no_fault
from tests.simulations.faults.faulty_server import Fault
from tests.simulations.faults.no_answer_cases import errors, ok, problem
from tests.simulations.faults.two_companies import Build, TwoCompaniesPosts
from tests.small_company import at


def test_a_post_shown_forty_minutes_late(posts: TwoCompaniesPosts, two_companies: Build) -> None:
    """A sweep finds a post that X shows late, and the alert states its true age."""
    hidden = posts.mention(4, "7", seen=44)
    last = posts.mention(40, "9")
    here = two_companies().run_minutes(*range(3), 5, *range(40, 47))
    assert here.mails_to("anna")[-1] == (45, "anna")
    assert hidden in here.mails[-1].posts
    assert "41 min" in here.mails[-1].text
    assert here.states()[hidden].waiting_since == at(4)
    assert here.cursor().high_water["mentions"].id == last
    assert here.fault_mails == here.failures == []


def test_two_vocabularies_in_one_answer(posts: TwoCompaniesPosts, two_companies: Build) -> None:
    """Both vocabularies are read from one answer, in mentions and in replies."""
    first, second = posts.mention(0.3, "7"), posts.mention(0.4, "8")
    posts.reply(0.6, first)
    posts.reply(0.8, second)
    here = two_companies(vocabulary="mixed").run_minutes(0, 1, 2)
    states = here.states()
    assert {first: states[first].status, second: states[second].status} == {
        first: "answered",
        second: "answered",
    }
    assert_no_fault(here, 2)


def test_protected_and_withheld_posts_beside_others(
    posts: TwoCompaniesPosts, two_companies: Build
) -> None:
    """Errors beside the data are no fault, and a withheld post is stored like the others."""
    mentions = {posts.mention(0.3, "7"), posts.mention(0.4, "8")}

    def change(path: str, query: dict[str, str], body: Json) -> Json:
        if not body.get("data") or path != MENTIONS:
            return body
        withheld = {"copyright": False, "country_codes": ["DE"]}
        body["data"][0] |= {"withheld": withheld, "text": "@acme_help"}
        protected = errors("not-authorized-for-resource", "Not authorized.", "tweet")
        user = errors("resource-not-found", "Could not find user.")
        return body | {"errors": protected["errors"] + user["errors"]}

    here = two_companies(change=change)
    here.run_minutes(0, 1, 2)
    assert here.stored == mentions
    assert_no_fault(here, 2)


def test_only_protected_posts(posts: TwoCompaniesPosts, two_companies: Build) -> None:
    """A page of which X shows no post counts as read and is no fault of the account."""
    mention = posts.mention(0.3, "7")

    def change(path: str, query: dict[str, str], body: Json) -> Json:
        if path != MENTIONS or here.minute >= 2:
            return body
        protected = errors("not-authorized-for-resource", "Not authorized.", "tweet")
        return protected | {"meta": {"result_count": 0}}

    here = two_companies(change=change)
    here.run_minutes(0, 1, 2)
    assert here.stored == {mention}
    assert_no_fault(here, 2)


def test_half_an_emoji(posts: TwoCompaniesPosts, two_companies: Build) -> None:
    """A text with half an emoji is stored with `?` in its place; other posts are not affected."""
    mentions = {posts.mention(0.3, "7"), posts.mention(0.4, "8")}

    def change(path: str, query: dict[str, str], body: Json) -> Json:
        if path == MENTIONS and body.get("data"):
            body["data"][0]["text"] = "@acme_help help \ud83d"
            body["data"].append({"id": "1", "text": "\ude00"})
        return body

    here = two_companies(change=change)
    here.run_minutes(0, 1, 2)
    assert here.stored == mentions
    assert here.failures == here.fault_mails == []
    assert here.coverage_section(2) == [
        "Watched 2 of 2 min.",
        "- 1 post could not be read and is in quarantine; for details, run pulse status",
    ]
    assert "1 post since" in here.status()
    assert "help ?" in here.mails[-1].text


def test_posts_larger_than_a_store_takes(posts: TwoCompaniesPosts, two_companies: Build) -> None:
    """Posts with half a million letters, readable or not, are quarantined and cut short."""
    mentions = {posts.mention(0.3, "7"), posts.mention(0.4, "8")}

    def change(path: str, query: dict[str, str], body: Json) -> Json:
        if path == MENTIONS and body.get("data"):
            long = {"id": "1", "author_id": "9", "text": "я" * 500_000}
            body["data"] += [{**body["data"][0], **long}, {"junk": ["я" * 500_000]}]
        return body

    here = two_companies(change=change)
    here.run_minutes(0, 1, 2)
    assert here.stored == mentions
    assert here.failures == here.fault_mails == []
    raws = [row.what["raw"] for row in here.log_entries("aside")]
    assert {raw.get("author_id") for raw in raws} == {"9", None}
    assert [len(raw["cut"]) for raw in raws] == [1000, 1000]


def test_names_larger_than_a_store_takes(posts: TwoCompaniesPosts, two_companies: Build) -> None:
    """A customer's name of half a million letters is shown cut short, and stops nothing."""
    mention = posts.mention(0.3, "7")

    def change(path: str, query: dict[str, str], body: Json) -> Json:
        if path == "/2/users":
            body["data"][0]["name"] = "я" * 500_000
        return body

    here = two_companies(change=change).run_minutes(0, 1, 16)
    assert here.stored == {mention}
    assert here.failures == here.fault_mails == []
    assert "яяя…" in here.mails[-1].text


def test_a_customer_gone_between_the_post_and_the_look_up(
    posts: TwoCompaniesPosts, two_companies: Build
) -> None:
    """A customer whom X no longer shows is looked up once, and mails show a link instead."""

    def change(path: str, query: dict[str, str], body: Json) -> Json:
        return errors("resource-not-found", "Could not find user.") if path == "/2/users" else body

    posts.mention(0.5, "7")
    here = two_companies(change=change)
    here.run_minutes(0, 1, 16).flag_and_send_at(61)
    assert here.mails_to() == [(16, "anna"), (61, "boris")]
    assert all("https://x.com/i/user/7" in m.text for m in here.mails)
    assert here.request_minutes("/2/users?") == [16]


def test_users_that_could_not_be_looked_up_are_asked_again(
    posts: TwoCompaniesPosts, two_companies: Build
) -> None:
    """If X fails to look up a customer, the mail has a link, and the next mail has the handle."""
    crowded = ok({"errors": [{"detail": "Over capacity"}]})
    posts.mention(0.5, "7")
    here = (
        two_companies(lambda _: crowded, of="/2/users?", during=(0, 20))
        .run_minutes(0, 1, 16)
        .flag_and_send_at(61)
    )
    first, second = here.mails
    assert "https://x.com/i/user/7" in first.text
    assert "https://x.com/user7" in second.text


def test_an_old_version_shown_after_a_newer_one(
    posts: TwoCompaniesPosts, two_companies: Build
) -> None:
    """If X shows the old version of an edited post again, the mail still has the new one, once."""
    original = posts.mention(1, "7")
    edited = posts.edit(9, original, "@acme_help second thoughts")
    old: list[Json] = []

    def change(path: str, params: dict[str, str], body: Json) -> Json:
        if path == MENTIONS:
            old.extend(p for p in body.get("data", []) if p["id"] == original)
            if here.minute >= 10 and old:
                return body | {"data": [*body.get("data", []), old[0]]}
        return body

    here = two_companies(change=change)
    here.run_minutes(0, 2, 10, 11, 15, 16)
    [state] = here.states().values()
    assert (state.mentions, state.waiting_since) == (1, at(1))
    [mail] = here.mails
    assert (mail.minute, mail.posts) == (16, [edited])
    assert "second thoughts" in mail.text
    assert here.cursor().high_water["mentions"].id == edited


@pytest.mark.parametrize("off", [2, -2])
def test_clocks_that_differ(posts: TwoCompaniesPosts, two_companies: Build, off: int) -> None:
    """If X's clock is two minutes off, waits count from X's time and are never negative."""
    mention = posts.mention(3, "7")
    here = two_companies(clock=lambda: datetime.now(UTC) + timedelta(minutes=off))
    here.run_minutes(*range(3 - off))
    assert here.stored == set()
    here.run_minutes(3 - off)
    assert here.stored == {mention}
    status = here.status()
    assert f"Waiting 1, longest {'0 s' if off > 0 else '2 min'}" in status
    assert "under 15 min 1" in status
    digest = here.digest(3 - off, 0)
    assert ("for under 1 min" if off > 0 else "for 2 min") in digest.text.splitlines()
    here.run_minutes(*range(4 - off, 6)).flag_and_send_at(17, 18)
    assert here.mails_to("anna") == [(18, "anna")]
    assert "-" not in next(x for x in here.mails[-1].text.splitlines() if "min" in x)
    assert here.fault_mails[1:] == here.failures == []
    assert here.cursor().last_ok == at(5)


@pytest.mark.parametrize("off", [2, -2])
def test_midnight_by_clocks_that_differ(
    posts: TwoCompaniesPosts, two_companies: Build, off: int
) -> None:
    """If X's clock is two minutes off, no midnight request is rejected; late posts are found."""
    hidden = posts.mention(MIDNIGHT - 5.3, "7", seen=MIDNIGHT + 5)
    posts.mention(MIDNIGHT - 1, "8")
    here = two_companies(
        clock=lambda: datetime.now(UTC) + timedelta(minutes=off), start=MIDNIGHT - 61
    )
    here.run_minutes(MIDNIGHT - 61, *range(MIDNIGHT - 2, MIDNIGHT + 2), MIDNIGHT + 15)
    assert hidden in here.states()
    assert here.fault_mails == here.failures == []
    assert {status for _, status in here.sim.requests} == {"200"}
    assert here.cursor().faults == {}


def test_counts_with_only_errors_are_no_zeros(
    posts: TwoCompaniesPosts, two_companies: Build
) -> None:
    """Counts that X fails to give are requested again, and then the late post is found."""
    hidden = posts.mention(MIDNIGHT - 5.3, "7", seen=MIDNIGHT + 5)
    posts.mention(MIDNIGHT - 1, "8")
    here = two_companies(
        lambda _: ok({"errors": [{"detail": "Over capacity"}]}),
        of="/2/tweets/counts",
        during=(MIDNIGHT + 10, MIDNIGHT + 20),
        start=MIDNIGHT - 61,
    )
    here.run_minutes(MIDNIGHT - 61, MIDNIGHT - 1, MIDNIGHT, MIDNIGHT + 15)
    assert hidden not in here.states()
    assert "an answer without counts: Over capacity" in here.status()
    here.run_minutes(MIDNIGHT + 16, MIDNIGHT + 30)
    assert hidden in here.states()
    assert here.fault_mails == here.failures == []


def test_a_fault_that_comes_and_goes_is_reported_once_for_each_kind(
    posts: TwoCompaniesPosts, two_companies: Build
) -> None:
    """With 401, 503 and 402 in turn, one mail reports the token and one the credits."""
    unauthorized = problem("401 Unauthorized", "Unauthorized")
    down = problem("503 Service Unavailable", "Service Unavailable")
    unpaid = problem("402 Payment Required", "CreditsDepleted")

    def fault(minute: float) -> Fault:
        return {17: down, 34: down, 51: unpaid, 66: unauthorized}.get(int(minute), unauthorized)

    mention = posts.mention(1.5, "7")
    here = two_companies(fault, during=(2, 70)).run_minutes(0, 1)
    minutes = [2, 17, 18, 33, 34, 36, 51, 66, 81]
    for minute in minutes:
        here.run_minutes(minute)
    reported = [(m.minute, m.subject.partition(" · ")[0]) for m in here.fault_mails]
    assert reported == [
        (2, "The token for @acme_help does not work"),
        (51, "X credits have run out: @acme_help is not being watched"),
    ]
    assert here.stored == {mention}
    assert here.cursor().faults == {}
