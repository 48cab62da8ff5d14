"""Bounds of minutes and UTC days, and the instants of local times.

All instants are aware datetimes. X bills and limits by UTC days, so that a day without further
words is one of UTC; people's days are local, and their bounds come from `to_instant`.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def start_of_minute(moment: datetime) -> datetime:
    """Return the beginning of the minute of `moment`."""
    return moment.replace(second=0, microsecond=0)


def start_of_day(moment: datetime) -> datetime:
    """Return midnight UTC at the beginning of the UTC day of `moment`.

    >>> start_of_day(datetime(2030, 5, 1, 1, 30, tzinfo=ZoneInfo("Europe/Moscow"))).isoformat()
    '2030-04-30T00:00:00+00:00'
    """
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """Return the first instant of a UTC day, and that of the day after."""
    start = datetime.combine(day, time(0), UTC)
    return start, start + DAY


def to_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant (UTC) of a naive local time.

    A time that comes twice, when clocks go back, means the first; one that does not exist, when
    they go forward, means the first instant after.

    >>> to_instant(datetime(2026, 3, 29, 2, 30), ZoneInfo("Europe/Berlin")).isoformat()
    '2026-03-29T01:00:00+00:00'
    """
    early = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if early.astimezone(zone).replace(tzinfo=None) == local:
        return early
    # The clock skipped this time. Read with fold=1 and fold=0 it gives an instant before and one
    # after the change; zoneinfo does not name the change itself, so it is searched for between
    # them, down to a second.
    low, high = local.replace(tzinfo=zone, fold=1).astimezone(UTC), early
    after = high.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == after:
            high = middle
        else:
            low = middle
    return high.replace(microsecond=0)
