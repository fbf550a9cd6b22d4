"""Counting days: months, years, open days, and how a date is written for people.

Pure arithmetic. What is closed is asked of the caller, because a legal holiday is a matter of law
(caseapp.deadlines.rules.calendar) and not of counting.
"""

from calendar import monthrange
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Literal, Protocol, TypeVar

IsClosed = Callable[[date], bool]
LeapDay = Literal["Feb 28", "Mar 1"]

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
ONE_DAY = timedelta(days=1)


class Ends(Protocol):
    """Something with the last day on which it is valid, if it has one."""

    @property
    def expires_on(self) -> date | None: ...


Ending = TypeVar("Ending", bound=Ends)


def ending(things: Iterable[Ending], *, last: date) -> list[tuple[date, Ending]]:
    """Return those that end by `last`, or have ended, each with its day."""
    dated = [(thing.expires_on, thing) for thing in things]
    return [(day, thing) for day, thing in dated if day is not None and day <= last]


def is_weekend(day: date) -> bool:
    return day.weekday() >= 5


def day_of_month(day: date) -> str:
    """Write a date as `7 Jul 2026`."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def in_words(day: date) -> str:
    """Write a date with its weekday, as `Tue 7 Jul 2026`."""
    return f"{WEEKDAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]} {day.year}"


def next_open_day(day: date, is_closed: IsClosed) -> date:
    """Return `day` itself if it is open, or the first open day after it."""
    while is_closed(day):
        day += ONE_DAY
    return day


def previous_open_day(day: date, is_closed: IsClosed) -> date:
    """Return `day` itself if it is open, or the last open day before it."""
    while is_closed(day):
        day -= ONE_DAY
    return day


def add_open_days(day: date, n: int, is_closed: IsClosed) -> date:
    """Return the n-th open day after `day`; before it, if n is negative. `day` itself is day 0."""
    step = ONE_DAY if n > 0 else -ONE_DAY
    for _ in range(abs(n)):
        day += step
        while is_closed(day):
            day += step
    return day


def add_months(day: date, months: int) -> date:
    """Return the same day of the month, or the month's last day where there is no such day."""
    month_index = day.year * 12 + day.month - 1 + months
    year, month = month_index // 12, month_index % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def add_years(day: date, years: int, *, leap_day_to: LeapDay) -> date:
    """Return the anniversary of `day`.

    In a common year the caller says what stands for February 29: a last day to act rounds down to
    Feb 28, a first day to act rounds up to Mar 1.
    """
    if (day.month, day.day) != (2, 29):
        return day.replace(year=day.year + years)
    year = day.year + years
    if monthrange(year, 2)[1] == 29:
        return date(year, 2, 29)
    return date(year, 2, 28) if leap_day_to == "Feb 28" else date(year, 3, 1)
