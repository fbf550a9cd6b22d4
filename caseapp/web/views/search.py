"""The search: by any part of a name, a number or a case code, as it is typed."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from caseapp.access.models import User
from caseapp.matters import queries as matters
from caseapp.matters.models import Matter
from caseapp.people import queries as people
from caseapp.people import services
from caseapp.people.models import Person
from caseapp.web.acts import sent
from caseapp.web.forms.people import SearchForm
from caseapp.web.http import StaffRequest, wants_fragment

FEWEST_LETTERS = 2


@dataclass(frozen=True)
class Found:
    """Someone or something found, why, and the matters to go to."""

    person: Person
    why: str
    matters: list[Matter]


@require_http_methods(["GET", "HEAD", "POST"])
def search(request: StaffRequest) -> HttpResponse:
    """Answer with the people and matters that fit. What was typed is in no address and no log."""
    form = SearchForm(sent(request))
    typed = form.cleaned_data["q"] if form.is_valid() else ""
    enough = len(typed) >= FEWEST_LETTERS
    context = {
        "form": form,
        "enough": enough,
        "found": _find_people(request.user, typed) if enough else [],
        "by_code": _find_matters(request.user, typed) if enough else [],
    }
    if context["found"] or context["by_code"]:
        services.record_search(by=request.user)
    template = "search/_found.html" if wants_fragment(request) else "search/search.html"
    return render(request, template, context, status=422 if form.errors else 200)


def _find_people(user: User, typed: str) -> list[Found]:
    hits = people.search(user, typed)
    theirs = matters.matters_of_people(user, [hit.person for hit in hits])
    return [Found(hit.person, hit.why, theirs.get(hit.person.id, [])) for hit in hits]


def _find_matters(user: User, typed: str) -> list[tuple[Matter, Person]]:
    found = matters.matters_by_code(user, typed)
    matters.open_together(user.clinic_id, found)
    return [(matter, matters.principal_of(matter)) for matter in found]
