"""How long a reminder may go unanswered before those above are told. Pure data, by severity.

A step begins when the message before it was sent. Close to the date, hours count instead of days.
"""

from dataclasses import dataclass
from datetime import date, timedelta

TEAM, SUPERVISOR = 0, 1
NEAR_DAYS = 3


@dataclass(frozen=True, slots=True)
class Step:
    """After `within` without an answer the next level is told; `near`: when it is due within three days."""

    within: timedelta
    near: timedelta


# By severity, then by the level that was told. A level that is not here is the last.
STEPS: dict[str, dict[int, Step]] = {
    "fatal": {
        TEAM: Step(within=timedelta(days=1), near=timedelta(hours=4)),
        SUPERVISOR: Step(within=timedelta(days=1), near=timedelta(hours=4)),
    },
    "serious": {
        TEAM: Step(within=timedelta(days=2), near=timedelta(days=1)),
        SUPERVISOR: Step(within=timedelta(days=3), near=timedelta(days=1)),
    },
    "advisory": {
        TEAM: Step(within=timedelta(days=5), near=timedelta(days=3)),
    },
}


def patience(severity: str, level: int, *, safe: date, today: date) -> timedelta | None:
    """Return how long those told at `level` have to answer, or None when nobody is above them."""
    step = STEPS[severity].get(level)
    if step is None:
        return None
    return step.near if (safe - today).days <= NEAR_DAYS else step.within


def is_pressing(severity: str, *, safe: date, legal: date, today: date) -> bool:
    """Whether a date may have a message of its own: fatal, within three days, and not yet lost."""
    return severity == "fatal" and (safe - today).days <= NEAR_DAYS and today <= legal
