"""The days of a month and of a week, as a wall calendar lays them out. Pure arithmetic.

Weeks begin on Sunday, as they do where these courts sit. Days before 1990 or after 2100 are on no page.
"""

from __future__ import annotations

from calendar import SUNDAY, Calendar
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from caseapp.days import add_months

FIRST_DAY = date(1990, 1, 1)
LAST_DAY = date(2100, 12, 31)
DAYS_OF_WEEK = 7

Span = Literal["month", "week"]
_SUNDAY_FIRST = Calendar(firstweekday=SUNDAY)


@dataclass(frozen=True, slots=True)
class Period:
    """A month or a week: its own days, and the whole weeks in which a page shows them.

    `before` and `after` are days in the period before and after; None at either end of the calendar.
    """

    first: date
    last: date
    weeks: tuple[tuple[date, ...], ...]
    before: date | None
    after: date | None


def is_shown(day: date) -> bool:
    return FIRST_DAY <= day <= LAST_DAY


def period(day: date, span: Span) -> Period:
    """Return the month or the week that `day` is in. Raises ValueError for a day on no page."""
    if not is_shown(day):
        raise ValueError("The calendar has no page for that day.")
    return _month(day) if span == "month" else _week(day)


def _month(day: date) -> Period:
    first = day.replace(day=1)
    following = add_months(first, 1)
    weeks = _SUNDAY_FIRST.monthdatescalendar(first.year, first.month)
    return Period(
        first=first,
        last=following - timedelta(days=1),
        weeks=tuple(tuple(week) for week in weeks),
        before=_shown(add_months(first, -1)),
        after=_shown(following),
    )


def _week(day: date) -> Period:
    first = day - timedelta(days=(day.weekday() + 1) % DAYS_OF_WEEK)
    days = tuple(first + timedelta(days=n) for n in range(DAYS_OF_WEEK))
    return Period(
        first=first,
        last=days[-1],
        weeks=(days,),
        before=_shown(first - timedelta(days=1)),
        after=_shown(days[-1] + timedelta(days=1)),
    )


def _shown(day: date) -> date | None:
    return day if is_shown(day) else None
