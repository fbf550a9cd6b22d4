"""A second counter, written apart: one day at a time, holidays from another source, law typed by hand.

It shares nothing with the product: no rule pack, no holiday table, no date arithmetic. Slow and
plain on purpose, so that it can be checked by eye.
"""

import datetime
from typing import NamedTuple

import holidays

FEDERAL = holidays.country_holidays("US", years=range(1989, 2103), observed=True)
ONE = datetime.timedelta(days=1)


class Law(NamedTuple):
    """n of a unit, forward (f) or back (b). `mail`: 3 days "first", before rolling, or "last", after it."""

    n: int
    unit: str
    way: str = "f"
    mail: str = ""
    roll: str = "none"
    opening: bool = False
    then_back: int = 0
    then_on: int = 0
    first_day_counts: bool = False
    online_rolls: bool = True


def shut(day: datetime.date) -> bool:
    return day.weekday() in (5, 6) or day in FEDERAL


def walk(day: datetime.date, n: int, way: str) -> datetime.date:
    for _ in range(n):
        day = day + ONE if way == "f" else day - ONE
    return day


def walk_business(day: datetime.date, n: int, way: str) -> datetime.date:
    while n:
        day = walk(day, 1, way)
        if not shut(day):
            n -= 1
    return day


def same_day(day: datetime.date, months: int, opening: bool) -> datetime.date:
    year, month = day.year, day.month
    for _ in range(abs(months)):
        month += 1 if months > 0 else -1
        if month == 13:
            year, month = year + 1, 1
        if month == 0:
            year, month = year - 1, 12
    for number in (day.day, 30, 29, 28):
        try:
            found = datetime.date(year, month, min(number, day.day))
        except ValueError:
            continue
        break
    if opening and abs(months) % 12 == 0 and found.day < day.day:
        return found + ONE
    return found


def roll_on(day: datetime.date) -> datetime.date:
    while shut(day):
        day += ONE
    return day


def roll_back(day: datetime.date) -> datetime.date:
    while shut(day):
        day -= ONE
    return day


def count(law: Law, on: datetime.date, service: str) -> tuple[datetime.date, datetime.date, datetime.date]:
    """Return nominal, legal and safe."""
    n = law.n + (3 if law.mail == "first" and service == "mail" else 0)
    sign = 1 if law.way == "f" else -1
    if law.unit == "days":
        day = walk(on, n, law.way)
    elif law.unit == "business":
        day = walk_business(on, n, law.way)
    else:
        day = same_day(on, sign * n * (12 if law.unit == "years" else 1), law.opening)
    if law.first_day_counts:
        day -= ONE
    day = walk(walk(day, law.then_back, "b"), law.then_on, "f")
    if law.mail == "last" and service == "mail":
        day = walk(roll_on(day), 3, "f")
    legal = {"none": day, "on": roll_on(day), "back": roll_back(day)}[law.roll]
    if service == "online" and not law.online_rolls:
        legal = day
    return day, legal, roll_on(day) if law.opening else roll_back(day)
