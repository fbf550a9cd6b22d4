"""Say what is kept, until when and why; and find what is held, due or gone."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404

from caseapp.access.models import User
from caseapp.matters.models import Matter
from caseapp.matters.queries import PRINCIPAL_FIRST
from caseapp.people.models import Person
from caseapp.retention import schedule
from caseapp.retention.models import Hold, Purge
from caseapp.retention.schedule import Keeping


def keeping_of(matter: Matter) -> Keeping:
    if matter.keep_until is None:
        return schedule.keep_open_matter()
    label = Matter.Kept(matter.kept_as).label if matter.kept_as else ""
    return Keeping(matter.keep_until, f"{label}, closed {matter.closed_on:%-d %b %Y}")


def keeping_of_person(person: Person) -> Keeping:
    """A person is kept as long as the longest-kept matter they are on; on none, thirty days."""
    matters = list(Matter.objects.filter(parties__person=person).only("keep_until", "closed_on", "kept_as"))
    if not matters:
        return schedule.keep_prospect(
            person.changed_at.astimezone(ZoneInfo(person.clinic.time_zone)).date()
        )
    if any(matter.keep_until is None for matter in matters):
        return Keeping(None, "as long as a matter of theirs is open")
    return keeping_of(max(matters, key=lambda matter: matter.keep_until or date.min))


def due_matters(user: User, *, today: date) -> QuerySet[Matter]:
    """Return closed matters whose date has come, or comes within thirty days, and that nobody proposed yet."""
    proposed = Purge.objects.filter(state__in=[Purge.State.PROPOSED, Purge.State.APPROVED], matter_id__isnull=False)
    matters = Matter.objects.visible_to(user).prefetch_related(Prefetch("parties", PRINCIPAL_FIRST))
    last = today + timedelta(days=schedule.DIGEST_DAYS)
    return matters.filter(keep_until__lte=last).exclude(pk__in=proposed.values("matter_id")).order_by("keep_until", "pk")


def due_prospects(user: User, *, today: date) -> QuerySet[Person]:
    """Return the people on no matter who go by themselves within the next seven days."""
    last = today - timedelta(days=schedule.PROSPECT_DAYS - 7)
    people = Person.objects.visible_to(user).filter(parties__isnull=True, changed_at__date__lte=last)
    return people.order_by("changed_at", "pk")


def standing_holds(user: User) -> list[Hold]:
    """Return the holds that stand on the whole clinic and on matters this person may see."""
    holds = Hold.objects.standing().filter(clinic_id=user.clinic_id).select_related("placed_by", "lift_asked_by")
    seen = set(Matter.objects.visible_to(user).values_list("pk", flat=True))
    return [h for h in holds.order_by("placed_at") if h.matter_id is None or h.matter_id in seen]


def holds_on(matter: Matter) -> QuerySet[Hold]:
    holds = Hold.objects.standing().filter(clinic_id=matter.clinic_id)
    return holds.filter(matter_id=matter.id) | holds.filter(matter_id__isnull=True)


def hold_for(user: User, hold_id: UUID) -> Hold:
    hold = get_object_or_404(Hold.objects.filter(clinic_id=user.clinic_id), pk=hold_id)
    if hold.matter_id is not None:
        get_object_or_404(Matter.objects.visible_to(user), pk=hold.matter_id)
    return hold


def proposed_purges(user: User) -> list[Purge]:
    """Return the purges waiting for a second person, on matters this person may see."""
    purges = Purge.objects.filter(clinic_id=user.clinic_id, state=Purge.State.PROPOSED)
    seen = set(Matter.objects.visible_to(user).values_list("pk", flat=True))
    return [p for p in purges.select_related("proposed_by").order_by("proposed_at") if p.matter_id in seen]


def purge_for(user: User, purge_id: UUID) -> Purge:
    """Return a proposed purge of a matter this person may see, or 404."""
    purge = get_object_or_404(Purge.objects.filter(clinic_id=user.clinic_id), pk=purge_id)
    get_object_or_404(Matter.objects.visible_to(user), pk=purge.matter_id)
    return purge


def purges_done(user: User) -> QuerySet[Purge]:
    """Return what is gone: references and counts, the latest first."""
    return Purge.objects.filter(clinic_id=user.clinic_id, state=Purge.State.DONE).order_by("-done_at")
