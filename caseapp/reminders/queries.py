"""Say when a deadline's people are reminded, which reminders went out, and who has answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Exists, OuterRef, QuerySet

from caseapp.access.models import User
from caseapp.deadlines.models import Deadline
from caseapp.reminders.hours import Clockface
from caseapp.reminders.models import Hours, Reminder
from caseapp.reminders.steps import NEAR_DAYS, SUPERVISOR, TEAM, patience


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


def told_of(deadline: Deadline) -> list[Reminder]:
    """Return each person's newest reminder of the date as it stands, with their answer, the highest last."""
    went = Reminder.objects.filter(deadline=deadline, counted_to=deadline.safe, state=Reminder.State.SENT)
    newest = went.order_by("to", "-sent_at").distinct("to").select_related("to")
    return sorted(newest, key=lambda r: (r.level, r.sent_at, str(r.to_id)))


def to_answer(user: User) -> QuerySet[Deadline]:
    """Return the dates this person was reminded of and has not said that they have seen, nearest first."""
    waiting = Reminder.objects.filter(
        deadline=OuterRef("pk"),
        counted_to=OuterRef("safe"),
        to=user,
        state=Reminder.State.SENT,
        seen_at__isnull=True,
    )
    return Deadline.objects.visible_to(user).open().filter(Exists(waiting)).order_by("safe", "legal", "pk")


def waits_for(deadline: Deadline, user: User) -> bool:
    """Whether a reminder of this date waits for this person's answer."""
    mine = Reminder.objects.filter(deadline=deadline, to=user, counted_to=deadline.safe)
    return mine.filter(state=Reminder.State.SENT, seen_at__isnull=True).exists()


@dataclass(frozen=True, slots=True)
class Wait:
    """How long those on a matter, and then its supervisor, have to answer; None: nobody else is told."""

    severity: str
    near: bool
    team: timedelta | None
    supervisor: timedelta | None


def waits() -> list[Wait]:
    """Return how long each kind of reminder may go unanswered, the shortest first within a severity."""
    today = date.min
    soon, later = today, today + timedelta(days=NEAR_DAYS + 1)
    return [
        Wait(
            str(severity.label),
            near=safe == soon,
            team=patience(severity, TEAM, safe=safe, today=today),
            supervisor=patience(severity, SUPERVISOR, safe=safe, today=today),
        )
        for severity in Deadline.Severity
        for safe in (soon, later)
    ]


def hours_of(user: User) -> tuple[Clockface, str]:
    """Return the person's hours, and their own time zone or an empty string for the clinic's."""
    own = Hours.objects.filter(user=user).first()
    return (Clockface(), "") if own is None else (own.face, own.time_zone)
