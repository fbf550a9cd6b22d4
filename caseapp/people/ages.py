"""How old someone is on a day, and when a child ages out. Pure."""

from datetime import date

from caseapp.days import add_years

AGES_OUT_AT = 21


def age_on(born: date, day: date) -> int:
    """Return the whole years lived. Someone born on February 29 is a year older on March 1."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def turns_21_on(born: date) -> date:
    """Return the 21st birthday; the day before, for February 29, because a child is one until then."""
    return add_years(born, AGES_OUT_AT, leap_day_to="Feb 28")
