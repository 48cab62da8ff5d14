"""The output of the demo: a report for eighty columns, and one page with all the mails."""

from __future__ import annotations

import json
import re
from html import unescape
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len
from rich.console import Console

from pulse_cli.demo import mailbox
from pulse_cli.demo.report import draw_next_steps, draw_report
from pulse_cli.demo.texts import DemoTexts

if TYPE_CHECKING:
    from pulse_cli.demo.script import Language
    from tests.demo.conftest import ReplayedDay


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_report_fits_eighty_columns(replayed_day: ReplayedDay, language: Language) -> None:
    """In a terminal of eighty columns, no line of the report is longer or cut short."""
    texts = DemoTexts(language)
    console = Console(width=80, file=StringIO(), highlight=False, markup=False)
    console.print(draw_report(replayed_day.day, replayed_day.result, texts))
    console.print(draw_next_steps(Path("out/demo"), Path("out/demo/mail/index.html"), 9, texts))
    text = str(console.file.getvalue())  # type: ignore[attr-defined]
    lines = text.splitlines()
    assert max(cell_len(line.rstrip()) for line in lines) <= 80
    cut = [line for line in lines if "…" in line and "@" not in line]
    assert not cut
    received = texts.number(len(replayed_day.day.mentions))
    assert received in text
    assert texts("outage") in text


def test_one_page_holds_all_the_mails(replayed_day: ReplayedDay) -> None:
    """The page contains each mail as it was sent, and loads nothing from elsewhere."""
    index = mailbox.write_index(replayed_day.mails, replayed_day.out / "mail", DemoTexts("en"))
    page = index.read_text("utf-8")
    found = re.search(r'<script type="application/json" id="pages">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    pages = json.loads(found[1])
    assert [one.replace('<base target="_blank">', "") for one in pages] == [
        mail.html for mail in replayed_day.mails
    ]
    assert not re.findall(r'(?:src|href)="(?!#)', page.replace(found[1], ""))
    rows = re.findall(r'<span class="what">(.*?)</span>', page)
    assert [unescape(row) for row in rows] == [mail.subject for mail in replayed_day.mails]
