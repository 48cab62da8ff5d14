"""Mails of Svyaz, an invented telecom: a model of each kind, and some difficult ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pulse.conversations.facts import ConversationKey
from pulse.conversations.fold import State
from pulse.incidents.surge import Surge
from pulse.kernel.company import Account, Language, Person
from pulse.kernel.posts import Author
from pulse.listening.budget import Budget
from pulse.outbox.escalation import ADDRESS_FAULTS
from pulse.outbox.message import Mail
from pulse.outbox.suppressions import Suppression
from pulse.reporting.coverage import Coverage, FaultPeriod, Gap
from pulse.reporting.report import Report
from pulse.reporting.stats import DurationStats, PeriodStats
from pulse.screens.mails import render
from pulse.screens.models import AlertMail, Card, DigestMail, FaultMail, ProbeMail, ThreadPost

AT = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
"""Sunday, nine in the morning in Moscow."""

TITLE: dict[Language, str] = {"en": "Svyaz", "ru": "Связь"}
PEOPLE: dict[Language, Person] = {
    "en": Person("anna", "Anna Petrova", "anna@svyaz.example", "en", "Europe/Moscow"),
    "ru": Person("anna", "Анна Петрова", "anna@svyaz.example", "ru", "Europe/Moscow"),
}
US = Author("11", "svyaz_help", "Связь: помощь")


def minutes(n: float) -> timedelta:
    return timedelta(minutes=n)


def card(
    number: int, who: Author, text: str, waited: timedelta, level: str | None, **more: object
) -> Card:
    values: dict[str, object] = {
        "customer": who,
        "post_id": str(1990000000000000000 + number),
        "text": text,
        "since": AT - waited,
        "waited": waited,
        "level": level,
        "top": level == "critical",
        "mentions": 1,
        "accounts": ("svyaz_help",),
    }
    return Card(**(values | more))  # type: ignore[arg-type]


IVAN = card(
    1,
    Author("101", "ivan_k", "Иван К."),
    "Интернет лежит со вчера, вы где? Третий раз пишу. Химки, ул. Победы, 12.",
    minutes(312),
    "critical",
    mentions=3,
    thread=(
        ThreadPost(
            Author("101", "ivan_k", "Иван К."), "@svyaz_help пропал интернет", AT - minutes(340)
        ),
        ThreadPost(US, "@ivan_k Добрый вечер! Подскажите адрес.", AT - minutes(331), ours=True),
        ThreadPost(Author("101", "ivan_k", "Иван К."), "Химки, Победы 12", AT - minutes(312)),
    ),
)
MARY = card(
    2,
    Author("102", "mary_osullivan", "Mary O'Sullivan"),
    "@svyaz_help @svyaz roaming charged me twice in Tbilisi & nobody answers the phone.\n\n"
    "Case 88-1204. Please call me back?",
    minutes(251),
    "critical",
    accounts=("svyaz_help", "svyaz"),
    taken_by="Oleg",
)
PAVEL = card(
    3,
    Author("103", "pavel_dachnik", "Павел 🌻 дача"),
    "Спасибо, конечно, за «ускорение», но у меня теперь 3 Мбит/с вместо 100 😡😡",
    minutes(72),
    "breach",
    mentions=2,
)
AMIRA = card(
    4,
    Author("104", "amira_travels", "أميرة"),
    "هل تعمل شريحة Svyaz في دبي؟ أحتاج إلى الإنترنت غدًا صباحًا",
    minutes(64),
    "breach",
    accounts=("svyaz",),
)
NAMELESS = card(
    5, Author("105"), "Не приходит СМС с кодом.", minutes(21), "warning", accounts=("svyaz_help",)
)
CARDS = (IVAN, MARY, PAVEL, AMIRA, NAMELESS)


def alert(language: Language) -> AlertMail:
    """Two critical waits, two breaches, one warning; one account's own posts are unread."""
    return AlertMail(
        company=TITLE[language],
        at=AT,
        cards=CARDS,
        more=0,
        levels={"critical": 2, "breach": 2, "warning": 1},
        longest=minutes(312),
        unread=("svyaz",),
    )


def reminder(language: Language) -> AlertMail:
    """The second reminder of a critical wait that nobody has taken, in shadow mode."""
    return replace(
        alert(language),
        cards=(IVAN,),
        levels={"critical": 1},
        reminder=2,
        unread=(),
        meant_for="Ольга Ким <olga@svyaz.example>",
    )


def full_alert(language: Language) -> AlertMail:
    """Fifty cards with long texts and threads; 87 more wait."""
    text = (
        "@svyaz_help Уже вторые сутки нет связи в Химках, на горячей линии час музыки, "
        "в чате бот, который не понимает ни слова. Верните деньги за ноябрь или дайте "
        "человека! Номер договора 4471-208, дом 12, подъезд 3. Жду ответа сегодня, завтра "
        "иду к другому оператору."
    )
    cards = tuple(
        replace(
            IVAN,
            post_id=str(1990000000000001000 + n),
            customer=Author(str(500 + n), f"customer_no_{n:02}", f"Константин Константинович {n}"),
            text=text[:279],
            waited=minutes(400 - 7 * n),
            since=AT - minutes(400 - 7 * n),
            level="critical" if n < 20 else "breach",
            top=n < 20,
        )
        for n in range(50)
    )
    return replace(
        alert(language),
        cards=cards,
        more=87,
        levels={"critical": 20, "breach": 117},
        longest=minutes(400),
        board_url="https://board.svyaz.example/",
    )


def span(
    received: int, answered: int, first: DurationStats, following: DurationStats, within: float
) -> PeriodStats:
    return PeriodStats(received, answered, first, following, within)


def some(
    received: int, answered: int, median: float | None = None, unanswered: float | None = None
) -> PeriodStats:
    """Figures of a part of the mentions, as far as digests show them."""
    first = DurationStats(median=median)
    return PeriodStats(received, answered, first, DurationStats(), None, unanswered)


HELP = Account("11", "svyaz_help", "support", "support")
NEWS = Account("12", "svyaz", "official", "official")
NOW = span(214, 203, DurationStats(120, 420, 2460), DurationStats(231, 380, 2100), 0.93)
BEFORE = span(191, 188, DurationStats(101, 540, 2280), DurationStats(204, 410, 1980), 0.96)
SHIFT_HOURS = {
    hour % 24: some(received, answered)
    for hour, received, answered in zip(
        range(21, 33),
        (21, 14, 9, 6, 4, 48, 39, 22, 14, 11, 12, 14),
        (21, 14, 9, 6, 4, 44, 36, 20, 14, 11, 12, 12),
        strict=True,
    )
}
WATCH = Coverage(
    minutes=720,
    watched=683,
    gaps=(
        Gap("svyaz", AT - minutes(410), AT - minutes(373), "blind"),
        Gap("svyaz_help", AT - minutes(400), AT - minutes(398), "wall"),
    ),
    quarantined=2,
    undelivered=1,
    removed=3,
    faults=(
        FaultPeriod(
            "svyaz", "unavailable", AT - minutes(410), AT - minutes(373), "503 Service Unavailable"
        ),
        FaultPeriod("svyaz", "token", AT - minutes(30), None, "401 Unauthorized"),
    ),
    unread=("svyaz_shop",),
    suppressed=(
        Suppression("oleg@svyaz.example", "bounce", AT - minutes(95), "550", "m1"),
        Suppression("vera@svyaz.example", "complaint", AT - minutes(3000), "abuse", "m2"),
    ),
    reads=Budget(used=12340, before=14210, limit=15000),
)


def waiting(count: int) -> dict[ConversationKey, State]:
    """Return this many open conversations."""
    return {ConversationKey("svyaz", str(n), str(n)): State("open") for n in range(count)}


def reporting(digest: DigestMail, **values: Any) -> DigestMail:
    """Return the digest with these values of its report replaced."""
    return replace(digest, report=replace(digest.report, **values))


def shift(language: Language) -> DigestMail:
    """The morning after an outage: 17 wait."""
    report = Report(
        start=AT - minutes(720),
        end=AT,
        at=AT,
        waiting=waiting(17),
        longest=minutes(312),
        critical=2,
        ageing=(6, 5, 4, 2, 0),
        figures=NOW,
        before=BEFORE,
        target=0.95,
        accounts={HELP: some(171, 165, 380), NEWS: some(43, 38, 960)},
        hours=SHIFT_HOURS,
        days={},
        night=NOW,
        day=NOW,
        coverage=WATCH,
        counted_from=AT - minutes(720),
        has_past=False,
        unread=("svyaz",),
        surge=Surge(AT - minutes(410), 140, 11.6, None),
    )
    return DigestMail(
        company=TITLE[language],
        period="shift",
        report=report,
        cards=CARDS,
        board_url="https://board.svyaz.example/now",
    )


def quiet(language: Language) -> DigestMail:
    """A calm day: everyone is answered, nothing was missed; the first digest.

    Pulse was started in the evening and looked back two hours.
    """
    digest = reporting(
        shift(language),
        start=AT - minutes(1440),
        waiting={},
        longest=None,
        critical=0,
        ageing=(0, 0, 0, 0, 0),
        figures=PeriodStats(1, 1, DurationStats(1, 47, 47), DurationStats(1, 47, 47), 1.0),
        before=None,
        accounts={HELP: some(1, 1, 47), NEWS: some(0, 0)},
        hours={h % 24: some(int(h == 20), int(h == 20)) for h in range(18, 33)},
        coverage=Coverage(780, 780, reads=Budget(47, 0, 15000), removed=1, since=AT - minutes(780)),
        counted_from=AT - minutes(900),
        surge=None,
        has_past=True,
        unread=(),
    )
    return replace(digest, period="daily", cards=(), board_url=None)


def weekly(language: Language) -> DigestMail:
    """A week with its trend and its nights, in shadow mode."""
    trend = {
        date(2026, 11, 15 + n): some(received, answered, median, unanswered)
        for n, (received, answered, median, unanswered) in enumerate(
            [
                (191, 188, 540.0, 0.01),
                (204, 201, 420.0, 0.0),
                (1214, 1103, 2460.0, 0.09),
                (340, 333, 600.0, 0.02),
                (188, 188, 300.0, 0.0),
                (173, 170, 310.0, 0.02),
                (0, 0, None, None),
            ]
        )
    }
    digest = reporting(
        shift(language),
        start=AT - timedelta(days=7),
        counted_from=AT - timedelta(days=7),
        figures=span(
            2310, 2183, DurationStats(1400, 470, 3100), DurationStats(2500, 430, 2900), 0.91
        ),
        before=span(
            1402, 1390, DurationStats(900, 440, 2300), DurationStats(1500, 400, 2200), 0.97
        ),
        hours={h: some(20 + 9 * h, 18 + 8 * h) for h in range(24)},
        surge=Surge(AT - minutes(410), 140, 11.6, minutes(47)),
        unread=(),
        coverage=Coverage(10080, 10080),
        days=trend,
        night=span(402, 371, DurationStats(300, 1500, 7900), DurationStats(410, 1300, 7000), 0.71),
        day=span(1908, 1812, DurationStats(1100, 380, 2000), DurationStats(2090, 340, 1900), 0.96),
    )
    return replace(digest, period="weekly", meant_for="Ольга Ким <olga@svyaz.example>")


def monthly(language: Language) -> DigestMail:
    """A month: thirty days in a row."""
    trend = {
        date(2026, 10, 23) + timedelta(days=n): some(90 + 7 * n, 88 + 6 * n, 300.0 + n, n / 100)
        for n in range(30)
    }
    start = AT - timedelta(days=30)
    digest = reporting(
        weekly(language), start=start, counted_from=start, days=trend, coverage=WATCH
    )
    return replace(digest, period="monthly")


LONG = "Ы" * 280
HOSTILE = Card(
    customer=Author("66", "x_66", "\u202eEve\r\nBcc: all@example.com\u2066<b>"),
    post_id="1990000000000000066",
    text=(
        "<script>alert(1)</script><img src=https://evil.example/p.png> {{ 7*7 }} {n} %s\r\n"
        "\u202eDO NOW\u2028CRITICAL 99 h\x0b--\x85Reply on X: https://evil.example/"
    ),
    since=AT - minutes(5),
    waited=minutes(5),
    level="escalation <i>nine</i>\nSubject: x",
    top=False,
    mentions=2,
    accounts=("svyaz_help",),
    taken_by="O\u2019Neil\r\n<u>Bob</u>",
    thread=(
        ThreadPost(Author("66", "x_66", "E" * 50), LONG, AT - minutes(9)),
        ThreadPost(
            US, "</div></td></table><style>*{display:none}</style>", AT - minutes(7), ours=True
        ),
    ),
)


def hostile(language: Language) -> AlertMail:
    """Names and texts that try to break out, and very long words."""
    return replace(
        alert(language),
        company="Evil\r\nBcc: all@example.com\x00\u202e <b>Corp</b>",
        cards=(HOSTILE, replace(HOSTILE, text=LONG, customer=Author("67", "w" * 15, "W" * 50))),
        levels={"escalation <i>nine</i>\nSubject: x": 2},
        meant_for="Eve\r\n<eve@example.com>",
    )


ERROR_TEXTS = {
    "token": '401 Unauthorized\n{"title": "Unauthorized", "status": 401}',
    "forbidden": "403 Forbidden: client-not-enrolled",
    "credits": "402 Payment Required: CreditsDepleted",
    "usage_cap": "429 Usage cap exceeded: Monthly product cap",
    "account": "X knows no user @svyaz",
    "request": "400 Invalid Request: one or more parameters to your request was invalid",
    "address": "MessageRejected: Email address is not verified.",
    "bounce": "Permanent (General): smtp; 550 5.1.1 user unknown",
    "complaint": "Complaint abuse",
    "compliance": "403 Forbidden: client-not-enrolled",
    "unchecked": "503 Service Unavailable",
}


def fault_mail(kind: str, language: Language) -> FaultMail:
    """A fault of this kind with @svyaz, or with a person's address."""
    return FaultMail(
        company=TITLE[language],
        at=AT,
        kind=kind,  # type: ignore[arg-type]
        subject="oleg@svyaz.example" if kind in ADDRESS_FAULTS else "svyaz",
        detail=ERROR_TEXTS[kind],
    )


FAULT_KINDS = tuple(ERROR_TEXTS)


def all_mails(language: Language) -> dict[str, Mail]:
    """Return all sample mails, by name."""
    person = PEOPLE[language]
    alerts = {"alert": alert, "reminder": reminder, "full_alert": full_alert, "hostile": hostile}
    digests = {"shift": shift, "quiet": quiet, "weekly": weekly, "monthly": monthly}
    return {
        **{name: render(make(language), person) for name, make in alerts.items()},
        **{name: render(make(language), person) for name, make in digests.items()},
        **{f"trouble_{k}": render(fault_mail(k, language), person) for k in FAULT_KINDS},
        "trouble_of_posts": render(
            replace(fault_mail("forbidden", language), endpoint="posts"), person
        ),
        "probe": render(ProbeMail(TITLE[language], AT, person.name), person),
    }
