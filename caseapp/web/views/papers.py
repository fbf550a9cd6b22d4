"""The papers of a client: recorded, changed, shown and removed from the client's page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from caseapp import clock
from caseapp.access.rules import Act, check_may
from caseapp.people import papers, queries
from caseapp.web.acts import attempt, sent
from caseapp.web.forms.people import ChangePaper, DescribePaper
from caseapp.web.http import StaffRequest
from caseapp.web.views import file_of
from caseapp.web.views.people import PAPER_IDS, client_page, shown_value

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@get_or_post
def paper_new(request: StaffRequest, person_id: UUID) -> HttpResponse:
    """Record a passport, permit, entry record or certification of someone."""
    person = queries.person_for(request.user, person_id)
    check_may(request.user, Act.RECORD_CLIENT)
    form = DescribePaper(sent(request), auto_id=PAPER_IDS)

    def record(_typed: dict[str, Any]) -> None:
        papers.record(person, form.said(), by=request.user, at=clock.now())

    if attempt(form, record):
        return redirect("client", person_id=person.id)
    return client_page(request, person, paper_form=form, status=422 if form.errors else 200)


@get_or_post
def paper_edit(request: StaffRequest, paper_id: UUID) -> HttpResponse:
    """Change what a paper says: its new last day, once it was renewed."""
    paper = papers.paper_for(request.user, paper_id)
    check_may(request.user, Act.RECORD_CLIENT)
    form = ChangePaper(sent(request), paper=paper)

    def change(_typed: dict[str, Any]) -> None:
        papers.change(paper, form.said(), by=request.user)

    if attempt(form, change):
        return redirect("client", person_id=paper.person_id)
    context = {"form": form, "paper": paper, "person": paper.person}
    return render(request, "people/paper_edit.html", context, status=422 if form.errors else 200)


@require_POST
def paper_show(request: StaffRequest, paper_id: UUID) -> HttpResponse:
    """Show a paper's number in full, for half a minute, and record that it was shown."""
    paper = papers.paper_for(request.user, paper_id)
    shown = {
        "id": f"paper-{paper.id.hex}",
        "label": _("number"),
        "masked": file_of.MASKED if paper.number else "",
        "value": papers.show_number(paper, by=request.user),
        "show_url": request.path,
    }
    return shown_value(request, paper.person, shown)


@require_POST
def paper_remove(request: StaffRequest, paper_id: UUID) -> HttpResponse:
    """Forget a paper that was recorded by mistake, or that nobody needs any more."""
    paper = papers.paper_for(request.user, paper_id)
    person_id = paper.person_id
    papers.remove(paper, by=request.user)
    messages.success(request, _("The paper is removed from the record."))
    return redirect("client", person_id=person_id)
