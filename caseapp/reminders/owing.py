"""Write down which reminders are owed: the nightly sweep, which touches only what has a rung to climb.

A deadline says itself on which day it has to be looked at next (`remind_on`). The database sets that
day in the same transaction as whatever made or moved the deadline, so what is owed is owed from then
on, and a sweep that was missed, cut off or run twice loses nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.db import connection, transaction

from caseapp.access.models import User
from caseapp.deadlines.models import Deadline
from caseapp.deadlines.rules.ladder import next_day, rung_due
from caseapp.matters.models import Assignment, Screen
from caseapp.reminders.models import Reminder

BATCH = 2000

# One array a column, so that a batch is one statement however many rows it has.
INSERT = """
INSERT INTO caseapp_reminder (id, clinic_id, deadline_id, to_id, rung, level, counted_to, for_date, state)
SELECT gen_random_uuid(), %s, due.deadline, due.person, due.rung, %s, due.safe, %s, 'OWED'
FROM unnest(%s::uuid[], %s::uuid[], %s::smallint[], %s::date[]) AS due (deadline, person, rung, safe)
ON CONFLICT (deadline_id, to_id, rung, counted_to) DO NOTHING
"""
ADVANCE = """
UPDATE caseapp_deadline AS d SET remind_on = next.day
FROM unnest(%s::uuid[], %s::date[]) AS next (id, day) WHERE d.id = next.id
"""

Row = tuple[UUID, UUID, int, date]


def owe(clinic_id: UUID, *, today: date) -> int:
    """Write down the reminders that today owes; return how many are new. Safe to run twice.

    Of several rungs missed in a row only the latest is owed: it says how many days are left now.
    """
    new = 0
    while True:
        looked_at, owed = _owe_batch(clinic_id, today)
        new += owed
        if looked_at == 0:
            return new


@transaction.atomic
def _owe_batch(clinic_id: UUID, today: date) -> tuple[int, int]:
    """Owe what some deadlines owe, and put off when they are looked at next, together or not at all."""
    due = Deadline.objects.open().filter(clinic_id=clinic_id, remind_on__lte=today).order_by("remind_on")
    due = due.select_for_update(skip_locked=True, of=("self",))
    found = list(due.values_list("pk", "matter_id", "safe", "legal", "ladder")[:BATCH])
    told = _told_first(clinic_id, {matter_id for _pk, matter_id, *_rest in found})
    rows: list[Row] = []
    for pk, matter_id, safe, legal, ladder in found:
        rung = rung_due(safe, ladder, today, legal=legal)
        if rung is not None:
            rows += [(pk, person, rung, safe) for person in told[matter_id]]
    new = insert(clinic_id, rows, level=Reminder.Level.TEAM, today=today)
    days = [next_day(safe, ladder, today, legal=legal) for _pk, _matter, safe, legal, ladder in found]
    if found:
        with connection.cursor() as cursor:
            cursor.execute(ADVANCE, [[row[0] for row in found], days])
    return len(found), new


def insert(clinic_id: UUID, rows: list[Row], *, level: int, today: date) -> int:
    """Owe (deadline, person, rung, safe day) each, unless it was owed before; return how many are new."""
    if not rows:
        return 0
    columns = [list(column) for column in zip(*rows, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [clinic_id, level, today, *columns])
        return int(cursor.rowcount)


def _told_first(clinic_id: UUID, matters: set[UUID]) -> dict[UUID, list[UUID]]:
    """Return who is told first of each matter: those on it but for its supervisors.

    Where only supervisors are on it they are told, and where nobody is, the directors.
    """
    team = on_the_matter(matters)
    above = directors(clinic_id, [matter for matter in matters if not team.get(matter)])
    first = {}
    for matter in matters:
        people = team.get(matter, [])
        working = [person for person, role in people if role != Assignment.Role.SUPERVISOR]
        first[matter] = working or [person for person, _role in people] or above.get(matter, [])
    return first


def on_the_matter(matters: Iterable[UUID]) -> dict[UUID, list[tuple[UUID, str]]]:
    """Return (person, role) of everyone on each matter who still works here."""
    live = Assignment.objects.filter(matter__in=matters, ended_at__isnull=True, user__is_active=True)
    team: dict[UUID, list[tuple[UUID, str]]] = defaultdict(list)
    for matter_id, user_id, role in live.values_list("matter_id", "user_id", "role"):
        team[matter_id].append((user_id, role))
    return team


def directors(clinic_id: UUID, matters: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    """Return the directors who may know of each matter."""
    matters = list(matters)
    if not matters:
        return {}
    here = User.objects.filter(clinic_id=clinic_id, is_active=True, role=User.Role.DIRECTOR)
    everyone = list(here.values_list("pk", flat=True))
    screens = Screen.objects.filter(matter__in=matters, user__in=everyone)
    screened = set(screens.values_list("matter_id", "user_id"))
    return {matter: [person for person in everyone if (matter, person) not in screened] for matter in matters}
