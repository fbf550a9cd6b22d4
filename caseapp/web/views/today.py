"""The landing page: what is owed, by whom, by when."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from caseapp import clock
from caseapp.deadlines import forgotten, review
from caseapp.deadlines import queries as deadlines
from caseapp.matters import queries as matters
from caseapp.matters import services as matters_services
from caseapp.web.http import StaffRequest

QUIET_SHOWN = 10
QUIET_AT_MOST = 200


@require_GET
def today(request: StaffRequest) -> HttpResponse:
    day = clock.today(request.user.clinic.time_zone)
    quiet = matters.without_next_step(request.user)
    all_quiet = request.GET.get("quiet") == "all"
    resting = list(quiet[: QUIET_AT_MOST if all_quiet else QUIET_SHOWN])
    matters.open_together(request.user.clinic_id, resting)
    owed = deadlines.today_for(request.user, today=day)
    shown = [*owed.late, *owed.due_today, *owed.next_days, *owed.to_confirm, *owed.to_second]
    context = {
        "today": day,
        "owed": owed,
        "to_review": review.count_to_decide(request.user),
        "check_again": review.rules_to_check_again(shown, today=day),
        "hearings": forgotten.hearings_unprepared(request.user, today=day),
        "resting": resting,
        "resting_count": len(resting) if len(resting) < QUIET_SHOWN else quiet.count(),
        "now": clock.now(),
    }
    matters_services.record_list_view(by=request.user)
    return render(request, "today/today.html", context)
