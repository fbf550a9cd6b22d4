"""Check a date that a notice prints against the count of the rule behind the notice.

What is printed counts. The count says whether it can be right: what it finds is kept with the date, and
the day to act is the earlier of the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from caseapp.days import in_words, previous_open_day
from caseapp.deadlines.rules import events
from caseapp.deadlines.rules.calendar import is_closed
from caseapp.deadlines.rules.errors import RuleError
from caseapp.deadlines.rules.model import Computation


@dataclass(frozen=True, slots=True)
class Checked:
    """A printed date beside its check. `doubtful`: the printed date is later than the law allows."""

    due: date
    safe: date
    computation: Computation | None
    findings: tuple[str, ...]
    doubtful: bool


def notices() -> list[tuple[str, str]]:
    """Return the notices whose printed date can be checked, as (key, words)."""
    return [(each.key, each.title) for each in events.EVENTS if each.bundle and "mail" in each.services]


def check(due: date, *, notice: str, notice_on: date, service: str) -> Checked:
    """Compare what is printed with the count; without a notice of the catalogue, with the calendar alone."""
    safe = previous_open_day(due, is_closed)
    counted = _counted(notice, notice_on, service) if notice else None
    findings = [_("%(day)s is a closed day: a weekend or a federal holiday.") % {"day": in_words(due)}]
    findings = findings if safe != due else []
    if counted is None:
        return Checked(due, safe, None, tuple(findings), doubtful=False)
    findings.insert(0, _compared(due, counted))
    return Checked(due, min(safe, counted.safe), counted, tuple(findings), doubtful=due > counted.legal)


def _counted(notice: str, on: date, service: str) -> Computation | None:
    """Count the notice's first date, the one it prints. Where nobody said how it came, no days are added."""
    try:
        ways = events.event(notice).services
        sent = service if service in ways else next(way for way in ways if way != "mail")
        found = events.proposals(notice, on, service=sent)
    except RuleError:
        return None
    return next((each.computation for each in found if not each.protective), None)


def _compared(due: date, counted: Computation) -> str:
    apart = (due - counted.legal).days
    said = {"legal": in_words(counted.legal), "days": abs(apart)}
    if apart == 0:
        return _("The count agrees: %(legal)s.") % said
    if apart > 0:
        return (
            ngettext(
                "The count gives %(legal)s: the printed date is %(days)d day later than the law allows. Act"
                " by the earlier.",
                "The count gives %(legal)s: the printed date is %(days)d days later than the law allows. Act"
                " by the earlier.",
                abs(apart),
            )
            % said
        )
    return (
        ngettext(
            "The count gives %(legal)s: the printed date is %(days)d day earlier, and it counts.",
            "The count gives %(legal)s: the printed date is %(days)d days earlier, and it counts.",
            abs(apart),
        )
        % said
    )
