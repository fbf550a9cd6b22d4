"""Say what is kept, until when and why; and find what is held, due or gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Prefetch, Q, QuerySet, Sum
from django.shortcuts import get_object_or_404

from caseapp.access.models import User
from caseapp.deadlines.models import CaseEvent, Deadline, Notice
from caseapp.documents.models import Document
from caseapp.filings.models import Filing
from caseapp.matters.models import Matter, Note, Party
from caseapp.matters.queries import PRINCIPAL_FIRST, open_together, parties_of
from caseapp.people.models import Paper, Person, SafeContact
from caseapp.retention import schedule
from caseapp.retention.models import Hold, Purge
from caseapp.retention.schedule import Keeping
from caseapp.vault import keyring


def keeping_of(matter: Matter) -> Keeping:
    if matter.keep_until is None:
        return schedule.keep_open_matter()
    label = Matter.Kept(matter.kept_as).label if matter.kept_as else ""
    return Keeping(matter.keep_until, f"{label}, closed {matter.closed_on:%-d %b %Y}")


def keeping_if_closed(matter: Matter, *, kept_as: str, on: date) -> Keeping:
    """Return until when the matter would be kept if it closed on that day, as that class."""
    births = [party.person.birth_date for party in parties_of(matter)]
    return schedule.keep_closed_matter(kept_as, closed_on=on, births=births)


def keeping_of_person(person: Person) -> Keeping:
    """A person is kept as long as the longest-kept matter they are on; on none, thirty days."""
    matters = list(Matter.objects.filter(parties__person=person).only("keep_until", "closed_on", "kept_as"))
    if not matters:
        return schedule.keep_prospect(person.changed_at.astimezone(ZoneInfo(person.clinic.time_zone)).date())
    if any(matter.keep_until is None for matter in matters):
        return Keeping(None, "as long as a matter of theirs is open")
    return keeping_of(max(matters, key=lambda matter: matter.keep_until or date.min))


def due_matters(user: User, *, today: date) -> QuerySet[Matter]:
    """Return closed matters whose date has come or comes within thirty days, and that nobody proposed yet."""
    proposed = Purge.objects.filter(
        state__in=[Purge.State.PROPOSED, Purge.State.APPROVED], matter_id__isnull=False
    )
    matters = Matter.objects.visible_to(user).prefetch_related(Prefetch("parties", PRINCIPAL_FIRST))
    last = today + timedelta(days=schedule.DIGEST_DAYS)
    return (
        matters.filter(keep_until__lte=last)
        .exclude(pk__in=proposed.values("matter_id"))
        .order_by("keep_until", "pk")
    )


def due_prospects(user: User, *, today: date) -> QuerySet[Person]:
    """Return the people on no matter who go by themselves within the next seven days."""
    last = today - timedelta(days=schedule.PROSPECT_DAYS - 7)
    people = Person.objects.visible_to(user).filter(parties__isnull=True, changed_at__date__lte=last)
    return people.order_by("changed_at", "pk")


def standing_holds(user: User) -> list[Hold]:
    """Return the holds that stand on the whole clinic and on matters this person may see."""
    holds = (
        Hold.objects.standing().filter(clinic_id=user.clinic_id).select_related("placed_by", "lift_asked_by")
    )
    seen = Q(matter_id__isnull=True) | Q(matter_id__in=Matter.objects.visible_to(user).values("pk"))
    return list(holds.filter(seen).order_by("placed_at"))


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
    seen = purges.filter(matter_id__in=Matter.objects.visible_to(user).values("pk"))
    return list(seen.select_related("proposed_by").order_by("proposed_at"))


def purge_for(user: User, purge_id: UUID) -> Purge:
    """Return a proposed purge of a matter this person may see, or 404."""
    purge = get_object_or_404(Purge.objects.filter(clinic_id=user.clinic_id), pk=purge_id)
    get_object_or_404(Matter.objects.visible_to(user), pk=purge.matter_id)
    return purge


def purges_done(user: User) -> QuerySet[Purge]:
    """Return what is gone: references and counts, the latest first."""
    return Purge.objects.filter(clinic_id=user.clinic_id, state=Purge.State.DONE).order_by("-done_at")


def to_approve(user: User) -> QuerySet[Purge]:
    """Return the purges that wait for this person, to be counted for the rail."""
    purges = Purge.objects.filter(clinic_id=user.clinic_id, state=Purge.State.PROPOSED).exclude(
        proposed_by=user
    )
    return purges.filter(matter_id__in=Matter.objects.visible_to(user).values("pk"))


def people_who_go(purge: Purge) -> QuerySet[Person]:
    """Return the person named, or the people on the matter who are on no other."""
    if purge.matter_id is None:
        return Person.objects.filter(pk__in=filter(None, [purge.person_id]), parties__isnull=True)
    on_it = Party.objects.filter(matter=purge.matter_id).values("person")
    elsewhere = Party.objects.exclude(matter=purge.matter_id).values("person")
    return Person.objects.filter(pk__in=on_it).exclude(pk__in=elsewhere)


@dataclass(frozen=True)
class Going:
    """What a purge would take and what it would leave."""

    matter: Matter
    people_gone: list[Person]
    people_staying: list[Person]
    deadlines: int
    events: int
    filings: int
    documents: int
    notices: int
    notes: int
    contacts: int
    papers: int
    holds: list[Hold]

    @property
    def keys(self) -> int:
        """One key for the matter and one for each person who goes."""
        return 1 + len(self.people_gone)


def what_goes(user: User, purge: Purge) -> Going:
    """Return what the purge of a matter would take, so that nobody approves it unseen."""
    matters = Matter.objects.visible_to(user).prefetch_related(Prefetch("parties", PRINCIPAL_FIRST))
    matter = get_object_or_404(matters, pk=purge.matter_id)
    open_together(user.clinic_id, [matter])
    gone = set(people_who_go(purge).values_list("pk", flat=True))
    people = [party.person for party in matter.parties.all()]
    return Going(
        matter=matter,
        people_gone=[person for person in people if person.id in gone],
        people_staying=[person for person in people if person.id not in gone],
        deadlines=Deadline.objects.filter(matter=matter).count(),
        events=CaseEvent.objects.filter(matter=matter).count(),
        filings=Filing.objects.filter(matter=matter).count(),
        documents=Document.objects.filter(matter=matter).count(),
        notices=Notice.objects.filter(matter=matter).count(),
        notes=Note.objects.filter(matter=matter).count(),
        contacts=SafeContact.objects.filter(person__in=gone).count(),
        papers=Paper.objects.filter(person__in=gone).count(),
        holds=list(holds_on(matter)),
    )


@dataclass(frozen=True)
class Owed:
    """The retention page: what has come due, what comes within thirty days, what waits, what is held."""

    due: list[Matter]
    coming: list[Matter]
    proposed: list[tuple[Purge, Matter]]
    holds: list[tuple[Hold, Matter | None]]
    prospects: list[Person]

    @property
    def whole_clinic_held(self) -> bool:
        return any(matter is None for _hold, matter in self.holds)

    @property
    def held(self) -> set[UUID]:
        """The matters that a hold of their own covers."""
        return {matter.id for _hold, matter in self.holds if matter is not None}


def owed(user: User, *, today: date) -> Owed:
    """Return what retention asks of this person, with every key fetched in one query."""
    soon = list(due_matters(user, today=today))
    purges, holds = proposed_purges(user), standing_holds(user)
    prospects = list(due_prospects(user, today=today))
    named = {
        matter_id
        for matter_id in [*(p.matter_id for p in purges), *(h.matter_id for h in holds)]
        if matter_id
    }
    matters = Matter.objects.visible_to(user).prefetch_related(Prefetch("parties", PRINCIPAL_FIRST))
    by_id = {matter.id: matter for matter in matters.filter(pk__in=named)}
    open_together(user.clinic_id, [*soon, *by_id.values()])
    keyring.preload(user.clinic_id, [user.clinic_id, *(person.id for person in prospects)])
    return Owed(
        due=[m for m in soon if m.keep_until is not None and m.keep_until <= today],
        coming=[m for m in soon if m.keep_until is not None and m.keep_until > today],
        proposed=[(p, by_id[p.matter_id]) for p in purges if p.matter_id in by_id],
        holds=[(h, by_id.get(h.matter_id) if h.matter_id else None) for h in holds],
        prospects=prospects,
    )


@dataclass(frozen=True, slots=True)
class Gone:
    """How much was purged, ever: counts and nothing else."""

    matters: int
    prospects: int
    keys: int
    rows: int


def gone_in_all(user: User) -> Gone:
    """Count what the clinic has purged."""
    counts = (
        purges_done(user)
        .order_by()
        .aggregate(
            matters=Count("pk", filter=Q(matter_id__isnull=False)),
            prospects=Count("pk", filter=Q(matter_id__isnull=True)),
            keys=Sum("keys_destroyed", default=0),
            rows=Sum("rows_removed", default=0),
        )
    )
    return Gone(**counts)
