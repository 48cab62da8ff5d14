"""Rules for every mail: size, links, a subject of one line, the same facts in both parts."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from html import escape
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from pulse.kernel.posts import post_url
from pulse.listening.budget import Budget
from pulse.outbox.message import Mail
from pulse.reporting.coverage import Coverage
from pulse.screens.mails import LIMIT, render
from tests.screens.sample_mails import (
    AT,
    CARDS,
    PEOPLE,
    WATCH,
    alert,
    all_mails,
    card,
    full_alert,
    minutes,
    monthly,
    reporting,
    shift,
    waiting,
    weekly,
)
from tests.screens.sample_mails import US as SOMEBODY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pulse.kernel.company import Language

LANGUAGES: tuple[Language, ...] = ("en", "ru")
ALL = [(language, name) for language in LANGUAGES for name in all_mails(language)]
HEAD_LIMIT = 8192
"""Characters of style from which on Gmail drops all of them."""


@pytest.fixture(scope="module")
def mails() -> dict[tuple[str, str], Mail]:
    return {(lang, name): mail for lang in LANGUAGES for name, mail in all_mails(lang).items()}


class Reader(HTMLParser):
    """Collects the text that a person sees, the tags and the links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.crossed: list[str] = []
        self._silent = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._silent += tag in {"style", "title"}
        if tag not in {"meta", "br"}:
            self.open.append(tag)
        for name, value in attrs:
            self.attributes.append((tag, name, value or ""))
            if name == "title":
                self.words.append(value or "")
            if name == "href":
                self.links.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"style", "title"}
        if self.open.pop() != tag:
            self.crossed.append(tag)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.words)


@pytest.mark.parametrize(("language", "name"), ALL)
def test_a_mail_is_small_and_complete(
    language: str, name: str, mails: dict[tuple[str, str], Mail]
) -> None:
    """No mail client cuts the mail, no part of it is empty, and no placeholder is left."""
    mail = mails[language, name]
    assert len(mail.html.encode()) < LIMIT
    styles = re.findall(r"<style>(.*?)</style>", mail.html, re.DOTALL)
    assert max(map(len, styles)) < HEAD_LIMIT
    assert max(map(len, mail.html.splitlines())) < 20_000
    assert f'<html lang="{language}"' in mail.html
    assert mail.text.strip()
    for part in (mail.subject, mail.preheader):
        assert part
        assert part.isprintable() or "\u00a0" in part
        assert len(part.splitlines()) == 1
    if name != "hostile":
        assert not re.search(r"[{}]{2}|\{\w*\}", mail.text + mail.subject)


@pytest.mark.parametrize(("language", "name"), ALL)
def test_nothing_is_loaded_and_every_link_is_intended(
    language: str, name: str, mails: dict[tuple[str, str], Mail]
) -> None:
    """A mail has no pictures, scripts or forms, and its links lead to X or the board only."""
    reader = Reader(mails[language, name].html)
    assert [*reader.open, *reader.crossed] == []
    assert not {"img", "script", "link", "iframe", "form", "object", "svg"} & set(reader.tags)
    assert "url(" not in mails[language, name].html
    assert {name for _, name, _ in reader.attributes if name.startswith("on")} == set()
    assert all(re.match(r"https://(x\.com|board\.svyaz\.example)/", link) for link in reader.links)
    assert not [1 for _, name, _ in reader.attributes if name in {"src", "background"}]


@pytest.mark.parametrize(("language", "name"), ALL)
def test_both_parts_say_the_same(
    language: str, name: str, mails: dict[tuple[str, str], Mail]
) -> None:
    """Each number is in both parts of a mail, and so are all links but those of threads."""
    mail = mails[language, name]
    reader = Reader(mail.html.replace(escape(mail.preheader), "", 1))
    steps = re.compile(r"^\d\. ", re.MULTILINE)
    assert set(_numbers(steps.sub("", mail.text))) == set(_numbers(reader.text))
    in_text = set(re.findall(r"https://(?:x\.com|board\.svyaz\.example)/\S*", mail.text))
    threads = {line.who.url for one in CARDS for line in one.thread} | {"https://x.com/svyaz_help"}
    assert set(reader.links) - threads <= in_text
    assert in_text <= set(reader.links)


def _numbers(text: str) -> Iterator[str]:
    without_links = re.sub(r"https://\S+", "", text)
    for number in re.findall(r"\d[\d\u00a0,]*", without_links):
        yield re.sub(r"\D", "", number)


@pytest.mark.parametrize("language", LANGUAGES)
def test_real_posts_are_shown_unmodified(
    language: Language, mails: dict[tuple[str, str], Mail]
) -> None:
    """Text, name, handle and links of each card are in the mail as they are."""
    mail = mails[language, "alert"]
    reader = Reader(mail.html)
    for one in CARDS:
        for line in one.text.splitlines():
            assert line in reader.text
            assert line in mail.text
        assert (one.customer.name or "") in reader.text
        assert f"@{one.customer.username}" in reader.text or one.customer.username is None
        assert {one.customer.url, post_url(one.post_id), one.reply_url} <= set(reader.links)


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_of_fifty_cards_are_shown(
    language: Language, mails: dict[tuple[str, str], Mail]
) -> None:
    """The largest alert shows the whole post of each card and counts the other waits."""
    mail, model = mails[language, "full_alert"], full_alert(language)
    text = Reader(mail.html).text
    assert text.count(model.cards[0].text) == len(model.cards) == 50
    assert all(one.reply_url in mail.html for one in model.cards)
    assert ("87 more waiting" if language == "en" else "ещё 87 ждут") in text


def test_posts_of_any_length_fit() -> None:
    """An alert with fifty posts of 25,000 characters fits, with links to reply and to the rest."""
    long = tuple(
        card(n, SOMEBODY, "Длинный пост. " * 1800, minutes(300 - n), "breach") for n in range(50)
    )
    model = replace(alert("en"), cards=long, levels={"breach": 50})
    mail = render(model, PEOPLE["en"])
    assert len(mail.html.encode()) < LIMIT
    assert "Show the whole post (25,200 characters)" in mail.html
    assert all(one.reply_url in mail.html and one.reply_url in mail.text for one in long)


def test_a_single_long_post_is_shown_completely() -> None:
    """There is room for all of a single long post."""
    text = "Слово за слово. " * 1500
    model = replace(alert("en"), cards=(card(1, SOMEBODY, text, minutes(300), "breach"),))
    mail = render(model, PEOPLE["en"])
    assert text.strip() in mail.html
    assert len(mail.html.encode()) < LIMIT


def test_nothing_in_a_post_is_interpreted(mails: dict[tuple[str, str], Mail]) -> None:
    """Names and texts that try to break out are shown and do nothing."""
    for language in LANGUAGES:
        mail = mails[language, "hostile"]
        assert "<script>alert" not in mail.html
        assert "<i>nine" not in mail.html
        assert "<u>Bob" not in mail.html
        assert "{{ 7*7 }} {n} %s" in mail.html
        assert mail.html.count("<style>") == 2
        assert "\u202e" not in mail.subject
        assert "\u202e" not in mail.preheader
        ours = [line for line in mail.text.splitlines() if not line.lstrip().startswith(">")]
        assert not [line for line in ours if line.startswith(("DO NOW CRITICAL", "Bcc", "--\n"))]
        assert "CRITICAL 99 h" not in "\n".join(ours)
        assert "evil.example" not in "\n".join(ours)


def test_links_are_there_only_when_given(mails: dict[tuple[str, str], Mail]) -> None:
    """A digest without links has the count as text; an alert never offers to unsubscribe."""
    bare = replace(shift("en"), board_url=None)
    mail = render(bare, PEOPLE["en"])
    assert "12 more waiting" in mail.text
    for part in (mail.html, mail.text):
        assert "board" not in part
        assert "unsubscribe" not in part
        assert "settings" not in part
    assert "unsubscribe" not in mails["en", "full_alert"].html


def test_the_sections_are_in_order(mails: dict[tuple[str, str], Mail]) -> None:
    """A digest goes from what is to be done to how well the accounts were watched."""
    titles = (
        "DO NOW",
        "HAPPENING",
        "OPEN NOW",
        "LAST 12 HOURS",
        "ACCOUNTS AND HOURS",
        "OUR WATCH",
        "As of",
    )
    text = mails["en", "shift"].text
    places = [text.index(title) for title in titles]
    assert places == sorted(places)
    html = mails["en", "shift"].html
    places = [html.lower().index(title.lower()) for title in titles]
    assert places == sorted(places)


def test_a_card_shows_who_took_it_and_until_when_it_is_snoozed() -> None:
    """A card shows its lease; without one, it says that nobody took it."""
    one = card(1, SOMEBODY, "?", minutes(90), "breach", taken_by="Oleg", snoozed_until=AT)
    model = replace(alert("en"), cards=(one, *CARDS[2:3]))
    text = render(model, PEOPLE["en"]).text
    assert "taken by: Oleg · snoozed until 09:00" in text
    assert "taken by: nobody" in text


def test_customers_waiting_without_cards_are_counted() -> None:
    """A digest without cards counts those who wait and does not say that all were answered."""
    model = replace(shift("en"), cards=())
    mail = render(model, PEOPLE["en"])
    assert "everyone has been answered" not in mail.text.lower()
    assert "17 more waiting" in mail.text


GAPS = {"minutes", "blind", "wall", "never read"}
COVERAGES: dict[str, tuple[Coverage, str | None]] = {
    "complete": (Coverage(720, 720), None),
    "reads counted": (Coverage(720, 720, reads=Budget(1, 0, 9)), None),
    "minutes": (Coverage(720, 719), None),
    "blind": (Coverage(720, 720, gaps=WATCH.gaps[:1]), "@svyaz: not watched"),
    "wall": (Coverage(720, 720, gaps=WATCH.gaps[1:]), "@svyaz_help: X did not provide all posts"),
    "never read": (Coverage(720, 720, unread=("svyaz_shop",)), "@svyaz_shop: not read yet"),
    "fault over": (Coverage(720, 720, faults=WATCH.faults[:1]), "@svyaz: X did not answer"),
    "fault open": (Coverage(720, 720, faults=WATCH.faults[1:]), "since 08:30, not fixed yet"),
    "quarantined": (Coverage(720, 720, quarantined=1), "1 post could not be read"),
    "undelivered": (Coverage(720, 720, undelivered=2), "2 emails could not be delivered"),
    "suppressed": (
        Coverage(720, 720, suppressed=WATCH.suppressed[:1]),
        "no email has been sent to oleg@",
    ),
}


@pytest.mark.parametrize("case", COVERAGES)
def test_incomplete_coverage_is_stated(case: str) -> None:
    """Whatever was not watched, not read or not delivered is stated in the digest.

    The preheader speaks of gaps only for what was not watched; an undelivered mail is no gap.
    """
    coverage, expected = COVERAGES[case]
    mail = render(reporting(shift("en"), coverage=coverage), PEOPLE["en"])
    complete = expected is None and coverage.watched == coverage.minutes
    for text in (mail.text, mail.html):
        assert ("Nothing was missed." in text) is complete
        assert expected is None or expected in text
    assert ("the watch had gaps" in mail.preheader) is (case in GAPS)


def test_days_before_pulse_are_unknown_not_zero() -> None:
    """If Pulse was started during the week, earlier days and the week before have no figures."""
    started = AT - timedelta(days=1)
    model = reporting(
        weekly("en"),
        counted_from=started - minutes(60),
        before=None,
        has_past=True,
        days={**weekly("en").report.days, date(2026, 11, 20): None},
        coverage=Coverage(1440, 1440, since=started),
    )
    mail = render(model, PEOPLE["en"])
    assert "It also covers mentions since 21 Nov, 08:00, before Pulse was started" in mail.text
    assert "21 Nov, 08:00 to 22 Nov, 09:00; data for the previous period is incomplete" in mail.text
    assert "Fri 20 Nov: received –, answered –, median –, unanswered –" in mail.text
    assert "Watched 1,440 of 1,440 min since 21 Nov, 09:00. Nothing was missed." in mail.text
    assert "watched 1,440 of 1,440 min since 21 Nov, 09:00" in mail.preheader
    mail = render(model, PEOPLE["ru"])
    assert "Мониторинг с 21 нояб., 09:00: 1\xa0440 из 1\xa0440 мин." in mail.text


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "cannot read our own posts on @svyaz"),
        ("ru", "не может читать посты наших аккаунтов"),
    ],
)
def test_a_digest_says_that_some_may_be_answered_already(language: Language, expected: str) -> None:
    """If own posts cannot be read, the digest says so, unless nobody waits."""
    model = shift(language)
    for part in ("text", "html"):
        for unread, count, shown in ((("svyaz",), 17, True), ((), 17, False), (("x",), 0, False)):
            one = reporting(model, unread=unread, waiting=waiting(count))
            mail = render(one, PEOPLE[language])
            assert (expected in getattr(mail, part)) is shown


def test_the_read_budget_is_shown() -> None:
    """A digest shows this month's reads against the budget; a monthly one shows last month's."""
    mail = render(shift("en"), PEOPLE["en"])
    assert "reads from X this month: 12,340 of 15,000 (82%)" in mail.text
    assert "last month" not in mail.text
    mail = render(monthly("ru"), PEOPLE["ru"])
    assert "лимит чтения X в прошлом месяце: использовано 14\xa0210 из 15\xa0000" in mail.text
