"""Tell those above when nobody who may decide about a date has said that they have seen its reminder."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from caseapp.access.rules import MATRIX, Act
from caseapp.matters.models import Assignment
from caseapp.reminders import owing
from caseapp.reminders.models import Reminder

BATCH = 1000
NEEDED = [
    *("clinic__time_zone", "level", "rung", "counted_to", "to_id"),
    *("deadline__matter_id", "deadline__safe", "deadline__state"),
]

# A volunteer's word is kept and shown, but a date does not rest on it.
ANSWERING_ROLES = [role for role, acts in MATRIX.items() if Act.DECIDE_DEADLINE in acts]


def answered() -> Exists:
    """Whether someone who may decide has seen this rung, or a later one, of the same date."""
    seen = Reminder.objects.filter(
        deadline=OuterRef("deadline"),
        counted_to=OuterRef("counted_to"),
        rung__lte=OuterRef("rung"),
        seen_at__isnull=False,
        to__role__in=ANSWERING_ROLES,
    )
    return Exists(seen)


def escalate(*, now: datetime) -> int:
    """Owe reminders to those above, where it is time; return how many are new. Safe to run twice."""
    new = 0
    while True:
        looked_at, owed = _escalate_batch(now)
        new += owed
        if looked_at == 0:
            return new


@transaction.atomic
def _escalate_batch(now: datetime) -> tuple[int, int]:
    due = Reminder.objects.filter(escalate_at__lte=now).order_by("escalate_at")
    locked = due.select_for_update(skip_locked=True, of=("self",))
    batch = list(locked.values_list("pk", flat=True)[:BATCH])
    unanswered = Reminder.objects.filter(pk__in=batch).exclude(answered())
    found = unanswered.select_related("deadline", "clinic").only(*NEEDED)
    waiting = [r for r in found if r.deadline.is_open and r.counted_to == r.deadline.safe]
    new = 0
    for clinic_id, zone in {(r.clinic_id, r.clinic.time_zone) for r in waiting}:
        here = [r for r in waiting if r.clinic_id == clinic_id]
        new += _tell_those_above(clinic_id, here, today=now.astimezone(ZoneInfo(zone)).date())
    Reminder.objects.filter(pk__in=batch).update(escalate_at=None)
    return len(batch), new


def _tell_those_above(clinic_id: UUID, waiting: list[Reminder], *, today: date) -> int:
    matters = {r.deadline.matter_id for r in waiting}
    team, above = owing.on_the_matter(matters), owing.directors(clinic_id, matters)
    rows: dict[int, list[owing.Row]] = {Reminder.Level.SUPERVISOR: [], Reminder.Level.DIRECTOR: []}
    for r in waiting:
        matter = r.deadline.matter_id
        supervisors = [person for person, role in team.get(matter, []) if role == Assignment.Role.SUPERVISOR]
        supervisors = [person for person in supervisors if person != r.to_id]
        if r.level == Reminder.Level.TEAM and supervisors:
            level, people = Reminder.Level.SUPERVISOR, supervisors
        else:
            level, people = Reminder.Level.DIRECTOR, above.get(matter, [])
        rows[level] += [(r.deadline_id, person, r.rung, r.counted_to) for person in people]
    return sum(owing.insert(clinic_id, owed, level=level, today=today) for level, owed in rows.items())


def still_to_tell(reminders: QuerySet[Reminder]) -> QuerySet[Reminder]:
    """Leave out what was owed to those above before someone answered after all."""
    return reminders.filter(Q(level=Reminder.Level.TEAM) | ~answered())
