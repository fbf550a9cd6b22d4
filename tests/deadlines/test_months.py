"""The days that a page of the calendar shows."""

from datetime import date, timedelta
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseapp.deadlines.months import FIRST_DAY, LAST_DAY, Span, period

shown_days = st.dates(min_value=FIRST_DAY, max_value=LAST_DAY)


def test_a_month_is_laid_out_in_whole_weeks_from_sunday() -> None:
    june = period(date(2026, 6, 3), "month")

    assert (june.first, june.last) == (date(2026, 6, 1), date(2026, 6, 30))
    assert june.weeks[0][0] == date(2026, 5, 31)
    assert june.weeks[-1][-1] == date(2026, 7, 4)
    assert (june.before, june.after) == (date(2026, 5, 1), date(2026, 7, 1))


def test_a_week_goes_from_sunday_to_saturday() -> None:
    assert period(date(2026, 6, 7), "week").first == date(2026, 6, 7)
    assert period(date(2026, 6, 6), "week").last == date(2026, 6, 6)


@given(shown_days)
def test_every_day_is_in_its_own_month_and_week_and_pages_join(day: date) -> None:
    for span in get_args(Span):
        here = period(day, span)
        days = [each for week in here.weeks for each in week]

        assert here.first <= day <= here.last and day in days
        assert all(after - before == timedelta(days=1) for before, after in pairwise(days))
        if here.after:
            assert period(here.after, span).first == here.last + timedelta(days=1)


def test_there_is_no_page_beyond_either_end() -> None:
    assert period(FIRST_DAY, "month").before is None
    assert period(LAST_DAY, "month").after is None
    for day in (date(1989, 12, 31), date(2101, 1, 1)):
        with pytest.raises(ValueError, match="no page"):
            period(day, "month")
