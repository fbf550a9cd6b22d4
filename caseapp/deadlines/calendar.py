"""What stands on each day of the calendar: dates to act by, and hearings, on someone's behalf.

A month may hold thousands of dates and show a hundred. So first the days are read in the clear, then
what is shown is opened, with the keys of all its matters in one query. Which event is a hearing, and
when, is sealed: the preparation that a hearing asks for stands in the clear, and only the events of
dates around those days are opened.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Prefetch, Q

from caseapp.access.models import User
from caseapp.deadlines.corrections import CORRECTED_BY
from caseapp.deadlines.forgotten import HEARING
from caseapp.deadlines.models import CaseEvent, Change, Deadline
from caseapp.matters.models import Matter, MatterQuerySet
from caseapp.matters.queries import PRINCIPAL_FIRST, open_together
from caseapp.vault import keyring

HEARINGS = "hearing"
# Every hearing makes a date counted to a day this long before it; a test holds it to the rules.
PREPARED_AT_MOST, PREPARED_AT_LEAST = timedelta(days=26), timedelta(days=4)
# A preparation that people moved may lie anywhere near the hearing.
MOVED_WITHIN = timedelta(days=90)
_RANK = {Deadline.Severity.FATAL: 1, Deadline.Severity.SERIOUS: 2, Deadline.Severity.ADVISORY: 3}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to show: of one person's matters, of one severity or hearings alone, of one kind of matter.

    `person` is a colleague's id; each is empty when all are wanted.
    """

    person: UUID | None = None
    severity: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Slot:
    """Something on a day, not opened yet, except the few hearings."""

    on: date
    rank: int
    matter_id: UUID
    id: UUID
    hearing: CaseEvent | None = None


@dataclass(frozen=True, slots=True)
class Dated:
    """Something on a day, opened: a deadline or a hearing, and its matter with its people."""

    on: date
    matter: Matter
    deadline: Deadline | None = None
    hearing: CaseEvent | None = None


def slots(user: User, first: date, last: date, wanted: Wanted) -> list[Slot]:
    """Return what this person may see from `first` to `last`: by day, hearings first, then the gravest.

    Dates that were said to apply no longer are left out; dates met stay.
    """
    matters = Matter.objects.visible_to(user)
    if wanted.person is not None:
        on_it = {"assignments__user": wanted.person, "assignments__ended_at__isnull": True}
        matters = Matter.objects.filter(pk__in=matters.values("pk"), **on_it)
    found: list[Slot] = []
    if wanted.severity != HEARINGS:
        found += _deadline_slots(matters, first, last, wanted.severity)
    if wanted.severity in ("", HEARINGS):
        found += _hearing_slots(user, matters, first, last)
    if wanted.kind:
        right_kind = _of_kind(user, wanted.kind, {slot.matter_id for slot in found})
        found = [slot for slot in found if slot.matter_id in right_kind]
    return sorted(found, key=lambda slot: (slot.on, slot.rank, slot.id))


def _deadline_slots(matters: MatterQuerySet, first: date, last: date, severity: str) -> list[Slot]:
    dates = Deadline.objects.exclude(state=Deadline.State.DROPPED)
    dates = dates.filter(matter__in=matters.values("pk"), safe__range=(first, last))
    if severity:
        dates = dates.filter(severity=severity)
    rows = dates.order_by().values_list("safe", "severity", "matter_id", "pk")
    return [Slot(safe, _RANK[Deadline.Severity(grave)], matter, key) for safe, grave, matter, key in rows]


def _hearing_slots(user: User, matters: MatterQuerySet, first: date, last: date) -> list[Slot]:
    """Open the events of dates that lie where a hearing's preparation would, and keep the hearings.

    A hearing entered wrongly stands on the day its correction names.
    """
    around = (first - PREPARED_AT_MOST, last - PREPARED_AT_LEAST)
    further = (first - MOVED_WITHIN, last + MOVED_WITHIN)
    counted = Q(nominal__range=around) | Q(safe__range=around)
    prepared = Deadline.objects.filter(counted, matter__in=matters.values("pk"))
    moved = Change.objects.filter(kind=Change.Kind.MOVE, safe__range=further, matter__in=matters.values("pk"))
    either = Q(pk__in=prepared.values("event")) | Q(pk__in=moved.values("deadline__event"))
    around_then = CaseEvent.objects.filter(either, matter__in=matters.values("pk"))
    events = list(around_then.only("pk", "clinic_id", "matter_id", "kind"))
    keyring.preload(user.clinic_id, [event.matter_id for event in events])
    entered = {event.id for event in events if event.kind == HEARING}
    if not entered:
        return []
    corrected = _corrected(entered)
    standing = (entered | set(corrected.values())) - corrected.keys()
    hearings = CaseEvent.objects.filter(pk__in=standing)
    return [Slot(e.on, 0, e.matter_id, e.id, hearing=e) for e in hearings if first <= e.on <= last]


def _corrected(event_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return which entry corrects each event that was entered wrongly."""
    dates = Deadline.objects.filter(event__in=event_ids)
    said = ((d.event_id, d.computation.get(CORRECTED_BY)) for d in dates)
    return {event_id: UUID(later) for event_id, later in said if later and later != str(event_id)}


def _of_kind(user: User, kind: str, matter_ids: set[UUID]) -> set[UUID]:
    """Open the kinds of these matters, which are sealed, and return those of the kind."""
    keyring.preload(user.clinic_id, matter_ids)
    matters = Matter.objects.filter(pk__in=matter_ids).only("pk", "clinic_id", "kind")
    return {matter.id for matter in matters if matter.kind == kind}


def opened(user: User, shown: Sequence[Slot]) -> list[Dated]:
    """Open what is shown, in its order, with its matters' people. What was purged meanwhile is gone."""
    people = Prefetch("parties", PRINCIPAL_FIRST)
    visible = Matter.objects.visible_to(user).filter(pk__in={slot.matter_id for slot in shown})
    matters = {matter.id: matter for matter in visible.prefetch_related(people)}
    open_together(user.clinic_id, matters.values())
    ids = [slot.id for slot in shown if slot.hearing is None]
    deadlines = {deadline.id: deadline for deadline in Deadline.objects.filter(pk__in=ids)}
    found: list[Dated] = []
    for slot in shown:
        matter, deadline = matters.get(slot.matter_id), deadlines.get(slot.id)
        if matter is None:
            continue
        if slot.hearing is not None:
            found.append(Dated(slot.on, matter, hearing=slot.hearing))
        elif deadline is not None:
            deadline.matter = matter
            found.append(Dated(slot.on, matter, deadline=deadline))
    return found
