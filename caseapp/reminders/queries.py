"""Say when a deadline's people are reminded, and which reminders went out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from caseapp.deadlines.models import Deadline
from caseapp.reminders.models import Reminder


@dataclass(frozen=True, slots=True)
class Rung:
    """One day on which people are reminded: `sent`, or `missed` if the day passed without a message."""

    on: date
    sent: bool
    missed: bool


def ladder_of(deadline: Deadline, *, today: date) -> list[Rung]:
    """Return the days on which the date's people are reminded, earliest first, late reminders included.

    A rung whose day had passed when the date was entered is missed, and harmlessly so: the next one
    says how many days are left.
    """
    went = Reminder.objects.filter(deadline=deadline, counted_to=deadline.safe, state=Reminder.State.SENT)
    sent = set(went.values_list("rung", flat=True))
    rungs = sorted({*deadline.ladder, *sent}, reverse=True)
    days = [(rung, deadline.safe - timedelta(days=rung)) for rung in rungs]
    return [Rung(on=day, sent=rung in sent, missed=rung not in sent and day < today) for rung, day in days]
