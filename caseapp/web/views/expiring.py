"""Papers about to expire: those recorded of a client, and the documents of a matter, in one list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from caseapp import clock
from caseapp.days import ending
from caseapp.documents import queries as documents
from caseapp.documents.models import Document
from caseapp.matters import services as matters_services
from caseapp.matters.models import Matter
from caseapp.people import papers
from caseapp.people.models import Paper
from caseapp.web.http import StaffRequest

WITHIN = (30, 90, 180)
# What Today shows: what ends in the next 90 days, and what ended in the last 30.
ON_TODAY = 90
ENDED_ON_TODAY = 30
# Today opens no more papers than this to look for an end. The page opens all of them.
LOOKED_AT = 500


@dataclass(frozen=True)
class Ending:
    """Something that ends, or has ended: a client's paper or a matter's document."""

    on: date
    paper: Paper | None = None
    document: Document | None = None


@require_safe
def expiring(request: StaffRequest) -> HttpResponse:
    """What ends within 30, 90 or 180 days, and everything that has ended, the earliest first."""
    asked = request.GET.get("within", "")
    within = int(asked) if asked in map(str, WITHIN) else WITHIN[-1]
    today = clock.today(request.user.clinic.time_zone)
    theirs = list(papers.on_open_matters(request.user).select_related("person"))
    papers.open_together(request.user.clinic_id, theirs)
    last = today + timedelta(days=within)
    of_matters = documents.expiring(request.user, today, within)
    documents.open_together(request.user.clinic_id, of_matters)
    found = [Ending(on, paper=paper) for on, paper in ending(theirs, last=last)]
    found += [Ending(d.expires_on, document=d) for d in of_matters if d.expires_on is not None]
    matters_services.record_list_view(by=request.user)
    context = {
        "found": in_order(found),
        "within": within,
        "choices": WITHIN,
        "today": today,
        "here": "today",
    }
    return render(request, "people/expiring.html", context)


def for_today(
    theirs: Iterable[Paper], of_matters: Iterable[Document], known: Mapping[UUID, Matter], *, today: date
) -> list[Ending]:
    """Return what of these ends soon or ended lately. Their keys and matters must be at hand."""
    last = today + timedelta(days=ON_TODAY)
    here = [document for document in of_matters if document.matter_id in known]
    for document in here:
        document.matter = known[document.matter_id]
    found = [Ending(on, paper=paper) for on, paper in ending(theirs, last=last)]
    found += [Ending(on, document=document) for on, document in ending(here, last=last)]
    since = today - timedelta(days=ENDED_ON_TODAY)
    return in_order(each for each in found if each.on >= since)


def in_order(found: Iterable[Ending]) -> list[Ending]:
    return sorted(found, key=lambda each: each.on)
