"""Enter what happened, look at the dates it makes, and decide about them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from caseapp import clock
from caseapp.access.rules import Act, check_may_work_on, may
from caseapp.deadlines import corrections, explain, notices, queries, review, services
from caseapp.deadlines.models import Change, Deadline
from caseapp.deadlines.rules import events
from caseapp.deadlines.rules.errors import RuleError
from caseapp.documents import queries as documents
from caseapp.errors import Refused
from caseapp.filings import queries as filings
from caseapp.matters import queries as matters
from caseapp.reminders import queries as reminders
from caseapp.retention import queries as retention
from caseapp.web.acts import attempt, attempt_or_say, sent
from caseapp.web.forms.deadlines import (
    Drop,
    MarkMet,
    Move,
    RecordEvent,
    RecordPrintedDate,
    Reopen,
    kinds_of_event,
)
from caseapp.web.http import StaffRequest, wants_fragment
from caseapp.web.views.notices import asked_for


@require_http_methods(["GET", "POST"])
def event_new(request: StaffRequest, matter_id: UUID) -> HttpResponse:
    """Choose what happened, then say when and how; afterwards look at what it proposes.

    What happened may be chosen by sending it: an address stays in the browser's history.
    """
    matter = matters.matter_for(request.user, matter_id)
    check_may_work_on(request.user, matter, Act.RECORD_EVENT)
    notice = asked_for(request, matter)
    try:
        chosen = request.POST.get("choose")
        kind = events.event(chosen or request.POST.get("kind") or request.GET.get("kind", ""))
    except RuleError:
        context = {"matter": matter, "groups": kinds_of_event(), "any_rule": events.ANY_RULE}
        context["notice"] = notice
        return render(request, "deadlines/event_kind.html", context)
    initial: dict[str, Any] = {"on": (notice and notice.dated) or clock.today(request.user.clinic.time_zone)}
    if notice and notice.service in kind.services:
        initial["service"] = notice.service
    form = RecordEvent(None if chosen else sent(request), kind=kind, initial=initial)
    made: list[UUID] = []

    def record(_typed: dict[str, Any]) -> None:
        said: dict[str, Any] = {"kind": kind.key, "by": request.user, "at": clock.now()} | form.said()
        event = notices.enter_event(notice, **said) if notice else services.record_event(matter, **said)[0]
        made.append(event.id)

    if request.method == "POST" and attempt(form, record):
        return redirect("event", event_id=made[0])
    context = {"matter": matter, "kind": kind, "form": form, "notice": notice}
    return render(request, "deadlines/event_new.html", context, status=422 if form.errors else 200)


@require_GET
def event(request: StaffRequest, event_id: UUID) -> HttpResponse:
    """Show the dates that an event proposes, each with its reasons and its Confirm."""
    happened = queries.event_for(request.user, event_id)
    today = clock.today(request.user.clinic.time_zone)
    dates = corrections.dates_of(happened)
    acts = (Act.RECORD_EVENT, Act.DECIDE_DEADLINE)
    may_correct = all(may(request.user, act) for act in acts) and happened.matter.closed_on is None
    services.record_event_view(happened, by=request.user)
    context = {
        "event": happened,
        "matter": happened.matter,
        "words": explain.happened(happened),
        "dates": [(date, explain.explain(date, today=today)) for date in dates],
        "waiting": queries.waiting_of(happened.matter),
        "may_correct": may_correct and corrections.may_be_corrected(happened),
        "corrected_by": corrections.corrected_by(happened),
        "check_again": review.rules_to_check_again(dates, today=today),
        "today": today,
    }
    return render(request, "deadlines/event.html", context)


@require_http_methods(["GET", "POST"])
def printed_date_new(request: StaffRequest, matter_id: UUID) -> HttpResponse:
    matter = matters.matter_for(request.user, matter_id)
    check_may_work_on(request.user, matter, Act.RECORD_EVENT)
    notice = asked_for(request, matter)
    initial: dict[str, Any] = {
        "notice_on": (notice and notice.dated) or clock.today(request.user.clinic.time_zone)
    }
    if notice:
        initial |= {"notice": notice.kind, "service": notice.service}
    form = RecordPrintedDate(sent(request), initial=initial)
    made: list[UUID] = []

    def record(typed: dict[str, Any]) -> None:
        said: dict[str, Any] = {"by": request.user, "at": clock.now()} | typed
        if notice:
            deadline = notices.enter_printed_date(notice, **said)
        else:
            deadline = services.record_printed_date(matter, **said)
        made.append(deadline.event_id)

    doubt: dict[type[Refused], str] = {services.DoubtfulDate: "as_printed"}
    if request.method == "POST" and attempt(form, record, at=doubt):
        return redirect("event", event_id=made[0])
    context = {"matter": matter, "form": form, "notice": notice}
    return render(request, "deadlines/printed_date_new.html", context, status=422 if form.errors else 200)


@require_GET
def deadline(request: StaffRequest, deadline_id: UUID) -> HttpResponse:
    found = queries.deadline_for(request.user, deadline_id)
    services.record_view(found, by=request.user)
    return render(request, "deadlines/deadline.html", _page(request, found))


@require_GET
def deadline_print(request: StaffRequest, deadline_id: UUID) -> HttpResponse:
    """Show the date and each step of its count on one sheet, to be put in the paper file."""
    found = queries.deadline_for(request.user, deadline_id)
    services.record_view(found, by=request.user)
    context = _page(request, found) | {"client": matters.principal_of(found.matter), "now": clock.now()}
    if request.GET.get("lang") == "es":
        context["es"] = explain.in_spanish(found)
        return render(request, "review/print_es.html", context)
    return render(request, "deadlines/print.html", context)


def _page(request: StaffRequest, found: Deadline) -> dict[str, Any]:
    today = clock.today(request.user.clinic.time_zone)
    history = queries.history_of(found)
    pending = next((change for change in history if change.state == Change.State.WAITING), None)
    return {
        "d": found,
        "matter": found.matter,
        "keeping": retention.keeping_of(found.matter),
        "event": found.event,
        "words": explain.happened(found.event),
        "why": explain.explain(found, today=today),
        "differs": bool(review.differences_of([found])),
        "history": history,
        "pending": pending,
        "may_agree": pending is not None and services.may_second(pending, by=request.user, at=clock.now()),
        "alone_from": services.alone_may_second_from(pending, by=request.user) if pending else None,
        "met": next(
            (c for c in history if c.kind == Change.Kind.MEET and c.state == Change.State.DONE), None
        ),
        "ladder": reminders.ladder_of(found, today=today),
        "told": reminders.told_of(found),
        "to_answer": reminders.waits_for(found, request.user),
        "team": matters.team_of(found.matter),
        "today": today,
        "move_form": Move(prefix="move", initial={"legal": found.legal}),
        "drop_form": Drop(prefix="drop"),
        "reopen_form": Reopen(prefix="reopen"),
    }


@require_POST
def deadline_confirm(request: StaffRequest, deadline_id: UUID) -> HttpResponse:
    """Confirm one proposed date, and go back to the page on which it was confirmed."""
    found = queries.deadline_for(request.user, deadline_id)
    done = _asks_two(found) if found.wants_two else _("The date is confirmed.")
    attempt_or_say(request, lambda: services.confirm(found, by=request.user, at=clock.now()), done=done)
    if request.POST.get("from") == "event":
        return redirect("event", event_id=found.event_id)
    return redirect("deadline", deadline_id=found.id)


def _asks_two(found: Deadline) -> str:
    return _("You have asked. A fatal date takes a second person to agree; reminders go out meanwhile.")


@require_POST
def change_second(request: StaffRequest, change_id: UUID) -> HttpResponse:
    change = queries.change_for(request.user, change_id)
    attempt_or_say(
        request, lambda: services.second(change, by=request.user, at=clock.now()), done=_("Agreed, and done.")
    )
    return redirect("deadline", deadline_id=change.deadline_id)


@require_POST
def change_refuse(request: StaffRequest, change_id: UUID) -> HttpResponse:
    change = queries.change_for(request.user, change_id)
    attempt_or_say(
        request,
        lambda: services.refuse(change, by=request.user, at=clock.now()),
        done=_("Refused. The date stays as it was."),
    )
    return redirect("deadline", deadline_id=change.deadline_id)


@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def deadline_met(request: StaffRequest, deadline_id: UUID) -> HttpResponse:
    """Mark a date as met with its proof; answer with its row (HTMX) or its page."""
    found = queries.deadline_for(request.user, deadline_id)
    check_may_work_on(request.user, found.matter, Act.DECIDE_DEADLINE)
    today = clock.today(request.user.clinic.time_zone)
    form = MarkMet(
        sent(request),
        filings=filings.filings_of(found.matter),
        documents=documents.documents_of(found.matter),
        initial={"on": today},
    )

    def mark(typed: dict[str, Any]) -> None:
        filing = form.filings.get(typed.get("filing") or "")
        document = form.documents.get(typed.get("document") or "")
        services.mark_met(
            found,
            by=request.user,
            at=clock.now(),
            on=typed["on"],
            today=today,
            proof=typed["proof"],
            filing_id=filing.id if filing else None,
            document_id=document.id if document else None,
        )

    if request.method == "POST" and attempt(form, mark):
        if wants_fragment(request):
            return _row(request, found)
        messages.success(request, _asks_two(found) if found.wants_two else _("Marked as met."))
        return redirect("deadline", deadline_id=found.id)
    if wants_fragment(request):
        return _row(request, found, form=form)
    context = {"d": found, "matter": found.matter, "form": form, "today": today}
    return render(request, "deadlines/met.html", context, status=422 if form.errors else 200)


def _row(request: StaffRequest, found: Deadline, *, form: MarkMet | None = None) -> HttpResponse:
    context = {
        "d": found,
        "today": clock.today(request.user.clinic.time_zone),
        "waiting": queries.waiting_of(found.matter),
        "show_matter": request.POST.get("show_matter") == "1",
        "form": form,
    }
    return render(request, "deadlines/_row.html", context, status=422 if form and form.errors else 200)


@require_http_methods(["GET", "POST"])
def deadline_move(request: StaffRequest, deadline_id: UUID) -> HttpResponse:
    found = queries.deadline_for(request.user, deadline_id)
    check_may_work_on(request.user, found.matter, Act.DECIDE_DEADLINE)
    form = Move(sent(request), prefix="move", initial={"legal": found.legal})

    def move(typed: dict[str, Any]) -> None:
        services.move(found, by=request.user, at=clock.now(), **typed)

    if request.method == "POST" and attempt(form, move):
        messages.success(request, _asks_two(found) if found.wants_two else _("The date is changed."))
        return redirect("deadline", deadline_id=found.id)
    return _ask_why(request, found, form, _("Change this date"), _("Ask for the change"))


@require_http_methods(["GET", "POST"])
def deadline_drop(request: StaffRequest, deadline_id: UUID) -> HttpResponse:
    found = queries.deadline_for(request.user, deadline_id)
    check_may_work_on(request.user, found.matter, Act.DECIDE_DEADLINE)
    form = Drop(sent(request), prefix="drop")

    def drop(typed: dict[str, Any]) -> None:
        services.drop(found, by=request.user, at=clock.now(), **typed)

    if request.method == "POST" and attempt(form, drop):
        messages.success(request, _asks_two(found) if found.wants_two else _("It no longer applies."))
        return redirect("deadline", deadline_id=found.id)
    return _ask_why(request, found, form, _("This date no longer applies"), _("It no longer applies"))


@require_POST
def deadline_reopen(request: StaffRequest, deadline_id: UUID) -> HttpResponse:
    found = queries.deadline_for(request.user, deadline_id)
    check_may_work_on(request.user, found.matter, Act.DECIDE_DEADLINE)
    form = Reopen(request.POST, prefix="reopen")

    def reopen(typed: dict[str, Any]) -> None:
        services.reopen(found, by=request.user, at=clock.now(), **typed)

    if attempt(form, reopen):
        messages.success(request, _("The date is open again, and its reminders go on."))
        return redirect("deadline", deadline_id=found.id)
    return _ask_why(request, found, form, _("Open this date again"), _("Open again"))


def _ask_why(request: StaffRequest, found: Deadline, form: Any, title: str, submit: str) -> HttpResponse:
    context = {"d": found, "matter": found.matter, "form": form, "title": title, "submit": submit}
    return render(request, "deadlines/change.html", context, status=422 if form.errors else 200)
