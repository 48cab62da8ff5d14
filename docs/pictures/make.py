"""Makes the pictures of the README: the digest of 09:00 of `pulse demo`, on a phone.

python docs/pictures/make.py    (needs Chromium; `make chromium` says how)
"""  # noqa: INP001 - a script

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, FloatRect, Page, sync_playwright

from pulse_cli.demo import mailbox, make_day
from pulse_cli.demo.run import run_demo

_HERE = Path(__file__).parent
_WIDTH, _SCALE = 390, 2
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
_CARDS = "td[class^=edge]"
_CARDS_SHOWN = 2
_MARGIN = 14


def main() -> None:
    """Replay the day, and take both pictures."""
    path = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if path is None:
        sys.exit("no Chromium here: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        came = run_demo(make_day(), Path(folder), lambda _: None)
        letters = mailbox.write_pages(Path(folder) / "mail", came.company, came.sent_mails)
        browser = playwright.chromium.launch(executable_path=path, args=list(_QUIET))
        for language, name in (("en", "Dan"), ("ru", "Galina")):
            digests = [one for one in letters if one.kind == "digest" and one.name == name]
            _take(browser, digests[1].html, language)
        browser.close()


def _take(browser: Browser, html: str, language: str) -> None:
    page = browser.new_page(
        viewport={"width": _WIDTH, "height": 800}, device_scale_factor=_SCALE, color_scheme="light"
    )
    page.set_content(html)
    clip = _head(page) if language == "en" else _rest(page)
    page.screenshot(path=_HERE / f"digest-{language}.png", full_page=True, clip=clip)
    page.close()


def _head(page: Page) -> FloatRect:
    """From the top to the end of the worst cards."""
    box = page.locator(_CARDS).nth(_CARDS_SHOWN - 1).bounding_box()
    assert box is not None  # noqa: S101 - there are more
    return {"x": 0, "y": 0, "width": _WIDTH, "height": box["y"] + box["height"] + _MARGIN}


def _rest(page: Page) -> FloatRect:
    """What comes after the cards, to the bottom."""
    box = page.locator("td.sheet").nth(2).bounding_box()
    whole = page.evaluate("document.documentElement.scrollHeight")
    assert box is not None  # noqa: S101 - so the mail is made
    return {"x": 0, "y": box["y"], "width": _WIDTH, "height": whole - box["y"]}


if __name__ == "__main__":
    main()
