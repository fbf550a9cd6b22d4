"""How long things are kept: true for every day, leap days included."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseapp.retention.schedule import YEARS_KEPT, keep_closed_matter, keep_open_matter, keep_prospect

DAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2060, 12, 31))
BIRTHS = st.lists(st.none() | st.dates(min_value=date(1920, 1, 1), max_value=date(2060, 12, 31)), max_size=4)
CLASSES = st.sampled_from(sorted(YEARS_KEPT))


@pytest.mark.parametrize(
    "kept_as, closed_on, until",
    [
        ("BRIEF_ADVICE", date(2026, 6, 3), date(2028, 6, 3)),
        ("LIMITED", date(2026, 6, 3), date(2031, 6, 3)),
        ("FULL", date(2026, 6, 3), date(2033, 6, 3)),
        # Closed on a leap day: kept until the day after the last day of February, never a day less.
        ("FULL", date(2028, 2, 29), date(2035, 3, 1)),
        ("BRIEF_ADVICE", date(2028, 2, 29), date(2030, 3, 1)),
    ],
)
def test_a_closed_matter_is_kept_for_the_years_of_its_class(
    kept_as: str, closed_on: date, until: date
) -> None:
    assert keep_closed_matter(kept_as, closed_on=closed_on, births=[]).until == until


def test_a_childs_file_is_kept_until_the_years_after_they_turn_18_and_tells_nobody_the_birthday() -> None:
    keeping = keep_closed_matter(
        "FULL", closed_on=date(2026, 6, 3), births=[date(1989, 2, 11), date(2012, 3, 9)]
    )

    assert keeping.until == date(2037, 12, 31), "18 on 9 March 2030, and 7 years"
    assert "turns 18" in keeping.why


def test_a_child_born_on_a_leap_day_turns_18_on_1_march_for_what_is_kept() -> None:
    keeping = keep_closed_matter("BRIEF_ADVICE", closed_on=date(2026, 2, 28), births=[date(2008, 2, 29)])

    assert keeping.until == date(2028, 12, 31), "still 17 on 28 February 2026"


@given(CLASSES, DAYS, BIRTHS)
def test_nothing_goes_before_the_years_of_its_class_have_passed(
    kept_as: str, closed_on: date, births: list[date | None]
) -> None:
    until = keep_closed_matter(kept_as, closed_on=closed_on, births=births).until

    assert until is not None
    assert (until.year, until.month, until.day) >= (
        closed_on.year + YEARS_KEPT[kept_as],
        closed_on.month,
        closed_on.day,
    )


@given(CLASSES, DAYS, BIRTHS, DAYS)
def test_one_more_person_never_shortens_what_is_kept(
    kept_as: str, closed_on: date, births: list[date | None], born: date
) -> None:
    without = keep_closed_matter(kept_as, closed_on=closed_on, births=births).until
    with_one_more = keep_closed_matter(kept_as, closed_on=closed_on, births=[*births, born]).until

    assert without is not None and with_one_more is not None
    assert without <= with_one_more


@given(CLASSES, DAYS, BIRTHS, st.integers(min_value=0, max_value=4000))
def test_closing_later_never_lets_an_adults_file_go_sooner(
    kept_as: str, closed_on: date, births: list[date | None], days: int
) -> None:
    """Of a child it may: whoever has turned 18 by then no longer puts the date off to the end of a year."""
    grown = [born for born in births if born is None or born.year + 19 <= closed_on.year]
    sooner = keep_closed_matter(kept_as, closed_on=closed_on, births=grown).until
    later = keep_closed_matter(kept_as, closed_on=closed_on + timedelta(days=days), births=grown).until

    assert sooner is not None and later is not None
    assert sooner <= later


@given(DAYS)
def test_someone_on_no_matter_is_kept_thirty_days(changed_on: date) -> None:
    until = keep_prospect(changed_on).until

    assert until is not None
    assert (until - changed_on).days == 30


def test_an_open_matter_names_the_event_that_will_give_it_a_date() -> None:
    keeping = keep_open_matter()

    assert keeping.until is None
    assert "closing" in keeping.why
