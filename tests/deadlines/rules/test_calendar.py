"""The holiday table against a source of others' making, and what never rolls."""

from datetime import date, timedelta

import holidays
import pytest

from caseapp.deadlines.rules import compute
from caseapp.deadlines.rules.calendar import (
    FROZEN_YEARS,
    computed_closed_days,
    frozen_closed_days,
    is_closed,
    special_closure,
)

YEARS = range(1990, 2101)


def weekdays_kept(years: range) -> set[date]:
    return {day for day in holidays.country_holidays("US", years=years) if day.weekday() < 5}


def test_the_frozen_table_is_what_the_holidays_package_says() -> None:
    assert set(frozen_closed_days()) == weekdays_kept(FROZEN_YEARS)


def test_the_frozen_table_is_what_the_statute_says() -> None:
    computed = {day for year in FROZEN_YEARS for day in computed_closed_days(year)}

    assert set(frozen_closed_days()) == computed


def test_every_day_of_111_years_is_open_or_closed_as_the_holidays_package_says() -> None:
    kept = weekdays_kept(range(1989, 2102))
    day, wrong = date(1990, 1, 1), []
    while day <= date(2100, 12, 31):
        if is_closed(day) != (day.weekday() >= 5 or day in kept):
            wrong.append(day)
        day += timedelta(days=1)

    assert wrong == []


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 7, 3),
        date(2027, 6, 18),
        date(2027, 7, 5),
        date(2027, 12, 24),
        date(2027, 12, 31),
        date(2028, 11, 10),
        date(2100, 12, 31),
    ],
)
def test_a_weekend_holiday_closes_the_day_it_is_observed(day: date) -> None:
    assert is_closed(day)


@pytest.mark.parametrize(
    "day",
    [
        date(2024, 12, 24),
        date(2025, 1, 9),
        date(2025, 12, 24),
        date(2025, 12, 26),
        date(2033, 1, 20),
    ],
)
def test_a_closure_by_order_or_in_one_city_is_known_and_closes_nothing(day: date) -> None:
    assert special_closure(day)
    assert not is_closed(day)


@pytest.mark.parametrize("day", [date(2026, 11, 27), date(2026, 4, 3), date(2026, 12, 24), date(2020, 6, 19)])
def test_days_people_take_for_holidays_are_open(day: date) -> None:
    assert not is_closed(day)


def test_a_count_beyond_the_table_says_so() -> None:
    inside = compute("motion-to-reopen", date(2030, 5, 1))
    outside = compute("motion-to-reopen", date(2045, 5, 1))

    assert not any("statute of today" in step.text for step in inside.steps)
    assert any("2045" in step.text and "statute of today" in step.text for step in outside.steps)
