"""Which reminder a deadline owes on a given day.

A ladder is days before the safe date, falling. Rungs after it are negative: one a day until the
last lawful day has passed, then one a week, until someone closes the deadline. A rung names one
reminder, so the same rung asked for twice, or a day late, is the same reminder.
"""

from collections.abc import Iterable
from datetime import date, timedelta

from caseapp.deadlines.rules.model import Rule, Severity

LADDERS: dict[Severity, tuple[int, ...]] = {
    "fatal": (30, 21, 14, 10, 7, 5, 3, 2, 1, 0),
    "serious": (21, 14, 7, 3, 1, 0),
    "advisory": (14, 3, 0),
}


def for_severity(severity: Severity, *, detained: bool = False) -> tuple[int, ...]:
    """Return the ladder for a date no rule computed: one that a notice or a judge set."""
    return _for_client(LADDERS[severity], detained=detained)


def for_rule(rule: Rule, *, detained: bool = False) -> tuple[int, ...]:
    return _for_client(rule.reminders, detained=detained)


def _for_client(ladder: Iterable[int], *, detained: bool) -> tuple[int, ...]:
    """Return the ladder, with the time between reminders halved for a detained client.

    A detained client is slow to reach: visits, mail and calls take days. So the first reminder is
    never later than for anyone else, and half of every rung is a rung as well.
    """
    rungs = set(ladder)
    if detained:
        rungs |= {(rung + 1) // 2 for rung in rungs}
    return tuple(sorted(rungs, reverse=True))


def rung_due(safe: date, ladder: Iterable[int], today: date, *, legal: date | None = None) -> int | None:
    """Return the latest rung whose day has come, or None before the first.

    Of several rungs missed in a row only the latest is owed. After `safe` the rung is negative:
    days late, one a day up to the last lawful day (`legal`, or `safe` when not given) and the day
    after it, then every seventh day.
    """
    left = (safe - today).days
    if left >= 0:
        return min((rung for rung in ladder if rung >= left), default=None)
    lawful_days = max(0, ((legal or safe) - safe).days)
    late = -left
    if late <= lawful_days:
        return -late
    weeks_after = (late - lawful_days - 1) // 7
    return -(lawful_days + 1 + 7 * weeks_after)


def next_day(safe: date, ladder: Iterable[int], today: date, *, legal: date | None = None) -> date:
    """Return the first day after `today` on which another rung is due than today: see rung_due."""
    left = (safe - today).days
    if left >= 0:
        ahead = max((rung for rung in ladder if rung < left), default=-1)
        return safe - timedelta(days=ahead)
    lawful_days = max(0, ((legal or safe) - safe).days)
    late = -left
    if late <= lawful_days:
        return today + timedelta(days=1)
    weeks_after = (late - lawful_days - 1) // 7
    return safe + timedelta(days=lawful_days + 1 + 7 * (weeks_after + 1))
