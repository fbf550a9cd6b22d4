"""Find deadlines on someone's behalf."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Count, Prefetch, Q, QuerySet
from django.shortcuts import get_object_or_404

from caseapp.access.models import User
from caseapp.deadlines.models import CaseEvent, Change, Deadline
from caseapp.matters.models import Matter
from caseapp.matters.queries import PRINCIPAL_FIRST, open_together

DAYS_AHEAD = 7
SOON_DAYS = 14


def deadline_for(user: User, deadline_id: UUID) -> Deadline:
    """Return the deadline, or 404: to someone outside the matter, "no" and "not there" look alike."""
    visible = Deadline.objects.visible_to(user).select_related("matter", "event", "event__recorded_by")
    return get_object_or_404(visible, pk=deadline_id)


def change_for(user: User, change_id: UUID) -> Change:
    visible = Change.objects.filter(deadline__in=Deadline.objects.visible_to(user))
    return get_object_or_404(visible.select_related("deadline", "deadline__matter", "by"), pk=change_id)


def deadlines_of(matter: Matter) -> list[Deadline]:
    """Return the matter's dates, open ones first, the most urgent first."""
    deadlines = sorted(
        Deadline.objects.filter(matter=matter), key=lambda d: (not d.is_open, d.safe, d.legal, str(d.id))
    )
    for deadline in deadlines:
        deadline.matter = matter
    return deadlines


def next_dates(matters: Iterable[Matter]) -> dict[UUID, Deadline]:
    """Return the open date to act on first of each of many matters that has one, in one query."""
    first = Deadline.objects.open().filter(matter__in=[matter.pk for matter in matters])
    first = first.order_by("matter", "safe", "legal", "pk").distinct("matter")
    return {deadline.matter_id: deadline for deadline in first}


def open_deadlines_of(matter: Matter) -> QuerySet[Deadline]:
    return Deadline.objects.open().filter(matter=matter)


def history_of(deadline: Deadline) -> list[Change]:
    """Return every decision about the date, newest first."""
    changes = Change.objects.filter(deadline=deadline).select_related("by", "second_by")
    return list(changes.order_by("-at", "-pk"))


def waiting_of(matter: Matter) -> dict[UUID, Change]:
    """Return the decision that waits for a second person, by deadline."""
    waiting = Change.objects.filter(matter=matter, state=Change.State.WAITING).select_related("by")
    return {change.deadline_id: change for change in waiting}


def events_of(matter: Matter) -> list[CaseEvent]:
    return list(
        CaseEvent.objects.filter(matter=matter).select_related("recorded_by").order_by("-recorded_at")
    )


def event_for(user: User, event_id: UUID) -> CaseEvent:
    """Return the event, or 404: to someone outside the matter, "no" and "not there" look alike."""
    visible = CaseEvent.objects.filter(matter__in=Matter.objects.visible_to(user))
    return get_object_or_404(visible.select_related("matter", "recorded_by"), pk=event_id)


def deadlines_from(event: CaseEvent) -> list[Deadline]:
    """Return the dates that the event made: by rule, the most urgent rule first, the law before caution."""
    deadlines = list(Deadline.objects.filter(event=event).order_by("safe", "legal", "pk"))
    rules = list(dict.fromkeys(deadline.computation["rule"] for deadline in deadlines))
    for deadline in deadlines:
        deadline.event, deadline.matter = event, event.matter
    return sorted(deadlines, key=lambda d: (rules.index(d.computation["rule"]), d.protective))


@dataclass(frozen=True)
class Today:
    """What is owed, by the day it has to be acted on.

    `waiting` holds every decision that waits for a second person, by deadline; `to_second` those of
    them that wait for this person.
    """

    late: list[Deadline] = field(default_factory=list)
    due_today: list[Deadline] = field(default_factory=list)
    next_days: list[Deadline] = field(default_factory=list)
    to_confirm: list[Deadline] = field(default_factory=list)
    to_second: list[Deadline] = field(default_factory=list)
    waiting: dict[UUID, Change] = field(default_factory=dict)


def today_for(user: User, *, today: date) -> Today:
    """Return the landing page's dates: late, today, the next seven days, and what waits for this person."""
    visible = Deadline.objects.visible_to(user)
    waiting = Change.objects.filter(state=Change.State.WAITING, deadline__in=visible).select_related("by")
    changes = {change.deadline_id: change for change in waiting}
    last = today + timedelta(days=DAYS_AHEAD)
    wanted = Q(safe__lte=last) | Q(state=Deadline.State.PROPOSED) | Q(pk__in=list(changes))
    matters = Prefetch("matter", Matter.objects.prefetch_related(Prefetch("parties", PRINCIPAL_FIRST)))
    found = list(visible.open().filter(wanted).order_by("safe", "legal", "pk").prefetch_related(matters))
    open_together(user.clinic_id, {d.matter_id: d.matter for d in found}.values())
    return Today(
        late=[d for d in found if d.safe < today],
        due_today=[d for d in found if d.safe == today],
        next_days=[d for d in found if today < d.safe <= last],
        to_confirm=[d for d in found if d.state == Deadline.State.PROPOSED and d.id not in changes],
        to_second=[d for d in found if d.id in changes and changes[d.id].by_id != user.id],
        waiting=changes,
    )


def count_owed(user: User, *, today: date) -> tuple[int, int]:
    """Count what is past its safe date, and what has to be acted on today, for the rail."""
    owed = Deadline.objects.visible_to(user).acting_by(today).order_by()
    late, all_told = owed.aggregate(late=Count("pk", filter=Q(safe__lt=today)), all=Count("pk")).values()
    return late, all_told - late
