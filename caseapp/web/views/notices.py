"""Notices not yet turned into dates: recorded as arrived, and settled."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from caseapp import clock
from caseapp.access.rules import Act, check_may_work_on
from caseapp.deadlines import notices
from caseapp.deadlines.models import Notice
from caseapp.deadlines.services import NotSoDecided
from caseapp.matters import queries as matters
from caseapp.matters.models import Matter
from caseapp.web.acts import attempt, sent
from caseapp.web.forms.notices import NoDateFollows, NoticeArrived
from caseapp.web.http import StaffRequest

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@get_or_post
def notice_new(request: StaffRequest, matter_id: UUID) -> HttpResponse:
    """Record that a notice came, before anyone has read what follows from it."""
    matter = matters.matter_for(request.user, matter_id)
    check_may_work_on(request.user, matter, Act.RECORD_EVENT)
    today = clock.today(request.user.clinic.time_zone)
    form = NoticeArrived(sent(request), initial={"arrived_on": today})

    def record(_typed: dict[str, Any]) -> None:
        notices.record(matter, form.said(), by=request.user, at=clock.now())

    if attempt(form, record, at={NotSoDecided: "dated"}):
        messages.success(request, _("Recorded. It stays on Today until its dates are entered."))
        return redirect(reverse("matter", args=[matter.id]) + "#notices")
    context = {"matter": matter, "form": form}
    return render(request, "deadlines/notice_new.html", context, status=422 if form.errors else 200)


@get_or_post
def notice_no_date(request: StaffRequest, notice_id: UUID) -> HttpResponse:
    """Say that no date follows from a notice, and why."""
    notice = notices.notice_for(request.user, notice_id)
    check_may_work_on(request.user, notice.matter, Act.RECORD_EVENT)
    form = NoDateFollows(sent(request))

    def settle(typed: dict[str, Any]) -> None:
        notices.no_date_follows(notice, reason=typed["reason"], by=request.user, at=clock.now())

    if attempt(form, settle):
        messages.success(request, _("Noted: no date follows from it."))
        return redirect("matter", matter_id=notice.matter_id)
    context = {"matter": notice.matter, "notice": notice, "form": form}
    return render(request, "deadlines/notice_no_date.html", context, status=422 if form.errors else 200)


def asked_for(request: StaffRequest, matter: Matter) -> Notice | None:
    """Return the waiting notice of this matter that the address names; none if it names none, or 404."""
    named = request.GET.get("notice")
    if not named:
        return None
    try:
        notice_id = UUID(named)
    except ValueError:
        raise Http404 from None
    return notices.notice_for(request.user, notice_id, matter=matter)
