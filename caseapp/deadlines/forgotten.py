"""What may have been forgotten: hearings soon for which nobody prepares any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Prefetch

from caseapp.access.models import User
from caseapp.deadlines import recounts
from caseapp.deadlines.corrections import CORRECTED_BY
from caseapp.deadlines.models import Deadline
from caseapp.matters.models import Matter
from caseapp.matters.queries import PRINCIPAL_FIRST, open_together

HEARING = "hearing-set"
HEARING_WITHIN_DAYS = 45
# A hearing's preparation is due some weeks before it.
AROUND_DAYS = 60


@dataclass(frozen=True)
class Hearing:
    """A hearing whose preparation dates were all said to apply no longer."""

    matter: Matter
    on: date


def hearings_unprepared(user: User, *, today: date) -> list[Hearing]:
    """Return hearings in the next 45 days all of whose preparation dates were dropped, the nearest first.

    A hearing whose preparation was met is prepared, and one with an open date is not forgotten. Which
    event is a hearing is sealed, so only those are opened whose dropped dates lie around these days.
    """
    near = (today - timedelta(days=AROUND_DAYS), today + timedelta(days=AROUND_DAYS))
    visible = Deadline.objects.visible_to(user).filter(matter__closed_on__isnull=True)
    standing = Deadline.objects.exclude(state=Deadline.State.DROPPED)
    dropped = visible.filter(state=Deadline.State.DROPPED, safe__range=near)
    dropped = dropped.exclude(event__in=standing.values("event"))
    matters = Prefetch("matter", Matter.objects.prefetch_related(Prefetch("parties", PRINCIPAL_FIRST)))
    found = list(dropped.order_by("pk").select_related("event").prefetch_related(matters))
    open_together(user.clinic_id, {d.matter_id: d.matter for d in found}.values())
    last = today + timedelta(days=HEARING_WITHIN_DAYS)
    hearings = [h for h in map(_hearing, found) if h is not None and today <= h.on <= last]
    if not hearings:
        return []
    prepared = {
        (d.matter_id, _counted_from(d))
        for d in standing.filter(matter__in=[hearing.matter for hearing in hearings])
    }
    once = {(h.matter.id, h.on): h for h in hearings if (h.matter.id, h.on) not in prepared}
    return sorted(once.values(), key=lambda hearing: (hearing.on, hearing.matter.code))


def _hearing(dropped: Deadline) -> Hearing | None:
    """Return the hearing this date prepared for; none for another event, or an entry since corrected."""
    entered_wrongly = CORRECTED_BY in dropped.computation
    followed = recounts.in_effect(dropped.computation) is not dropped.computation
    on = _counted_from(dropped)
    if dropped.event.kind != HEARING or on is None or (entered_wrongly and not followed):
        return None
    return Hearing(dropped.matter, on)


def _counted_from(deadline: Deadline) -> date | None:
    day = recounts.in_effect(deadline.computation).get("trigger")
    return date.fromisoformat(day) if day else None
