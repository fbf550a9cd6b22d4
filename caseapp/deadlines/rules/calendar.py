"""Federal legal holidays: a frozen table for 2018 to 2040, and 5 USC 6103 around it.

Days on which federal offices closed by executive order, and Inauguration Day (a holiday only
around Washington), are listed apart. They never extend a period: 8 CFR 1.2 and 1001.1(h) speak of
legal holidays, and whether such a closure is one is unsettled.
"""

import csv
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from caseapp.days import ONE_DAY, is_weekend

HOLIDAY_TABLE = "federal-2018-2040/2026-11-24"
FROZEN_YEARS = range(2018, 2041)
TABLE_FILE = Path(__file__).parent / "pack" / "federal_holidays.csv"

FIRST_JUNETEENTH = 2021
FIRST_KING_DAY = 1986


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def _last_monday_of_may(year: int) -> date:
    last = date(year, 5, 31)
    return last - timedelta(days=last.weekday())


def statutory_holidays(year: int) -> dict[date, str]:
    """Return the holidays of 5 USC 6103(a) in `year`, on the day itself, weekends included."""
    days = {
        date(year, 1, 1): "New Year's Day",
        _nth(year, 2, 0, 3): "Washington's Birthday",
        _last_monday_of_may(year): "Memorial Day",
        date(year, 7, 4): "Independence Day",
        _nth(year, 9, 0, 1): "Labor Day",
        _nth(year, 10, 0, 2): "Columbus Day",
        date(year, 11, 11): "Veterans Day",
        _nth(year, 11, 3, 4): "Thanksgiving Day",
        date(year, 12, 25): "Christmas Day",
    }
    if year >= FIRST_KING_DAY:
        days[_nth(year, 1, 0, 3)] = "Martin Luther King Jr. Day"
    if year >= FIRST_JUNETEENTH:
        days[date(year, 6, 19)] = "Juneteenth"
    return days


def observed_on(day: date) -> date:
    """Return the day a holiday is kept: Friday for Saturday (5 USC 6103(b)), Monday for Sunday (EO 11582)."""
    return day + (-ONE_DAY, ONE_DAY)[day.weekday() - 5] if is_weekend(day) else day


def computed_closed_days(year: int) -> dict[date, str]:
    """Return the weekdays of `year` closed by a legal holiday, each with what is kept that day.

    New Year's Day of the next year, when a Saturday, is observed on the last Friday of this one.
    """
    holidays = statutory_holidays(year) | {date(year + 1, 1, 1): "New Year's Day"}
    closed = {}
    for day, name in holidays.items():
        kept = observed_on(day)
        if kept.year == year:
            closed[kept] = name if kept == day else f"{name} (observed)"
    return closed


@cache
def _frozen() -> dict[str, dict[date, str]]:
    """Read the frozen table: kind of day ("legal", "closure", "local") -> date -> name."""
    kinds: dict[str, dict[date, str]] = {"legal": {}, "closure": {}, "local": {}}
    with TABLE_FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            kinds[row["kind"]][date.fromisoformat(row["date"])] = row["name"]
    return kinds


def frozen_closed_days() -> Mapping[date, str]:
    return _frozen()["legal"]


@cache
def _closed_weekdays() -> dict[date, str]:
    closed = dict(frozen_closed_days())
    for year in range(1985, 2106):
        if year not in FROZEN_YEARS:
            closed |= computed_closed_days(year)
    return closed


def holiday_name(day: date) -> str | None:
    """Return the legal holiday kept on this weekday, as "Labor Day" or "Independence Day (observed)"."""
    return _closed_weekdays().get(day)


def is_closed(day: date) -> bool:
    """Tell whether the day is a Saturday, a Sunday or a legal holiday as observed, nationwide."""
    return day.weekday() >= 5 or day in _closed_weekdays()


def special_closure(day: date) -> str | None:
    """Return why offices were shut on a day that is no legal holiday and never extends a period."""
    return _frozen()["closure"].get(day) or _frozen()["local"].get(day)


def why_closed(day: date) -> str | None:
    """Return "a Saturday", "Labor Day", "the day Independence Day is observed", or None for an open day."""
    name = _closed_weekdays().get(day)
    if name is None:
        return ("a Saturday", "a Sunday")[day.weekday() - 5] if day.weekday() >= 5 else None
    if name.endswith(" (observed)"):
        return f"the day {name.removesuffix(' (observed)')} is observed"
    return name
