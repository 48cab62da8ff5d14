"""Hostile text of strangers in a browser: it is shown, and does nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from pulse.outbox.message import Mail
from pulse.screens.mails import render
from pulse_cli.demo.mailbox import MailPage, write_index
from pulse_cli.demo.texts import DemoTexts
from tests.screens.hostile_mails import (
    DETAIL,
    KINDS,
    LANGUAGES,
    failure,
    is_shown,
    packs,
    plain,
    summary,
    warning,
)
from tests.screens.payloads import PAYLOADS
from tests.screens.sample_mails import AT, PEOPLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from pulse.kernel.company import Language

LOOK = """
() => {
  const body = [...document.body.querySelectorAll('*')];
  const range = document.createRange();
  const place = (node, from, to) => {
    range.setStart(node, from);
    range.setEnd(node, to);
    return range.getBoundingClientRect();
  };
  const texts = root => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT), found = [];
    while (walker.nextNode()) found.push(walker.currentNode);
    return found.filter(node => node.data.trim() && node.parentElement.getClientRects().length);
  };
  const outside = [];
  for (const holder of document.querySelectorAll('td.card, td.thread, p.code, li.item, td.sheet')) {
    const box = holder.getBoundingClientRect();
    for (const node of texts(holder)) {
      // word by word: spaces at the end of a line may hang over, and nobody sees them
      for (const word of node.data.matchAll(/\\S+/g)) {
        range.setStart(node, word.index);
        range.setEnd(node, word.index + word[0].length);
        for (const r of range.getClientRects()) {
          if (r.left < box.left - 1 || r.right > box.right + 1
            || r.top < box.top - 1 || r.bottom > box.bottom + 1) {
            outside.push(word[0].slice(0, 40));
          }
        }
      }
    }
  }
  const reversed = [];
  for (const one of document.querySelectorAll('a, h2, td.card > b')) {
    const node = texts(one)[0];
    if (!node) continue;
    const text = node.data;
    const [first, last] = [place(node, 0, 1), place(node, text.length - 1, text.length)];
    if (last.top < first.top + 5 && last.left <= first.left) reversed.push(text);
  }
  for (const who of document.querySelectorAll('p.who')) {
    const name = who.querySelector('b');
    if (!name || !name.textContent.trim()) continue;
    const end = [...name.getClientRects()].at(-1);
    const handle = who.querySelector('a').getClientRects()[0];
    if (Math.abs(end.top - handle.top) < 9 && handle.left < end.right - 1) {
      reversed.push(who.textContent);
    }
  }
  const buttons = [...document.querySelectorAll('a.press')].map(button => {
    button.scrollIntoView({block: 'center'});
    const box = button.getBoundingClientRect();
    const seen = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    return [button.textContent, box.height, seen === button, box.width];
  });
  const tall = [...document.querySelectorAll('tr:has(> td.card), td.sheet:has(p.code)')]
    .map(e => e.getBoundingClientRect().height);
  return {
    outside, reversed, buttons,
    ran: window.ran,
    width: document.documentElement.scrollWidth,
    tags: [...new Set(body.map(e => e.localName))],
    attributes: [...new Set(body.flatMap(e => e.getAttributeNames()))],
    styles: document.querySelectorAll('style').length,
    links: [...document.links].map(a => [a.href, a.innerText]),
    posts: [...document.querySelectorAll('div.said')].map(e => e.innerText),
    lines: [...document.querySelectorAll('div.line')].map(e => e.innerText),
    code: [...document.querySelectorAll('p.code')].map(e => e.innerText),
    tallest: Math.max(0, ...tall),
  };
}
"""
TAGS = {
    "a", "b", "br", "div", "h1", "h2", "li", "ol", "p", "span", "table", "tbody", "td", "th",
    "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "align", "cellpadding", "cellspacing", "class", "dir", "height", "href", "role", "scope",
    "style", "title", "valign", "width",
}  # fmt: skip
HOSTS = re.compile(r"https://(x\.com|board\.svyaz\.example)/\S*")
OTHER_HOST = re.compile(r"://|\w\.\w|[@＠]\S*[@＠]")


@pytest.fixture(scope="module")
def tripwire(chromium: Browser) -> Iterator[tuple[Page, list[str]]]:
    """A page of a phone's size that records whatever a mail does by itself."""
    page = chromium.new_page(viewport={"width": 360, "height": 800})
    events: list[str] = []
    page.on("dialog", lambda dialog: (events.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: events.append(f"request: {request.url[:80]}"))
    page.on("console", lambda message: events.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: events.append(f"error: {error}"))
    page.on("popup", lambda popup: events.append(f"popup: {popup.url}"))
    page.on("framenavigated", lambda frame: events.append(f"navigated to {frame.url[:80]}"))
    yield page, events
    page.close()


def look(tripwire: tuple[Page, list[str]], mail: Mail) -> dict[str, Any]:
    """Open a mail as a phone does; check that nothing runs and everything stays in its place."""
    page, events = tripwire
    page.set_content(mail.html)
    found: dict[str, Any] = page.evaluate(LOOK)
    assert not events
    assert found["ran"] is None
    assert set(found["tags"]) <= TAGS
    assert set(found["attributes"]) <= ATTRIBUTES
    assert found["styles"] == 1
    assert found["width"] <= 360
    assert not found["outside"]
    assert not found["reversed"]
    for href, text in found["links"]:
        assert HOSTS.fullmatch(href)
        assert not OTHER_HOST.search(text)
    return found


@pytest.mark.browser
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hostile_post_is_shown_and_does_nothing(
    tripwire: tuple[Page, list[str]], language: Language, kind: str
) -> None:
    """A mail shows hostile texts, names and handles; nothing moves or runs, and buttons work."""
    person = PEOPLE[language]
    for pack in packs(kind):
        for mail in (
            render(warning(language, pack), person),
            render(summary(language, pack), person),
        ):
            found = look(tripwire, mail)
            assert len(found["buttons"]) == len(pack)
            for text, height, seen, width in found["buttons"]:
                assert text == {"en": "Reply on X", "ru": "Ответить в X"}[language]
                assert (height >= 44, width >= 90, seen) == (True, True, True)
            assert found["tallest"] < 12_000
            for text_shown, payload in zip(found["posts"], pack, strict=True):
                assert is_shown(text_shown, payload)
            if found["lines"]:
                for line, payload in zip(found["lines"][::2], pack, strict=True):
                    assert is_shown(line, payload)


@pytest.mark.browser
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hostile_error_is_shown_and_does_nothing(
    tripwire: tuple[Page, list[str]], language: Language, kind: str
) -> None:
    """A mail shows a hostile error of X about a hostile account, and nothing moves or runs."""
    for number, payload in enumerate(PAYLOADS[kind]):
        mail = render(failure(language, number, payload), PEOPLE[language])
        found = look(tripwire, mail)
        assert not found["buttons"]
        assert found["tallest"] < 12_000
        if payload[:DETAIL]:
            assert plain(found["code"][-1]) == plain(payload[:DETAIL])


@pytest.mark.browser
@pytest.mark.parametrize("payload", [*PAYLOADS["marks"], *PAYLOADS["bidi"]])
def test_no_text_is_drawn_outside_its_card(tripwire: tuple[Page, list[str]], payload: str) -> None:
    """A card with piles of combining marks changes no pixel above or below itself."""
    page, _ = tripwire
    mail = render(warning("en", ("calm", payload, "calm")), PEOPLE["en"])
    page.set_content(mail.html)
    page.evaluate("document.querySelectorAll('table.acts.fixed').forEach(e => e.remove())")
    spot: Any = page.evaluate(
        "() => [...document.querySelectorAll('tr:has(> td.card)')].map(e => {"
        "const box = e.getBoundingClientRect(); return [box.top, box.bottom]})"
    )
    (_, before), (top, bottom), (after, end) = spot

    def around() -> list[bytes]:
        clips = [(0.0, top), (bottom, end)]
        return [
            page.screenshot(
                full_page=True, clip={"x": 0, "y": y, "width": 360, "height": until - y}
            )
            for y, until in clips
        ]

    assert before <= top < bottom <= after
    drawn = around()
    hide = "e => { e.querySelector('.said').style.opacity = 0;"
    hide += "e.querySelector('.who').style.opacity = 0 }"
    page.locator("tr:has(> td.card)").nth(1).evaluate(hide)
    assert drawn == around()


@pytest.mark.browser
def test_hostile_mails_do_nothing_to_the_demo_page(chromium: Browser, tmp_path: Path) -> None:
    """Hostile mails that are opened on the demo's page do nothing outside their frame."""
    mails = [
        mail
        for kind in KINDS
        for pack in packs(kind)
        for mail in (
            render(warning("en", pack), PEOPLE["en"]),
            render(failure("en", 0, pack[0]), PEOPLE["en"]),
        )
    ]
    pages = [
        MailPage(AT, m.subject, "anna@svyaz.example", m.subject, m.html, "alert") for m in mails
    ]
    page = chromium.new_page()
    events: list[str] = []
    page.on("dialog", lambda dialog: (events.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: events.append(request.url))
    page.on("popup", lambda popup: events.append(popup.url))
    page.on("pageerror", lambda error: events.append(str(error)))
    index = write_index(pages, tmp_path, DemoTexts("en"))
    page.goto(index.as_uri())
    assert events == [index.as_uri()]
    for number, mail in enumerate(mails, 1):
        page.goto(f"{index.as_uri()}#{number}")
        frame = page.frame_locator("iframe")
        assert frame.locator("h1").first.inner_text()
        listed = page.locator("li").nth(number - 1).locator(".what").text_content()
        assert listed == mail.subject
    assert set(events) == {index.as_uri()}
    assert page.evaluate("window.ran") is None
    page.close()
