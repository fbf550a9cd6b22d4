"""Find deadlines on someone's behalf."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from uuid import UUID

from django.db.models import FilteredRelation, Q, QuerySet
from django.shortcuts import get_object_or_404

from caseapp.access.models import User
from caseapp.deadlines.models import CaseEvent, Change, Deadline, DeadlineQuerySet
from caseapp.matters.models import Matter

DAYS_AHEAD = 7
SOON_DAYS = 14
MOST_BROUGHT = 500


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
    """What is owed, by the day it has to be acted on: `found` by urgency, and views of it.

    `cut`: there are more than could be brought.
    """

    found: list[Deadline]
    day: date
    user_id: UUID
    cut: bool = False

    def join(self, matters: Mapping[UUID, Matter]) -> None:
        """Give each date its matter of those fetched. What was purged meanwhile is gone."""
        self.found[:] = [deadline for deadline in self.found if deadline.matter_id in matters]
        for deadline in self.found:
            deadline.matter = matters[deadline.matter_id]

    @cached_property
    def waiting(self) -> dict[UUID, Change]:
        """Every decision that waits for a second person, by deadline."""
        return {d.id: waits for d in self.found if (waits := getattr(d, "waits", None)) is not None}

    @cached_property
    def late(self) -> list[Deadline]:
        return [d for d in self.found if d.safe < self.day]

    @cached_property
    def due_today(self) -> list[Deadline]:
        return [d for d in self.found if d.safe == self.day]

    @cached_property
    def next_days(self) -> list[Deadline]:
        last = self.day + timedelta(days=DAYS_AHEAD)
        return [d for d in self.found if self.day < d.safe <= last]

    @cached_property
    def to_confirm(self) -> list[Deadline]:
        return [d for d in self.found if d.state == Deadline.State.PROPOSED and d.id not in self.waiting]

    @cached_property
    def to_second(self) -> list[Deadline]:
        """Those of the decisions that wait for this person."""
        return [d for d in self.found if d.id in self.waiting and self.waiting[d.id].by_id != self.user_id]


def today_for(user: User, *, today: date, also: Iterable[UUID] = ()) -> Today:
    """Return the landing page's dates: late, today, the next seven days, and what waits for this person.

    Of very many the most urgent are brought. `also`: dates to be brought whatever their day. The matters
    are fetched with everyone else's: see Today.join.
    """
    last = today + timedelta(days=DAYS_AHEAD)
    waits = FilteredRelation("changes", condition=Q(changes__state=Change.State.WAITING))
    wanted = Q(safe__lte=last) | Q(state=Deadline.State.PROPOSED) | Q(waits__isnull=False)
    if also := list(also):
        wanted |= Q(pk__in=also)
    rows = Deadline.objects.visible_to(user).open().annotate(waits=waits).filter(wanted)
    rows = rows.select_related("waits__by").order_by("safe", "legal", "pk")[: MOST_BROUGHT + 1]  # type: ignore[misc]
    found = list(rows)
    return Today(found[:MOST_BROUGHT], day=today, user_id=user.id, cut=len(found) > MOST_BROUGHT)


def late(user: User, *, today: date) -> DeadlineQuerySet:
    """Return the open dates past their safe date, to be counted for the rail."""
    return Deadline.objects.visible_to(user).open().filter(safe__lt=today)


def due(user: User, *, today: date) -> DeadlineQuerySet:
    """Return the open dates to act on today, to be counted for the rail."""
    return Deadline.objects.visible_to(user).open().filter(safe=today)
