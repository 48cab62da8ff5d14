"""Texts, plurals, durations and times, in tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, get_args

import pytest

from pulse.outbox.escalation import ADDRESS_FAULTS
from pulse.screens.locale import Locale, one_line, quoted
from pulse.screens.mails import render
from pulse.screens.templates import environment, phrases
from pulse.x.faults import FOR_A_PERSON, FaultKind
from tests.screens.sample_mails import (
    AT,
    FAULT_KINDS,
    PEOPLE,
    alert,
    card,
    minutes,
    reporting,
    shift,
    weekly,
)
from tests.screens.sample_mails import US as SOMEBODY

if TYPE_CHECKING:
    from pulse.kernel.company import Language
    from pulse.screens.models import DigestMail

EN, RU = Locale("en", "Europe/Moscow"), Locale("ru", "Europe/Moscow")
SAY_EN, SAY_RU = phrases(EN), phrases(RU)


@pytest.mark.parametrize(
    ("count", "en", "ru"),
    [
        (0, "0 waiting", "0 ждут"),
        (1, "1 waiting", "1 ждёт"),
        (2, "2 waiting", "2 ждут"),
        (4, "4 waiting", "4 ждут"),
        (5, "5 waiting", "5 ждут"),
        (11, "11 waiting", "11 ждут"),
        (21, "21 waiting", "21 ждёт"),
        (101, "101 waiting", "101 ждёт"),
        (111, "111 waiting", "111 ждут"),
        (1234, "1,234 waiting", "1\u00a0234 ждут"),
    ],
)
def test_how_many_wait(count: int, en: str, ru: str) -> None:
    assert SAY_EN["waiting"](count) == en
    assert SAY_RU["waiting"](count) == ru


@pytest.mark.parametrize(
    ("count", "en", "ru"),
    [
        (2, "2 messages", "2 сообщения"),
        (5, "5 messages", "5 сообщений"),
        (12, "12 messages", "12 сообщений"),
        (21, "21 messages", "21 сообщение"),
        (22, "22 messages", "22 сообщения"),
        (25, "25 messages", "25 сообщений"),
    ],
)
def test_how_many_messages(count: int, en: str, ru: str) -> None:
    """Messages are counted only if there are several."""
    one = card(1, SOMEBODY, "?", minutes(3), None, mentions=count)
    assert en in SAY_EN["card_facts"](one, AT)
    assert ru in SAY_RU["card_facts"](one, AT)
    assert "message" not in SAY_EN["card_facts"](replace(one, mentions=1), AT)


@pytest.mark.parametrize(
    ("one", "more", "forms"),
    [
        ("{n} message", "{n} messages", ("сообщение", "сообщения", "сообщений")),
        ("last {n} hour", "last {n} hours", ("за {n} час", "за {n} часа", "за {n} часов")),
        ("last {n} day", "last {n} days", ("за {n} день", "за {n} дня", "за {n} дней")),
        (
            "{n} email could not be delivered",
            "{n} emails could not be delivered",
            ("письмо не", "письма не", "писем не"),
        ),
        ("{n} mention received", "{n} mentions received", ("обращение", "обращения", "обращений")),
    ],
)
def test_russian_has_three_forms(one: str, more: str, forms: tuple[str, str, str]) -> None:
    few, some, many = forms
    cases = {1: few, 21: few, 3: some, 34: some, 0: many, 7: many, 11: many, 14: many, 112: many}
    for n, form in cases.items():
        assert form.format(n=n) in RU.ngettext(one, more, n)


@pytest.mark.parametrize(
    ("length", "en", "ru"),
    [
        (None, "\N{EN DASH}", "\N{EN DASH}"),
        (timedelta(seconds=-5), "under 1 min", "меньше 1 мин"),
        (59.9, "under 1 min", "меньше 1 мин"),
        (60, "1 min", "1 мин"),
        (timedelta(minutes=59, seconds=59), "59 min", "59 мин"),
        (timedelta(hours=5), "5 h", "5 ч"),
        (timedelta(hours=5, minutes=12), "5 h 12 min", "5 ч 12 мин"),
        (timedelta(hours=24), "1 d", "1 д"),
        (timedelta(days=3, hours=4, minutes=50), "3 d 4 h", "3 д 4 ч"),
        (timedelta(days=1200), "1,200 d", "1\u00a0200 д"),
    ],
)
def test_lengths(length: timedelta | float | None, en: str, ru: str) -> None:
    assert EN.duration(length) == en
    assert RU.duration(length) == ru


@pytest.mark.parametrize(
    ("length", "en", "ru"),
    [
        (timedelta(hours=1), "last 1 hour", "за 1 час"),
        (timedelta(hours=12), "last 12 hours", "за 12 часов"),
        (timedelta(hours=12, minutes=30), "last 12 h 30 min", "за 12 ч 30 мин"),
        (timedelta(hours=23), "last 23 hours", "за 23 часа"),
        (timedelta(days=2), "last 2 days", "за 2 дня"),
        (timedelta(days=7, hours=-1), "last 7 days", "за 7 дней"),
        (timedelta(days=31), "last 31 days", "за 31 день"),
    ],
)
def test_a_period_is_named_by_its_real_length(length: timedelta, en: str, ru: str) -> None:
    assert EN.stretch(length) == en
    assert RU.stretch(length) == ru


@pytest.mark.parametrize(
    ("zone", "en", "ru"),
    [
        ("Europe/Moscow", "09:00 MSK", "09:00 МСК"),
        ("Europe/Berlin", "07:00 CET", "07:00 CET"),
        ("America/New_York", "01:00 EST", "01:00 EST"),
        ("Asia/Yekaterinburg", "11:00 UTC+5", "11:00 UTC+5"),
        ("Asia/Kathmandu", "11:45 UTC+5:45", "11:45 UTC+5:45"),
        ("America/Sao_Paulo", "03:00 UTC\N{MINUS SIGN}3", "03:00 UTC\N{MINUS SIGN}3"),
        ("UTC", "06:00 UTC", "06:00 UTC"),
    ],
)
def test_time_zones_have_the_names_that_people_use(zone: str, en: str, ru: str) -> None:
    assert Locale("en", zone).o_clock(AT) == en
    assert Locale("ru", zone).o_clock(AT) == ru


def test_summer_time_has_its_own_name() -> None:
    summer = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    assert Locale("en", "Europe/London").o_clock(summer) == "13:00 BST"


def test_dates() -> None:
    """A time on another day than the mail's has its date; days begin at the reader's midnight."""
    late = datetime(2026, 11, 21, 21, 30, tzinfo=UTC)
    assert EN.clock(late, AT) == "00:30"
    assert Locale("en", "UTC").clock(late, AT) == "21 Nov, 21:30"
    assert RU.clock(late - timedelta(hours=2), AT) == "21 нояб., 22:30"
    assert EN.moment(AT) == "Sun 22 Nov, 09:00 MSK"
    assert RU.moment(AT) == "вс, 22 нояб., 09:00 МСК"


@pytest.mark.parametrize(
    ("language", "subject", "preheader"),
    [
        (
            "en",
            "17 waiting, longest 5 h 12 min · Svyaz",
            "2 critical · watched 683 of 720 min · the watch had gaps",
        ),
        (
            "ru",
            "17 ждут, дольше всех 5 ч 12 мин · Связь",
            "2 критичных · мониторинг: 683 из 720 мин · были перерывы",
        ),
    ],
)
def test_digest_subjects(language: Language, subject: str, preheader: str) -> None:
    mail = render(shift(language), PEOPLE[language])
    assert (mail.subject, mail.preheader) == (subject, preheader)


def test_a_digest_states_that_everyone_was_answered() -> None:
    def subject(language: Language) -> str:
        model = reporting(replace(shift(language), cards=()), waiting={}, longest=None)
        return render(model, PEOPLE[language]).subject

    assert subject("en") == "Everyone has been answered · Svyaz"
    assert subject("ru") == "Всем ответили · Связь"


@pytest.mark.parametrize(
    ("levels", "reminder", "en", "ru"),
    [
        (
            {"critical": 2, "breach": 5, "warning": 0},
            0,
            "CRITICAL: 2 waiting, longest 5 h 12 min; breach: 5 · Svyaz",
            "КРИТИЧНО: 2 ждут, дольше всех 5 ч 12 мин; просрочено: 5 · Связь",
        ),
        (
            {"critical": 1},
            2,
            "CRITICAL: 1 customer waiting for 5 h 12 min, reminder 2 · Svyaz",
            "КРИТИЧНО: 1 клиент ждёт 5 ч 12 мин, напоминание 2 · Связь",
        ),
        (
            {"breach": 21},
            0,
            "Breach: 21 waiting, longest 5 h 12 min · Svyaz",
            "Просрочено: 21 ждёт, дольше всех 5 ч 12 мин · Связь",
        ),
        (
            {"soon": 3},
            0,
            "Soon: 3 waiting, longest 5 h 12 min · Svyaz",
            "Soon: 3 ждут, дольше всех 5 ч 12 мин · Связь",
        ),
        ({}, 0, "5 waiting, longest 5 h 12 min · Svyaz", "5 ждут, дольше всех 5 ч 12 мин · Связь"),
    ],
)
def test_alert_subjects_name_the_worst_level_first(
    levels: dict[str, int], reminder: int, en: str, ru: str
) -> None:
    for language, subject in (("en", en), ("ru", ru)):
        model = replace(alert(language), levels=levels, reminder=reminder)  # type: ignore[arg-type]
        assert render(model, PEOPLE[language]).subject == subject  # type: ignore[index]


def test_a_custom_level_is_in_capitals_if_it_is_the_highest() -> None:
    worst = card(1, SOMEBODY, "?", minutes(300), "alarm", top=True)
    model = replace(alert("en"), cards=(worst,), levels={"alarm": 1})
    assert render(model, PEOPLE["en"]).subject.startswith("ALARM: 1 waiting")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\r\nb\x00c\x1b[0m\x85d\u2028e", "a b c [0m d e"),
        ("\u202eabc\u202c \u2066x\u2069\u200f", "abc x"),
        ("  \n ", ""),
        ("👩\u200d🚒 ok", "👩\u200d🚒 ok"),
    ],
)
def test_one_line_stays_one_line(text: str, line: str) -> None:
    assert one_line(text) == line


def test_a_quote_marks_each_line() -> None:
    assert quoted("a\r\n\r\nb\u2028--\x0bc") == "> a\n>\n> b\n> --\n> c"
    assert quoted("") == ">"


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_long_company_name_is_cut_in_subjects(language: Language) -> None:
    model: DigestMail = replace(weekly(language), company="Svyaz " * 40)
    subject = render(model, PEOPLE[language]).subject
    assert subject.endswith("…")
    assert len(subject) < 120


def test_every_fault_for_a_person_has_a_sample_mail() -> None:
    """There is a sample mail for each kind of fault that only a person can fix."""
    assert set(FAULT_KINDS) == FOR_A_PERSON | {"compliance", "unchecked", *ADDRESS_FAULTS}


@pytest.mark.parametrize("kind", get_args(FaultKind))
def test_every_fault_has_a_name_in_both_languages(kind: str) -> None:
    """Each kind of fault of X has a label in English and another one in Russian."""
    assert SAY_EN["fault"](kind) != kind
    assert SAY_RU["fault"](kind) not in {kind, SAY_EN["fault"](kind)}


def test_html_escapes_phrases() -> None:
    """HTML shows a level with markup in its name as text."""
    html = environment().from_string("{{ level('<i>soon</i>') }}").render(SAY_EN)
    assert html == "&lt;i&gt;soon&lt;/i&gt;"
