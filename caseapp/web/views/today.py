"""The landing page: what is owed, by whom, by when."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from caseapp import clock
from caseapp.deadlines import forgotten, notices, review
from caseapp.deadlines import queries as deadlines
from caseapp.documents import queries as documents
from caseapp.matters import queries as matters
from caseapp.matters import services as matters_services
from caseapp.people import papers
from caseapp.reminders import queries as reminders
from caseapp.web import owing
from caseapp.web.http import StaffRequest
from caseapp.web.views.expiring import LOOKED_AT, for_today

QUIET_SHOWN = 10
QUIET_AT_MOST = 200


@require_GET
def today(request: StaffRequest) -> HttpResponse:
    """Show what is owed. The queries are few and do not grow with what is shown: a test counts them."""
    user = request.user
    day = clock.today(user.clinic.time_zone)
    quiet = QUIET_AT_MOST if request.GET.get("quiet") == "all" else QUIET_SHOWN
    looked = owing.look(
        request,
        ids={
            "quiet": matters.without_next_step(user)[:quiet],
            "count_again": review.counted_in_passing(user),
            "to_answer": reminders.to_answer(user),
            "notices": notices.matters_with_any(user)[:QUIET_AT_MOST],
            "papers": papers.on_open_matters(user)[:LOOKED_AT],
            "documents": documents.on_open_matters(user)[:LOOKED_AT],
        },
    )
    again = review.not_counted_yet(looked["count_again"])
    owed = deadlines.today_for(user, today=day, also=[*again, *looked["to_answer"]])
    hearings = forgotten.hearings_unprepared(user, today=day)
    theirs, of_matters = papers.brought(looked["papers"]), documents.brought(looked["documents"])
    on_page = (
        [d.matter_id for d in owed.found]
        + [d.matter_id for d in of_matters]
        + looked["quiet"]
        + looked["notices"]
    )
    known = matters.with_people(on_page)
    also = [paper.person_id for paper in theirs]
    matters.open_together(user.clinic_id, known.values(), also=also)
    owed.join(known)
    resting = [known[matter_id] for matter_id in looked["quiet"] if matter_id in known]
    shown = [*owed.late, *owed.due_today, *owed.next_days, *owed.to_confirm, *owed.to_second]
    counts = owing.counts(request)
    context = {
        "today": day,
        "owed": owed,
        "to_answer": [d for d in owed.found if d.id in set(looked["to_answer"])],
        "to_review": review.count_to_decide(owed.found, owed.waiting),
        "check_again": review.rules_to_check_again(shown, today=day),
        "hearings": hearings,
        "with_notices": [known[matter_id] for matter_id in looked["notices"] if matter_id in known],
        "ending": for_today(theirs, of_matters, known, today=day),
        "ending_of_more": LOOKED_AT in (len(theirs), len(of_matters)),
        "resting": resting,
        "resting_count": max(len(resting), counts.get("quiet", 0)),
        "now": clock.now(),
    }
    matters_services.record_list_view(by=user)
    return render(request, "today/today.html", context)
