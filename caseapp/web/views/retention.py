"""What is kept and until when: holds, and purges that two people decide."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from caseapp import clock
from caseapp.access.rules import Act, check_may
from caseapp.errors import Refused
from caseapp.matters import queries as matters
from caseapp.matters import services as matters_services
from caseapp.matters.models import Matter
from caseapp.retention import certificates, queries, schedule, services, verifying
from caseapp.retention.models import Purge
from caseapp.web.acts import attempt, attempt_or_say, sent
from caseapp.web.forms.retention import PlaceHold
from caseapp.web.http import StaffRequest

GONE_A_PAGE = 50


@require_GET
def retention(request: StaffRequest) -> HttpResponse:
    today = clock.today(request.user.clinic.time_zone)
    gone = Paginator(queries.purges_done(request.user), GONE_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "today": today,
        "owed": queries.owed(request.user, today=today),
        "page_obj": gone,
        "gone": queries.gone_in_all(request.user),
        "years": schedule.YEARS_KEPT,
        "prospect_days": schedule.PROSPECT_DAYS,
    }
    matters_services.record_list_view(by=request.user)
    return render(request, "retention/retention.html", context)


@require_http_methods(["GET", "POST"])
def hold_new(request: StaffRequest) -> HttpResponse:
    """Hold one matter (`?matter=`), or the whole clinic when none is named."""
    check_may(request.user, Act.PLACE_HOLD)
    matter = _matter_named(request)
    form = PlaceHold(sent(request))

    def place(typed: dict[str, Any]) -> None:
        services.place_hold(matter=matter, by=request.user, at=clock.now(), **typed)

    if request.method == "POST" and attempt(form, place):
        messages.success(request, _("The hold stands. Nothing it covers is purged until two people lift it."))
        return redirect("retention")
    return render(
        request,
        "retention/hold_new.html",
        {"matter": matter, "form": form},
        status=422 if form.errors else 200,
    )


def _matter_named(request: StaffRequest) -> Matter | None:
    """Return the matter that the address names. Raises Http404 for one that is not there."""
    named = request.GET.get("matter", "")
    if not named:
        return None
    try:
        return matters.matter_for(request.user, UUID(named))
    except ValueError:
        raise Http404 from None


@require_POST
def hold_lift_ask(request: StaffRequest, hold_id: UUID) -> HttpResponse:
    hold = queries.hold_for(request.user, hold_id)
    attempt_or_say(
        request,
        lambda: services.ask_to_lift(hold, by=request.user, at=clock.now()),
        done=_("You have asked. The hold is lifted when a second person agrees."),
    )
    return redirect("retention")


@require_POST
def hold_lift(request: StaffRequest, hold_id: UUID) -> HttpResponse:
    hold = queries.hold_for(request.user, hold_id)
    attempt_or_say(
        request, lambda: services.lift(hold, by=request.user, at=clock.now()), done=_("The hold is lifted.")
    )
    return redirect("retention")


@require_POST
def purge_propose(request: StaffRequest, matter_id: UUID) -> HttpResponse:
    matter = matters.matter_for(request.user, matter_id)
    today = clock.today(request.user.clinic.time_zone)
    attempt_or_say(
        request,
        lambda: services.propose_purge(matter, by=request.user, at=clock.now(), today=today),
        done=_("You have proposed that %(code)s goes. A second person has to approve it.")
        % {"code": matter.code},
    )
    return redirect("retention")


@require_http_methods(["GET", "POST"])
def purge_approve(request: StaffRequest, purge_id: UUID) -> HttpResponse:
    """Say plainly what a purge destroys and what stays; on approval, destroy it."""
    purge = queries.purge_for(request.user, purge_id)
    refusal = ""
    if request.method == "POST":
        try:
            services.approve_purge(purge, by=request.user, at=clock.now())
        except Refused as refused:
            refusal = refused.message
        else:
            messages.success(
                request,
                _("The keys of %(code)s are destroyed. It cannot be opened again.") % {"code": purge.code},
            )
            return redirect("retention")
    context = {
        "purge": purge,
        "going": queries.what_goes(request.user, purge),
        "refusal": refusal,
        "proposed_it": purge.proposed_by_id == request.user.id,
    }
    return render(request, "retention/purge_approve.html", context, status=422 if refusal else 200)


@require_POST
def purge_refuse(request: StaffRequest, purge_id: UUID) -> HttpResponse:
    purge = queries.purge_for(request.user, purge_id)
    attempt_or_say(
        request,
        lambda: services.refuse_purge(purge, by=request.user, at=clock.now()),
        done=_("Refused. %(code)s stays until it is proposed again.") % {"code": purge.code},
    )
    return redirect("retention")


@require_GET
def purge_certificate(request: StaffRequest, purge_id: UUID) -> HttpResponse:
    """The certificate of a purge, to read and to print."""
    purge, now = certificates.done(request.user, purge_id), clock.now()
    try:
        certificate = certificates.certify(purge, at=now)
    except Refused as refused:
        return _no_certificate(request, purge, refused)
    dated = certificate["irrecoverable"]["from"]
    context = {
        "purge": purge,
        "certificate": certificate,
        "irrecoverable_from": dated and datetime.fromisoformat(dated),
        "made_at": now,
    }
    return render(request, "retention/certificate.html", context)


@require_GET
def purge_certificate_file(request: StaffRequest, purge_id: UUID) -> HttpResponse:
    """The same certificate as the file that `manage.py verify_purge` checks."""
    purge = certificates.done(request.user, purge_id)
    try:
        file = verifying.written(certificates.certify(purge, at=clock.now()))
    except Refused as refused:
        return _no_certificate(request, purge, refused)
    name = f'attachment; filename="purge-{purge.id}.json"'
    return HttpResponse(file, content_type="application/json", headers={"Content-Disposition": name})


def _no_certificate(request: StaffRequest, purge: Purge, refused: Refused) -> HttpResponse:
    context = {"purge": purge, "refusal": refused.message}
    return render(request, "retention/certificate.html", context, status=422)
