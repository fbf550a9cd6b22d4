"""Find matters on someone's behalf."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Exists, F, OuterRef, Prefetch, QuerySet
from django.shortcuts import get_object_or_404

from caseapp.access.models import User
from caseapp.access.rules import DOES_CASEWORK, Act, check_may
from caseapp.audit import queries as audit
from caseapp.audit.models import Entry
from caseapp.matters.models import Assignment, Matter, MatterQuerySet, Note, Party
from caseapp.people.models import Person
from caseapp.vault import keyring

FEWEST_LETTERS = 3
MOST_BY_CODE = 5
QUIET_COUNTED = 99

PRINCIPAL_FIRST = Party.objects.select_related("person").order_by("-role", "person__recorded_at", "pk")
LIVE = Assignment.objects.filter(ended_at__isnull=True).select_related("user").order_by("role", "pk")


def matter_for(user: User, matter_id: UUID) -> Matter:
    """Return the matter, or 404: to someone not let in, "no" and "not there" look alike."""
    return get_object_or_404(Matter.objects.visible_to(user), pk=matter_id)


def matters_of(user: User) -> MatterQuerySet:
    """Return the matters this person may see, open ones first, the latest changed first."""
    matters = Matter.objects.visible_to(user).prefetch_related(Prefetch("parties", PRINCIPAL_FIRST))
    return matters.order_by(F("closed_on").desc(nulls_first=True), "-changed_at", "pk")


def matters_of_person(user: User, person: Person) -> list[Matter]:
    """Return the matters this client is on, of those this user may see, the latest first, with their keys."""
    visible = Matter.objects.visible_to(user).filter(parties__person=person)
    matters = list(visible.order_by("-opened_on", "pk"))
    keyring.preload(person.clinic_id, [matter.id for matter in matters])
    return matters


def matters_of_people(user: User, people: Iterable[Person]) -> dict[UUID, list[Matter]]:
    """Return the matters of many people in one query, by person, the latest first."""
    matters = Matter.objects.visible_to(user)
    parties = Party.objects.filter(person__in=people, matter__in=matters).select_related("matter")
    found: dict[UUID, list[Matter]] = {}
    for party in parties.order_by("-matter__opened_on", "pk"):
        found.setdefault(party.person_id, []).append(party.matter)
    return found


def matters_by_code(user: User, text: str) -> list[Matter]:
    """Return the matters this person may see whose code begins as typed: HERON-42, "heron 4"."""
    typed = "-".join(text.split())
    if len(typed) < FEWEST_LETTERS:
        return []
    matters = Matter.objects.visible_to(user).filter(code__istartswith=typed)
    matters = matters.prefetch_related(Prefetch("parties", PRINCIPAL_FIRST)).order_by("code")
    return list(matters[:MOST_BY_CODE])


def parties_of(matter: Matter) -> list[Party]:
    return list(PRINCIPAL_FIRST.filter(matter=matter))


def principal_of(matter: Matter) -> Person:
    """Return the client. Uses what was prefetched, if it was."""
    return next(party.person for party in matter.parties.all() if party.role == Party.Role.PRINCIPAL)


def team_of(matter: Matter) -> list[Assignment]:
    return list(LIVE.filter(matter=matter))


def notes_of(matter: Matter) -> list[Note]:
    return list(Note.objects.filter(matter=matter).select_related("author").order_by("-written_at"))


def colleagues_for(user: User, matter: Matter) -> list[User]:
    """Return the colleagues who do casework and are not screened off the matter."""
    colleagues = User.objects.filter(clinic_id=user.clinic_id, is_active=True, role__in=DOES_CASEWORK)
    return list(colleagues.exclude(screens__matter=matter).order_by("role", "pk"))


def screened_off(matter: Matter) -> list[User]:
    """Return the colleagues to whom this matter does not exist."""
    return list(User.objects.filter(screens__matter=matter).order_by("role", "pk"))


def trail_of(user: User, matter: Matter) -> QuerySet[Entry]:
    """Return who opened the matter and what was done to it. Raises MayNot without the right to see it."""
    check_may(user, Act.SEE_AUDIT)
    return audit.about_matter(user.clinic_id, matter.id)


def without_next_step(user: User) -> MatterQuerySet:
    """Return open matters with no open date, the longest quiet first."""
    dates = apps.get_model("caseapp", "Deadline")._default_manager.filter(matter=OuterRef("pk"))
    busy = Exists(dates.filter(state__in=["PROPOSED", "CONFIRMED"]))
    matters = Matter.objects.visible_to(user).open().exclude(busy)
    return matters.prefetch_related(Prefetch("parties", PRINCIPAL_FIRST)).order_by("changed_at", "pk")


def quiet(user: User) -> MatterQuerySet:
    """Return matters without a next step to be counted; beyond 99 it does not matter how many."""
    return without_next_step(user).order_by()[:QUIET_COUNTED]


def with_people(matter_ids: Iterable[UUID]) -> dict[UUID, Matter]:
    """Return these matters with their people, the principal first: all of them in one query.

    Asks nobody's leave: the ids come from a query that did.
    """
    matters: dict[UUID, Matter] = {}
    people: dict[UUID, list[Party]] = {}
    wanted = PRINCIPAL_FIRST.filter(matter__in=set(matter_ids)).select_related("matter", "person")
    for party in wanted:
        party.matter = matters.setdefault(party.matter_id, party.matter)
        people.setdefault(party.matter_id, []).append(party)
    for matter in matters.values():
        _have_prefetched(matter, people[matter.id])
    return matters


def _have_prefetched(matter: Any, parties: list[Party]) -> None:
    """Let matter.parties.all() answer with these, as after prefetch_related."""
    known = matter.parties.all()
    known._result_cache, known._prefetch_done = parties, True
    matter._prefetched_objects_cache = {"parties": known}


def open_together(clinic_id: UUID, matters: Iterable[Matter], *, also: Iterable[UUID] = ()) -> None:
    """Fetch the keys of many matters and their people in one query, before they are read one by one.

    `also`: further people whose keys are fetched along.
    """
    subjects = list(also)
    for matter in matters:
        subjects.append(matter.id)
        subjects += [party.person_id for party in matter.parties.all()]
    keyring.preload(clinic_id, subjects)
