"""The schedules that EventBridge Scheduler accepts; SAM and moto accept anything."""

import re

_RATE = re.compile(r"rate\((1 (minute|hour|day)|([2-9]|[1-9]\d+) (minutes|hours|days))\)")
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
_FIELDS = (
    (0, 59, []),  # minutes
    (0, 23, []),  # hours
    (1, 31, []),  # day of the month
    (1, 12, _MONTHS),
    (1, 7, _DAYS),
    (1970, 2199, []),  # year
)
_DAY_OF_MONTH, _DAY_OF_WEEK = 2, 4


def is_schedule(expression: str) -> bool:
    """Tell whether it is `rate(value unit)` or `cron(six fields)` as AWS documents them."""
    if _RATE.fullmatch(expression):
        return True
    match = re.fullmatch(r"cron\((.+)\)", expression)
    fields = match[1].split() if match else []
    return (
        len(fields) == len(_FIELDS)
        and (fields[_DAY_OF_MONTH] == "?") != (fields[_DAY_OF_WEEK] == "?")
        and all(
            _is_field(field, *bounds, may_be_any=place in {_DAY_OF_MONTH, _DAY_OF_WEEK})
            for place, (field, bounds) in enumerate(zip(fields, _FIELDS, strict=True))
        )
    )


def _is_field(field: str, low: int, high: int, names: list[str], *, may_be_any: bool) -> bool:
    if field == "?":
        return may_be_any
    for part in field.split(","):
        base, slash, step = part.partition("/")
        if slash and not (step.isdecimal() and 0 < int(step) <= high):
            return False
        ends = [] if base == "*" else base.split("-")
        if len(ends) > 2 or not all(_is_value(end, low, high, names) for end in ends):
            return False
    return True


def _is_value(text: str, low: int, high: int, names: list[str]) -> bool:
    return text in names or (text.isdecimal() and low <= int(text) <= high)
