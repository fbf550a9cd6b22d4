"""A person's own reminders: when they come, and the answer that they were seen."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from caseapp import clock
from caseapp.access.rules import Act, may
from caseapp.deadlines.queries import deadline_for
from caseapp.reminders import queries, services
from caseapp.reminders.steps import NEAR_DAYS
from caseapp.web.acts import attempt, attempt_or_say, sent
from caseapp.web.forms.reminders import MyHours
from caseapp.web.http import StaffRequest


@require_http_methods(["GET", "POST"])
def my_reminders(request: StaffRequest) -> HttpResponse:
    """Say when one wants to be reminded; beside it stands who is told what and when."""
    face, zone = queries.hours_of(request.user)
    now = {
        "time_zone": zone,
        "morning": face.morning,
        "quiet_from": face.quiet_from,
        "quiet_until": face.quiet_until,
    }
    form = MyHours(sent(request), initial=now)
    if request.method == "POST" and attempt(
        form, lambda typed: services.set_hours(request.user, **typed), at={services.HoursRefused: "morning"}
    ):
        messages.success(request, _("Saved. Your next message comes at these hours."))
        return redirect("my-reminders")
    context = {"form": form, "waits": queries.waits(), "near_days": NEAR_DAYS}
    return render(request, "reminders/mine.html", context, status=422 if form.errors else 200)


@require_POST
def deadline_seen(request: StaffRequest, deadline_id: UUID) -> HttpResponse:
    """Say that one has seen what one was reminded of, on Today or on the date's own page."""
    found = deadline_for(request.user, deadline_id)
    done = _("Noted that you have seen it.")
    if not may(request.user, Act.DECIDE_DEADLINE):
        done = _("Noted that you have seen it. Someone who may decide about it is still asked.")
    attempt_or_say(request, lambda: services.acknowledge(found, by=request.user, at=clock.now()), done=done)
    if request.POST.get("from") == "today":
        return redirect("today")
    return redirect("deadline", deadline_id=found.id)
