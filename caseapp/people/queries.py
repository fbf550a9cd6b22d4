"""Find clients on someone's behalf."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404

from caseapp.access.models import User
from caseapp.access.rules import Act, check_may
from caseapp.audit import queries as audit
from caseapp.audit.models import Entry
from caseapp.people import roster
from caseapp.people.models import Person, Relation, SafeContact
from caseapp.vault import keyring


@dataclass(frozen=True, slots=True)
class Found:
    """Someone the search found, and why it thinks so, in words."""

    person: Person
    why: str


def person_for(user: User, person_id: UUID) -> Person:
    """Return the client, or 404: to someone not let in, "no" and "not there" look alike."""
    return get_object_or_404(Person.objects.visible_to(user), pk=person_id)


def contact_for(user: User, contact_id: UUID) -> SafeContact:
    visible = SafeContact.objects.filter(person__in=Person.objects.visible_to(user))
    return get_object_or_404(visible.select_related("person"), pk=contact_id)


def people_of(user: User) -> QuerySet[Person]:
    """Return the clients this person may see, the latest changed first."""
    return Person.objects.visible_to(user).order_by("-changed_at", "pk").defer("search_card")


def family_of(user: User, person: Person) -> list[Relation]:
    """Return the relations recorded from and to this person, of those this user may see."""
    visible = Person.objects.visible_to(user)
    relations = Relation.objects.filter(person=person, relative__in=visible).select_related("relative")
    return list(relations.order_by("relative__recorded_at"))


def related_to(user: User, person: Person) -> list[Relation]:
    """Return the relations that others have to this person."""
    visible = Person.objects.visible_to(user)
    relations = Relation.objects.filter(relative=person, person__in=visible).select_related("person")
    return list(relations.order_by("person__recorded_at"))


def relatives_of(user: User, person: Person) -> list[Person]:
    """Return the family of this person, whomever it was recorded from, of those this user may see."""
    family = Q(related_to__person=person) | Q(relations__relative=person)
    ids = Person.objects.filter(family).values("pk")
    return list(Person.objects.visible_to(user).filter(pk__in=ids).order_by("recorded_at", "pk"))


def contacts_of(person: Person) -> list[SafeContact]:
    return list(SafeContact.objects.filter(person=person).order_by("recorded_at", "pk"))


def trail_of(user: User, person: Person) -> QuerySet[Entry]:
    """Return who opened the record and what was done to it. Raises MayNot without the right to see it."""
    check_may(user, Act.SEE_AUDIT)
    return audit.about_person(user.clinic_id, person.id)


def search(user: User, text: str, *, limit: int = 20) -> list[Found]:
    """Find clients by any part of a name, in any spelling, or by a number. Walls hold here too.

    The roster is in memory only and holds the whole clinic; what this user may not see is dropped
    before anything is returned.
    """
    hits = roster.search(user.clinic_id, text)
    by_id = {hit.person_id: hit for hit in hits}
    visible = {p.id: p for p in Person.objects.visible_to(user).filter(pk__in=by_id)}
    found = [Found(visible[hit.person_id], hit.why) for hit in hits if hit.person_id in visible][:limit]
    open_together(user.clinic_id, [each.person for each in found])
    return found


def open_together(clinic_id: UUID, people: list[Person]) -> None:
    """Fetch the keys of many people in one query, before their names are read one by one."""
    keyring.preload(clinic_id, [person.id for person in people])
