"""Record what was filed and what came of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from caseapp import clock
from caseapp.access.rules import Act, check_may_work_on
from caseapp.deadlines import queries as deadlines
from caseapp.deadlines.models import Deadline
from caseapp.filings import queries, services
from caseapp.filings.models import Filing
from caseapp.filings.services import Sent
from caseapp.matters import queries as matters
from caseapp.matters import services as matters_services
from caseapp.people import numbers
from caseapp.retention import queries as retention
from caseapp.web.acts import attempt, sent
from caseapp.web.forms.filings import RecordFiling, RecordOutcome
from caseapp.web.http import StaffRequest

A_PAGE = 50


@require_GET
def filings(request: StaffRequest) -> HttpResponse:
    page = Paginator(queries.filings_open_to(request.user), A_PAGE).get_page(request.GET.get("page"))
    queries.open_together(request.user.clinic_id, page.object_list)
    matters_services.record_list_view(by=request.user)
    return render(request, "filings/filings.html", {"page_obj": page, "show_matter": True})


@require_GET
def filing(request: StaffRequest, filing_id: UUID) -> HttpResponse:
    found = queries.filing_for(request.user, filing_id)
    services.record_view(found, by=request.user)
    context = {
        "filing": found,
        "matter": found.matter,
        "met": queries.met_by(found),
        "waiting": deadlines.waiting_of(found.matter),
        "keeping": retention.keeping_of(found.matter),
        "today": clock.today(request.user.clinic.time_zone),
    }
    return render(request, "filings/filing.html", context)


@require_http_methods(["GET", "POST"])
def filing_new(request: StaffRequest, matter_id: UUID) -> HttpResponse:
    """Record a filing and the date it meets; the date may be named in the address."""
    matter = matters.matter_for(request.user, matter_id)
    check_may_work_on(request.user, matter, Act.RECORD_FILING)
    today = clock.today(request.user.clinic.time_zone)
    form = RecordFiling(
        sent(request),
        deadlines=[d for d in deadlines.deadlines_of(matter) if d.is_open],
        initial={"filed_on": today, "meets": request.GET.get("deadline", "")},
    )
    made: list[Filing] = []

    def record(typed: dict[str, Any]) -> None:
        sent = Sent(**{name: value for name, value in typed.items() if name != "meets"})
        meets = form.meets_deadline
        made.append(
            services.record_filing(matter, sent, by=request.user, at=clock.now(), today=today, meets=meets)
        )

    if request.method == "POST" and attempt(form, record):
        _say_recorded(request, made[0], form.meets_deadline)
        return redirect("filing", filing_id=made[0].id)
    context = {"matter": matter, "form": form}
    return render(request, "filings/new.html", context, status=422 if form.errors else 200)


def _say_recorded(request: StaffRequest, filing: Filing, meets: Deadline | None) -> None:
    if meets is None:
        messages.success(request, _("The filing is recorded."))
    elif meets.wants_two:
        messages.success(
            request,
            _("The filing is recorded. Its date is fatal, so it is met when a second person agrees."),
        )
    else:
        messages.success(request, _("The filing is recorded, and its date is met."))
    _warn_of(request, filing.receipt_number)


def _warn_of(request: StaffRequest, receipt_number: str) -> None:
    if receipt_number and (warning := numbers.receipt_number_warning(receipt_number)):
        messages.warning(request, warning)


@require_http_methods(["GET", "POST"])
def filing_outcome(request: StaffRequest, filing_id: UUID) -> HttpResponse:
    """Record what came of a filing. A rejection opens again what it had met, and says so."""
    found = queries.filing_for(request.user, filing_id)
    check_may_work_on(request.user, found.matter, Act.RECORD_FILING)
    today = clock.today(request.user.clinic.time_zone)
    form = RecordOutcome(sent(request), initial={"on": today})
    opened: list[Deadline] = []

    def record(typed: dict[str, Any]) -> None:
        opened.extend(services.record_outcome(found, by=request.user, at=clock.now(), today=today, **typed))

    if request.method == "POST" and attempt(form, record):
        _say_outcome(request, found, opened)
        _warn_of(request, form.cleaned_data["receipt_number"])
        return redirect("filing", filing_id=found.id)
    context = {"filing": found, "matter": found.matter, "form": form}
    return render(request, "filings/outcome.html", context, status=422 if form.errors else 200)


def _say_outcome(request: StaffRequest, filing: Filing, opened: list[Deadline]) -> None:
    if filing.state != Filing.State.REJECTED:
        messages.success(request, _("The outcome is recorded."))
    elif not opened:
        messages.error(request, _("Rejected: it has no filing date. It had met no date here."))
    else:
        said = ngettext(
            "Rejected: it has no filing date, so %(count)d date is open again. Act by %(day)s.",
            "Rejected: it has no filing date, so %(count)d dates are open again. Act by %(day)s.",
            len(opened),
        )
        nearest = min(deadline.safe for deadline in opened)
        messages.error(request, said % {"count": len(opened), "day": f"{nearest:%-d %b %Y}"})
