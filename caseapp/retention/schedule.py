"""How long the clinic keeps a closed matter.

The clinic keeps as little as it may, so every record has a purge date, or names the event that will
give it one, and the only thing that moves it is a hold with a name on it. Nothing here reads the
database or the clock, which is what makes it possible to show a client, before they sign, when their
file will be gone. The periods are proposals until the clinic confirms them with a lawyer of its state.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from caseapp.days import add_years

PROSPECT_DAYS = 30
DIGEST_DAYS = 30
MAJORITY_YEARS = 18

YEARS_KEPT = {"BRIEF_ADVICE": 2, "LIMITED": 5, "FULL": 7}


@dataclass(frozen=True, slots=True)
class Keeping:
    """Until when something is kept (None: until an event gives it a date), and why, in words."""

    until: date | None
    why: str


def keep_closed_matter(kept_as: str, *, closed_on: date, births: Iterable[date | None]) -> Keeping:
    """Return until when a closed matter is kept.

    The class's years run from closing; for someone who is not yet 18 they run from the 18th birthday,
    if that ends later. That date is then put off to the end of its year, so that it tells nobody the
    child's birthday. Anniversaries of February 29 fall on March 1, a day to keep until.
    """
    years = YEARS_KEPT[kept_as]
    from_closing = add_years(closed_on, years, leap_day_to="Mar 1")
    grown = [add_years(born, MAJORITY_YEARS, leap_day_to="Mar 1") for born in births if born is not None]
    from_majority = [add_years(day, years, leap_day_to="Mar 1") for day in grown if day > closed_on]
    latest = max(from_majority, default=from_closing)
    if latest <= from_closing:
        return Keeping(from_closing, f"{years} years after it was closed")
    return Keeping(date(latest.year, 12, 31), f"{years} years after the youngest person on it turns 18")


def keep_open_matter() -> Keeping:
    return Keeping(
        None, "as long as it is open; then 7 years after closing as full representation, less otherwise"
    )


def keep_prospect(changed_on: date) -> Keeping:
    """Return until when someone is kept who is on no matter: 30 days after the last change."""
    return Keeping(
        changed_on + timedelta(days=PROSPECT_DAYS), "30 days after the last change, being on no matter"
    )
