"""Find deadlines on someone's behalf."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Prefetch, QuerySet
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
    return list(CaseEvent.objects.filter(matter=matter).select_related("recorded_by").order_by("-recorded_at"))


@dataclass(frozen=True)
class Today:
    """What is owed, by the day it has to be acted on."""

    late: list[Deadline] = field(default_factory=list)
    due_today: list[Deadline] = field(default_factory=list)
    next_days: list[Deadline] = field(default_factory=list)
    to_confirm: list[Deadline] = field(default_factory=list)
    to_second: list[Change] = field(default_factory=list)


def today_for(user: User, *, today: date) -> Today:
    """Return the landing page's dates: late, today, the next seven days, and what waits for this person."""
    matters = Prefetch("matter", Matter.objects.prefetch_related(Prefetch("parties", PRINCIPAL_FIRST)))
    visible = Deadline.objects.visible_to(user).prefetch_related(matters)
    owed = list(visible.falling_due(today=today, within_days=DAYS_AHEAD))
    waiting = list(to_second(user))
    asked = {change.deadline_id for change in waiting} | set(_asked_by(user))
    proposed = visible.filter(state=Deadline.State.PROPOSED).exclude(pk__in=asked).order_by("safe", "pk")
    to_confirm = list(proposed)
    every = owed + to_confirm + [change.deadline for change in waiting]
    open_together(user.clinic_id, {d.matter_id: d.matter for d in every}.values())
    return Today(
        late=[d for d in owed if d.safe < today],
        due_today=[d for d in owed if d.safe == today],
        next_days=[d for d in owed if d.safe > today],
        to_confirm=to_confirm,
        to_second=waiting,
    )


def to_second(user: User) -> QuerySet[Change]:
    """Return the decisions of colleagues that wait for a second person, the most urgent first."""
    matters = Prefetch("deadline__matter", Matter.objects.prefetch_related(Prefetch("parties", PRINCIPAL_FIRST)))
    waiting = Change.objects.filter(state=Change.State.WAITING, deadline__in=Deadline.objects.visible_to(user))
    waiting = waiting.exclude(by=user).select_related("deadline", "by").prefetch_related(matters)
    return waiting.order_by("deadline__safe", "pk")


def _asked_by(user: User) -> QuerySet[Change, UUID]:
    waiting = Change.objects.filter(state=Change.State.WAITING, by=user)
    return waiting.values_list("deadline_id", flat=True)


def count_late(user: User, *, today: date) -> int:
    """Count what is past its safe date, for the rail."""
    return Deadline.objects.visible_to(user).acting_by(today - timedelta(days=1)).count()
