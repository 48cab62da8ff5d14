"""The mails in a real browser: narrow and wide, in light and in dark mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pytest

from tests.screens.sample_mails import all_mails

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from pulse.kernel.company import Language

pytestmark = pytest.mark.browser

BUTTON = 44
"""Height in pixels that a thumb needs."""

MEASURE = """
() => {
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(v => v / 255)
      .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const colour = text => text.match(/[\\d.]+/g).map(Number);
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const found = colour(getComputedStyle(at).backgroundColor);
      if (found.length < 4 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const faint = [], cut = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const [a, b] = [luminance(colour(style.color)), luminance(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push([node.data.trim().slice(0, 40), ratio.toFixed(2)]);
    const box = element.getBoundingClientRect();
    if (box.right > innerWidth + 1 || box.left < -1) cut.push(node.data.trim().slice(0, 40));
  }
  const heights = [...document.querySelectorAll('a.press, a.tap')]
    .map(a => [a.textContent, a.getBoundingClientRect().height]);
  return {
    faint, cut, heights,
    width: document.documentElement.scrollWidth,
    sheet: Math.max(...[...document.querySelectorAll('td.sheet')].map(e => e.offsetWidth)),
    smallest: Math.min(...[...document.querySelectorAll('p, td, a')]
      .filter(e => e.textContent.trim()).map(e => parseFloat(getComputedStyle(e).fontSize))
      .filter(size => size > 1)),
  };
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 800])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_mail_is_readable(
    chromium: Browser, language: Language, width: int, scheme: Literal["light", "dark"]
) -> None:
    """Each mail fits, has readable text and buttons that can be tapped, and loads nothing."""
    page = chromium.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    events: list[str] = []
    page.on("console", lambda message: events.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: events.append(f"error: {error}"))
    page.on("request", lambda request: events.append(f"request: {request.url}"))
    for name, mail in all_mails(language).items():
        page.set_content(mail.html)
        found = page.evaluate(MEASURE)
        assert found["width"] <= width, name
        assert found["sheet"] <= 600, name
        assert not found["cut"], name
        assert not found["faint"], name
        assert all(height >= BUTTON for _, height in found["heights"]), name
        assert found["smallest"] >= 10, name
    page.close()
    assert not events


def test_dark_mode_has_a_dark_background(chromium: Browser) -> None:
    """In dark mode, the background of a mail is dark."""
    grounds = {}
    for scheme in ("light", "dark"):
        page = chromium.new_page(color_scheme=scheme)
        page.set_content(all_mails("en")["shift"].html)
        grounds[scheme] = _ground(page)
        page.close()
    assert grounds == {"light": "rgb(255, 255, 255)", "dark": "rgb(28, 32, 36)"}


def test_a_mail_without_its_head_is_still_readable(chromium: Browser) -> None:
    """If a mail client drops the styles in the head, colours and buttons are still there."""
    html = all_mails("ru")["shift"].html
    start, end = html.index("<style>"), html.index("</style>")
    page = chromium.new_page(viewport={"width": 360, "height": 800})
    page.set_content(html[:start] + html[end:])
    found: dict[str, Any] = page.evaluate(MEASURE)
    page.close()
    assert found["width"] <= 360
    assert not found["faint"]
    assert all(height >= BUTTON for _, height in found["heights"])


def _ground(page: Page) -> str:
    sheet = page.locator("td.sheet").first
    return str(sheet.evaluate("e => getComputedStyle(e).backgroundColor"))
