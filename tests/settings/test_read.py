"""A document becomes domain objects; what cannot be read is named by its field."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from pulse.kernel.company import Account, Company, DigestRule, Person, Settings, Shadow
from pulse.kernel.policy import Level, Policy, Shift
from pulse.settings import durations
from pulse.settings.reader import SettingsError, read

WORKDAYS, ALWAYS = frozenset(range(5)), frozenset(range(7))


def minimal_document() -> dict[str, Any]:
    """Return the smallest document that can be read."""
    return {
        "companies": [
            {
                "name": "svyaz",
                "accounts": [{"username": "@svyaz_help", "id": 700000001}],
                "people": {"anna": "anna@example.com"},
                "policy": {"levels": [{"name": "warning", "after": "15 min", "tell": "anna"}]},
                "owner": "anna",
            }
        ]
    }


def test_a_minimal_document_gets_the_defaults() -> None:
    company = read(minimal_document()).company("svyaz")
    assert company == Company(
        name="svyaz",
        title={"en": "svyaz", "ru": "svyaz"},
        accounts=(Account("700000001", "svyaz_help", "support", "svyaz_help"),),
        people={"anna": Person("anna", "anna", "anna@example.com")},
        policy=Policy(
            levels=(Level("warning", timedelta(minutes=15), ("anna",)),),
            groups={"anna": (Shift("anna"),)},
        ),
        owner="anna",
    )


def test_every_field_is_read() -> None:
    document = minimal_document()
    document["board_url"] = "https://board.example"
    document["companies"][0] |= {
        "title": {"ru": "Связь"},
        "language": "ru",
        "time_zone": "Europe/Moscow",
        "accounts": [{"username": "svyaz", "id": "7", "role": "official", "token": "shared"}],
        "people": {
            "anna": {
                "name": "Анна",
                "email": "anna@example.com",
                "time_zone": "Asia/Yekaterinburg",
            },
            "dan": {"email": "dan@example.com", "language": "en"},
            "vera": "Вера <vera@example.com>",
        },
        "groups": {
            "agents": [
                {"person": "anna", "days": "mon-fri", "hours": "21:00-09:00"},
                {"person": "vera", "days": ["sat", "sun"], "hours": "00:00-24:00"},
                "dan",
            ],
            "dan": "anna",
        },
        "policy": {
            "levels": [
                {"name": "warning", "after": "15 min", "tell": "agents"},
                {"name": "breach", "after": "1 h 30 min", "tell": ["dan", "vera"]},
            ],
            "up_the_line": "dan",
            "repeat_every": "2 h",
            "alert_window": "1 h",
            "critical_window": "10 min",
            "target": "90 %",
        },
        "owner": "dan",
        "digests": [
            {"period": "shift", "to": "anna", "at": "9:00"},
            {"period": "weekly", "to": ["dan"], "at": ["10:00"]},
            {"period": "monthly", "to": ["dan"], "at": ["10:00"], "on_day": 31},
        ],
        "look_back": "0",
        "keep": "forever",
        "shadow": {"to": "dan", "until": "2026-12-01"},
        "sender": "Pulse <pulse@example.com>",
        "reads_per_month": "15000",
    }
    at = datetime(2026, 11, 22, tzinfo=UTC)
    settings = read(document, version=7, pushed_at=at)
    company = settings.companies[0]
    assert settings == Settings((company,), 7, at, "https://board.example")
    assert company.title_in("ru") == "Связь"
    assert company.title_in("en") == "svyaz"
    assert company.accounts == (Account("7", "svyaz", "official", "shared"),)
    assert company.people == {
        "anna": Person("anna", "Анна", "anna@example.com", "ru", "Asia/Yekaterinburg"),
        "dan": Person("dan", "dan", "dan@example.com", "en", "Europe/Moscow"),
        "vera": Person("vera", "Вера", "vera@example.com", "ru", "Europe/Moscow"),
    }
    assert company.policy == Policy(
        levels=(
            Level("warning", timedelta(minutes=15), ("agents",)),
            Level("breach", timedelta(minutes=90), ("dan", "vera")),
        ),
        groups={
            "agents": (
                Shift("anna", WORKDAYS, time(21), time(9)),
                Shift("vera", frozenset({5, 6})),
                Shift("dan"),
            ),
            "dan": (Shift("anna"),),
            "anna": (Shift("anna"),),
            "vera": (Shift("vera"),),
        },
        time_zone="Europe/Moscow",
        escalation=("dan",),
        repeat_every=timedelta(hours=2),
        alert_window=timedelta(hours=1),
        critical_window=timedelta(minutes=10),
        target=0.9,
        version=7,
    )
    assert company.digests == (
        DigestRule("shift", ("anna",), (time(9),)),
        DigestRule("weekly", ("dan",), (time(10),), frozenset({0})),
        DigestRule("monthly", ("dan",), (time(10),), on_day=31),
    )
    assert (company.look_back, company.retention) == (timedelta(0), None)
    assert company.shadow == Shadow("dan@example.com", datetime(2026, 11, 30, 21, tzinfo=UTC))
    assert (company.owner, company.sender) == ("dan", "Pulse <pulse@example.com>")
    assert company.reads_per_month == 15000


@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_field_is_as_if_it_was_left_out(empty: str | None) -> None:
    """An empty time zone or language is the default one, not an unknown one."""
    document = minimal_document()
    usual = read(document)
    names = ("time_zone", "language", "look_back", "reads_per_month", "sender")
    document["companies"][0] |= dict.fromkeys(names, empty)
    assert read(document) == usual


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"name": None}, "companies[0].name: is missing"),
        ({"accounts": [{"id": "7"}]}, "companies[0].accounts[0].username: is missing"),
        ({"accounts": {"id": "7"}}, "companies[0].accounts: must be a list"),
        ({"people": ["anna"]}, "companies[0].people: must have fields below it"),
        ({"policy": {"levels": [5]}}, "companies[0].policy.levels[0]: must have fields below it"),
        (
            {"policy": {"levels": [{"name": "x", "after": "soon", "tell": "anna"}]}},
            "companies[0].policy.levels[0].after: 'soon' is not a length of time",
        ),
        (
            {"groups": {"agents": [{"person": "anna", "hours": "9-21"}]}},
            "companies[0].groups.agents[0].hours: '9-21' is not a time of day",
        ),
        ({"reads_per_month": "many"}, "companies[0].reads_per_month: 'many' is not a whole number"),
        (
            {"shadow": {"to": "anna", "until": "2026-12-01"}, "time_zone": "Mars/Olympus"},
            "companies[0].shadow: Mars/Olympus is not a time zone",
        ),
    ],
)
def test_what_cannot_be_read_is_named(change: dict[str, Any], expected: str) -> None:
    document = minimal_document()
    document["companies"][0] |= change
    with pytest.raises(SettingsError) as caught:
        read(document)
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("0", 0),
        ("15 min", 15),
        ("15min", 15),
        ("1 minute", 1),
        ("4 h", 240),
        ("1 h 30 min", 90),
        ("1 day", 1440),
        ("90 days", 129_600),
        ("2 weeks", 20_160),
    ],
)
def test_lengths_of_time_are_read(text: str, minutes: int) -> None:
    assert durations.duration(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("mon", {0}),
        ("mon-fri", set(WORKDAYS)),
        ("fri-mon", {4, 5, 6, 0}),
        ("mon-sun", set(ALWAYS)),
        ("mon-wed, sat", {0, 1, 2, 5}),
        (["mon", "wed"], {0, 2}),
        (["sat-sun", "mon"], {5, 6, 0}),
    ],
)
def test_days_are_read(value: str | list[str], found: set[int]) -> None:
    assert durations.days(value) == found


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("09:00-21:00", time(9), time(21)),
        ("9:00 - 21:30", time(9), time(21, 30)),
        ("21:00\N{EN DASH}09:00", time(21), time(9)),
        ("00:00-24:00", time(0), time(0)),
        ("21:00-24:00", time(21), time(0)),
    ],
)
def test_hours_are_read(text: str, start: time, end: time) -> None:
    assert durations.hours(text) == (start, end)


@pytest.mark.parametrize(("text", "part"), [("95 %", 0.95), ("100%", 1), ("0.5", 0.5), ("1", 1)])
def test_shares_are_read(text: str, part: float) -> None:
    assert durations.share(text) == part


@pytest.mark.parametrize("text", ["", "60", "15 sec", "-1 h", "4 h min", "1 h30", "999999 h"])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a length of time"):
        durations.duration(text)


@pytest.mark.parametrize("text", ["", "9", "24:00", "09:60", "9:00 am"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time of day"):
        durations.clock(text)
