"""Pages about clients and their families."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from caseapp import clock
from caseapp.access import queries as access
from caseapp.access.rules import Act, check_may
from caseapp.matters import queries as matters
from caseapp.matters import services as matters_services
from caseapp.matters.kinds import kind as kind_of
from caseapp.people import numbers, papers, queries, services
from caseapp.people.models import Person
from caseapp.retention import queries as retention
from caseapp.web.acts import attempt, sent
from caseapp.web.forms.people import ChangeClient, DescribePaper, NewClient, NewContact, Relative
from caseapp.web.http import StaffRequest, wants_fragment
from caseapp.web.views import file_of

PAGE = 50
# Two forms stand on the client's page: the fields of each need ids of their own.
PAPER_IDS = "paper-%s"
AT_FIELD = {services.ImpossibleBirthDate: "birth_date", numbers.BadANumber: "a_number"}

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
def clients(request: StaffRequest) -> HttpResponse:
    """The clients this person may see, the latest changed first."""
    page = Paginator(queries.people_of(request.user), PAGE).get_page(request.GET.get("page"))
    people = list(page.object_list)
    queries.open_together(request.user.clinic_id, people)
    on_matters = matters.matters_of_people(request.user, people)
    services.record_list_view(by=request.user)
    rows = [(person, on_matters.get(person.id, [])) for person in people]
    return render(request, "people/clients.html", {"rows": rows, "page_obj": page})


@get_or_post
def client_new(request: StaffRequest) -> HttpResponse:
    """Record a client: three fields are enough."""
    check_may(request.user, Act.RECORD_CLIENT)
    form = NewClient(sent(request))
    recorded: list[Person] = []

    def record(_typed: dict[str, Any]) -> None:
        said, reach = form.particulars(), form.reach()
        recorded.append(services.record_person(said, by=request.user, at=clock.now(), reach=reach))

    if attempt(form, record, at=AT_FIELD):
        return redirect("client", person_id=recorded[0].id)
    return render(request, "people/client_new.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
def client(request: StaffRequest, person_id: UUID) -> HttpResponse:
    """Who someone is, how to reach them safely, their family and their matters."""
    person = queries.person_for(request.user, person_id)
    services.record_view(person, by=request.user)
    return client_page(request, person)


def client_page(
    request: StaffRequest,
    person: Person,
    *,
    status: int = 200,
    contact_form: NewContact | None = None,
    paper_form: DescribePaper | None = None,
) -> HttpResponse:
    today = clock.today(request.user.clinic.time_zone)
    family = queries.family_of(request.user, person)
    of_whom = queries.related_to(request.user, person)
    queries.open_together(
        person.clinic_id, [person, *[r.relative for r in family], *[r.person for r in of_whom]]
    )
    theirs = matters.matters_of_person(request.user, person)
    context = {
        "person": person,
        "age": file_of.age(person, today),
        "contacts": file_of.contacts(person),
        "family": [(relation, file_of.age(relation.relative, today)) for relation in family],
        "of_whom": of_whom,
        "matters": [(each, kind_of(each.kind)) for each in theirs],
        "has_open_matter": any(each.closed_on is None for each in theirs),
        "may_have_moved": request.GET.get("moved") == "perhaps",
        "keeping": retention.keeping_of_person(person),
        "contact_form": contact_form or NewContact(),
        "papers": papers.papers_of(person),
        "paper_form": paper_form or DescribePaper(auto_id=PAPER_IDS),
        "today": today,
    }
    return render(request, "people/client.html", context, status=status)


@get_or_post
def client_edit(request: StaffRequest, person_id: UUID) -> HttpResponse:
    """Change what is known about someone."""
    person = queries.person_for(request.user, person_id)
    check_may(request.user, Act.RECORD_CLIENT)
    form = ChangeClient(sent(request), person=person)

    def change(_typed: dict[str, Any]) -> None:
        services.change_person(person, form.particulars(), by=request.user, at=clock.now())

    if attempt(form, change, at=AT_FIELD):
        return redirect("client", person_id=person.id)
    context = {"form": form, "person": person}
    return render(request, "people/client_edit.html", context, status=422 if form.errors else 200)


@require_POST
def client_a_number(request: StaffRequest, person_id: UUID) -> HttpResponse:
    """Show the A-number in full, for half a minute, and record that it was shown."""
    person = queries.person_for(request.user, person_id)
    shown = {
        "id": f"a-{person.id.hex}",
        "label": _("A-number"),
        "masked": numbers.mask_a_number(person.a_number) if person.a_number else "",
        "value": services.show_a_number(person, by=request.user) if person.a_number else "",
        "show_url": request.path,
    }
    return shown_value(request, person, shown)


@require_POST
def contact_show(request: StaffRequest, contact_id: UUID) -> HttpResponse:
    """Show the number or address of a safe contact, for half a minute, and record that it was shown."""
    contact = queries.contact_for(request.user, contact_id)
    address = services.show_contact(contact, by=request.user)
    shown = {
        "id": f"contact-{contact.id.hex}",
        "label": _("number or address"),
        "masked": file_of.mask(contact),
        "value": numbers.show_phone(address),
        "show_url": request.path,
    }
    return shown_value(request, contact.person, shown)


def shown_value(request: StaffRequest, person: Person, shown: dict[str, Any]) -> HttpResponse:
    """Answer with the value in its place (HTMX), or on a page of its own."""
    if wants_fragment(request):
        return render(request, "_sealed.html", shown)
    return render(request, "people/shown.html", {"person": person, "shown": shown})


@get_or_post
def client_contact_new(request: StaffRequest, person_id: UUID) -> HttpResponse:
    """Add a safe way to reach someone."""
    person = queries.person_for(request.user, person_id)
    check_may(request.user, Act.RECORD_CLIENT)
    form = NewContact(sent(request))

    def add(_typed: dict[str, Any]) -> None:
        if reach := form.reach():
            services.add_safe_contact(person, reach, by=request.user, at=clock.now())

    if attempt(form, add):
        return redirect(reverse("client", args=[person.id]) + "?moved=perhaps#moved")
    return client_page(request, person, contact_form=form, status=422 if form.errors else 200)


@require_POST
def contact_remove(request: StaffRequest, contact_id: UUID) -> HttpResponse:
    """Forget a way to reach someone."""
    contact = queries.contact_for(request.user, contact_id)
    person_id = contact.person_id
    services.remove_safe_contact(contact, by=request.user, at=clock.now())
    messages.success(request, _("Forgotten. Nobody can reach them that way from here any more."))
    return redirect(reverse("client", args=[person_id]) + "?moved=perhaps#moved")


@get_or_post
def relative_new(request: StaffRequest, person_id: UUID) -> HttpResponse:
    """Record a member of the family, and what they are to the client."""
    person = queries.person_for(request.user, person_id)
    check_may(request.user, Act.RECORD_CLIENT)
    form = Relative(sent(request), initial={"country": person.country, "language": person.language})

    def record(typed: dict[str, Any]) -> None:
        said = form.particulars()
        services.record_relative(person, said, kind=typed["kind"], by=request.user, at=clock.now())

    if attempt(form, record, at=AT_FIELD):
        return redirect("client", person_id=person.id)
    context = {"form": form, "person": person}
    return render(request, "people/relative_new.html", context, status=422 if form.errors else 200)


@require_safe
def client_trail(request: StaffRequest, person_id: UUID) -> HttpResponse:
    """Who opened this record, and what was done to it."""
    person = queries.person_for(request.user, person_id)
    page = Paginator(queries.trail_of(request.user, person), PAGE).get_page(request.GET.get("page"))
    matters_services.record_trail_view(by=request.user, person=person)
    context = {
        "person": person,
        "page_obj": page,
        "rows": file_of.trail_rows(page.object_list, access.staff_seen_by(request.user)),
    }
    return render(request, "people/client_trail.html", context)
