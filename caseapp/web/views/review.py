"""Dates that come out otherwise today, and entries that were wrong: compare, then decide."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from caseapp import clock
from caseapp.access.rules import Act, check_may_work_on
from caseapp.deadlines import corrections, explain, queries, review
from caseapp.deadlines.corrections import Said
from caseapp.deadlines.models import Deadline
from caseapp.deadlines.review import Difference
from caseapp.deadlines.rules import events
from caseapp.errors import Refused
from caseapp.matters import services as matters
from caseapp.web.acts import attempt, attempt_or_say, sent
from caseapp.web.forms.deadlines import RecordEvent
from caseapp.web.forms.review import Keep
from caseapp.web.http import StaffRequest

PAGE = 20


@require_safe
def dates_review(request: StaffRequest) -> HttpResponse:
    """The open dates that come out otherwise with today's rules and holidays, old beside new."""
    return _queue(request)


def _queue(request: StaffRequest, *, refused: Keep | None = None, of: Deadline | None = None) -> HttpResponse:
    """Show the queue; a reason that was sent and not accepted stands where it was typed."""
    queue = review.queue(request.user)
    page = Paginator(queue.differences, PAGE).get_page(request.GET.get("page"))
    matters.record_list_view(by=request.user)
    forms = [refused if refused and each.deadline == of else _keep_form(each) for each in page.object_list]
    today = clock.today(request.user.clinic.time_zone)
    context = {
        "queue": queue,
        "page_obj": page,
        "rows": list(zip(page.object_list, forms, strict=True)),
        "check_again": review.rules_to_check_again((e.deadline for e in page.object_list), today=today),
        "here": "today",
        "today": today,
    }
    return render(request, "review/queue.html", context, status=422 if refused else 200)


def _keep_form(each: Difference) -> Keep:
    return Keep(initial={"seen": each.seen}, auto_id=f"keep-{each.deadline.id}-%s")


@require_POST
def review_accept(request: StaffRequest, deadline_id: UUID) -> HttpResponse:
    """Move the date to where it is counted today; a fatal one asks a second person."""
    found = queries.deadline_for(request.user, deadline_id)
    check_may_work_on(request.user, found.matter, Act.DECIDE_DEADLINE)
    seen = request.POST.get("seen", "")
    attempt_or_say(
        request,
        lambda: review.accept(found, by=request.user, at=clock.now(), seen=seen),
        done=_asks_two() if found.wants_two else _("The date is changed."),
    )
    return redirect("dates-review")


@require_POST
def review_keep(request: StaffRequest, deadline_id: UUID) -> HttpResponse:
    """Let the date stand, with the reason; a fatal one asks a second person."""
    found = queries.deadline_for(request.user, deadline_id)
    check_may_work_on(request.user, found.matter, Act.DECIDE_DEADLINE)
    form = Keep(request.POST, auto_id=f"keep-{found.id}-%s")

    def keep(typed: dict[str, Any]) -> None:
        review.keep(found, by=request.user, at=clock.now(), **typed)

    if attempt(form, keep):
        messages.success(request, _asks_two() if found.wants_two else _("The date stays as it is."))
        return redirect("dates-review")
    if review.difference_of(found) is None:
        messages.error(request, _("This was decided or counted otherwise since you looked. Look again."))
        return redirect("dates-review")
    return _queue(request, refused=form, of=found)


def _asks_two() -> str:
    return _("You have asked. A fatal date takes a second person to agree; until then it stays as it was.")


@require_http_methods(["GET", "POST"])
def event_correct(request: StaffRequest, event_id: UUID) -> HttpResponse:
    """Correct a wrong entry: say what it should be, look at old and new dates, then record it."""
    event = queries.event_for(request.user, event_id)
    for act in (Act.RECORD_EVENT, Act.DECIDE_DEADLINE):
        check_may_work_on(request.user, event.matter, act)
    try:
        corrections.check_may_be_corrected(event)
        kind = events.event(event.kind)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("event", event_id=event.id)
    entered = {"on": event.on, "service": event.service, "outcome": event.outcome, "note": event.note}
    form = RecordEvent(sent(request), kind=kind, initial=entered)
    context = {"event": event, "matter": event.matter, "words": explain.happened(event), "form": form}

    def compare(_typed: dict[str, Any]) -> None:
        context["compared"] = corrections.compare(event, Said(**form.said()))

    if request.method == "POST" and attempt(form, compare) and "agreed" in request.POST:
        made: list[UUID] = []

        def correct(_typed: dict[str, Any]) -> None:
            new = corrections.correct(event, Said(**form.said()), by=request.user, at=clock.now())
            made.append(new.id)

        if attempt(form, correct):
            messages.success(request, _("Corrected. The wrong entry stays in the history, with a note."))
            return redirect("event", event_id=made[0])
    return render(request, "review/correct.html", context, status=422 if form.errors else 200)
