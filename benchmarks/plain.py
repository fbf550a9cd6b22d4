"""The Clients page over plain columns: the product's view, queries and template, with nothing to open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from benchmarks.models import PlainAssignment, PlainMatter, PlainParty, PlainPerson
from caseapp.access import rules
from caseapp.access.models import User
from caseapp.matters.models import Assignment, Matter, Party
from caseapp.people import services
from caseapp.people.models import Person
from caseapp.vault import keyring
from caseapp.web.http import StaffRequest
from caseapp.web.views.people import PAGE

COPIES: tuple[tuple[Any, Any], ...] = (
    (Person, PlainPerson),
    (Matter, PlainMatter),
    (Party, PlainParty),
    (Assignment, PlainAssignment),
)


@dataclass(frozen=True)
class PlainUser:
    """What the shell shows of whoever is signed in, without a sealed name to open."""

    name: str
    get_role_display: str


@require_safe
def clients(request: StaffRequest) -> HttpResponse:
    page = Paginator(people_of(request.user), PAGE).get_page(request.GET.get("page"))
    people = list(page.object_list)
    on_matters = matters_of_people(request.user, people)
    services.record_list_view(by=request.user)
    rows = [(person, on_matters.get(person.id, [])) for person in people]
    name = "Dee" if request.user.role == User.Role.DIRECTOR else "Ana"
    shown = PlainUser(name, request.user.get_role_display())
    return render(request, "people/clients.html", {"rows": rows, "page_obj": page, "user": shown})


def people_of(user: User) -> QuerySet[PlainPerson]:
    """As people.queries.people_of and access.rules.people_open_to."""
    matters = PlainMatter._default_manager.filter(rules.matters_open_to(user))
    on_no_matter = Q(parties__isnull=True)
    if user.role != User.Role.DIRECTOR:
        on_no_matter &= Q(recorded_by=user)
    theirs = Q(clinic_id=user.clinic_id) & (Q(parties__matter__in=matters) | on_no_matter)
    people = PlainPerson._default_manager
    visible = people.filter(pk__in=people.filter(theirs).values("pk"))
    return visible.order_by("-changed_at", "pk").defer("search_card")


def matters_of_people(user: User, people: list[PlainPerson]) -> dict[UUID, list[PlainMatter]]:
    """As matters.queries.matters_of_people."""
    matters = PlainMatter._default_manager.filter(rules.matters_open_to(user))
    parties: QuerySet[Any] = PlainParty._default_manager.filter(person__in=people, matter__in=matters)
    found: dict[UUID, list[PlainMatter]] = {}
    for party in parties.select_related("matter").order_by("-matter__opened_on", "pk"):
        found.setdefault(party.person_id, []).append(party.matter)
    return found


def copy_clinic() -> None:
    """Write every row of the clinic entered into the plain tables, under the same ids."""
    for model, plain in COPIES:
        rows: QuerySet[Any] = model._default_manager.all()
        names = [field.attname for field in plain._meta.concrete_fields]
        for start in range(0, rows.count(), 2000):
            batch = list(rows.order_by("pk")[start : start + 2000])
            if hasattr(model, "sealed_under"):
                keyring.preload(batch[0].clinic_id, [row.id for row in batch])
            plain._default_manager.bulk_create(
                plain(**{name: getattr(row, name) for name in names}) for row in batch
            )
