"""Pages about matters: the list, one matter with everything on it, opening, closing, and who opened it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from caseapp import clock
from caseapp.access import queries as access
from caseapp.access.models import User
from caseapp.access.rules import Act, check_may, check_may_work_on, may
from caseapp.deadlines import custody
from caseapp.deadlines import queries as deadlines
from caseapp.matters import queries, services
from caseapp.matters.kinds import kind as kind_of
from caseapp.matters.models import Matter
from caseapp.people import queries as people
from caseapp.retention import queries as retention
from caseapp.retention import services as retention_services
from caseapp.web.acts import attempt, attempt_or_say, sent
from caseapp.web.forms.documents import AddDocument
from caseapp.web.forms.matters import (
    Assign,
    CloseMatter,
    Include,
    MoveToStage,
    OpenMatter,
    ScreenOff,
    WriteNote,
)
from caseapp.web.http import StaffRequest, wants_fragment
from caseapp.web.views import file_of

PAGE = 50

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
def matters(request: StaffRequest) -> HttpResponse:
    """The matters this person may see: open ones, closed ones, or those with no next step."""
    which = request.GET.get("which", "open")
    if which == "quiet":
        wanted = queries.without_next_step(request.user)
    elif which == "closed":
        wanted = queries.matters_of(request.user).closed()
    else:
        which, wanted = "open", queries.matters_of(request.user).open()
    page = Paginator(wanted, PAGE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    queries.open_together(request.user.clinic_id, shown)
    following = deadlines.next_dates(shown)
    services.record_list_view(by=request.user)
    context = {
        "which": which,
        "page_obj": page,
        "query": f"&which={which}",
        "rows": [(m, kind_of(m.kind), queries.principal_of(m), following.get(m.id)) for m in shown],
        "today": clock.today(request.user.clinic.time_zone),
    }
    return render(request, "matters/matters.html", context)


@get_or_post
def matter_new(request: StaffRequest, person_id: UUID) -> HttpResponse:
    """Open a matter for a client, with those of the family who are included in it."""
    person = people.person_for(request.user, person_id)
    check_may(request.user, Act.OPEN_MATTER)
    family = people.relatives_of(request.user, person)
    people.open_together(person.clinic_id, [person, *family])
    form = OpenMatter(sent(request), family=family)
    opened: list[Matter] = []

    def open_it(typed: dict[str, Any]) -> None:
        included = set(typed.get("derivatives") or [])
        opened.append(
            services.open_matter(
                person,
                kind=typed["kind"],
                by=request.user,
                on=clock.today(request.user.clinic.time_zone),
                at=clock.now(),
                derivatives=[member for member in family if member.id in included],
                detained=typed["detained"],
            )
        )

    if attempt(form, open_it):
        return redirect("matter", matter_id=opened[0].id)
    context = {"form": form, "person": person, "family": family}
    return render(request, "matters/matter_new.html", context, status=422 if form.errors else 200)


@require_safe
def matter(request: StaffRequest, matter_id: UUID) -> HttpResponse:
    """Everything about one matter, what is owed first."""
    found = queries.matter_for(request.user, matter_id)
    services.record_view(found, by=request.user)
    return matter_page(request, found)


def matter_page(
    request: StaffRequest, matter: Matter, *, status: int = 200, **sent: forms.Form
) -> HttpResponse:
    """Show the matter. A form that was sent and not accepted stands in the place of an empty one."""
    user = request.user
    context = file_of.the_matter(user, matter, today=clock.today(user.clinic.time_zone))
    principal, parties, team = context["client"], context["parties"], context["team"]
    if matter.closed_on is None:
        context["note_form"] = WriteNote()
        context["document_form"] = AddDocument() if may(user, Act.ADD_DOCUMENT) else None
        if may(user, Act.OPEN_MATTER):
            on_it = {party.person_id for party in parties}
            family = [p for p in people.relatives_of(user, principal) if p.id not in on_it]
            people.open_together(user.clinic_id, family)
            now = {"stage": matter.stage, "detained": matter.detained}
            context["stage_form"] = MoveToStage(stages=context["kind"].stages, initial=now)
            context["include_form"] = Include(family=family) if family else None
        if may(user, Act.ASSIGN):
            colleagues = queries.colleagues_for(user, matter)
            on_team = {assignment.user_id for assignment in team}
            free = [colleague for colleague in colleagues if colleague.id not in on_team]
            context["assign_form"] = Assign(colleagues=free) if free else None
            others = [colleague for colleague in colleagues if colleague != user]
            if may(user, Act.APPROVE_PURGE) and others:
                context["screen_form"] = ScreenOff(colleagues=others)
    if may(user, Act.MANAGE_STAFF):
        context["screened"] = queries.screened_off(matter)
    return render(request, "matters/matter.html", context | sent, status=status)


@require_POST
def matter_stage(request: StaffRequest, matter_id: UUID) -> HttpResponse:
    """Say how far the case has come, and whether the client is detained."""
    found = queries.matter_for(request.user, matter_id)
    check_may_work_on(request.user, found, Act.OPEN_MATTER)
    form = MoveToStage(request.POST, stages=kind_of(found.kind).stages)
    if attempt(form, lambda typed: custody.move_to_stage(found, **typed, by=request.user, at=clock.now())):
        return redirect("matter", matter_id=found.id)
    return matter_page(request, found, status=422, stage_form=form)


@require_POST
def matter_include(request: StaffRequest, matter_id: UUID) -> HttpResponse:
    """Include a member of the family in the matter."""
    found = queries.matter_for(request.user, matter_id)
    check_may_work_on(request.user, found, Act.OPEN_MATTER)
    family = people.relatives_of(request.user, queries.principal_of(found))
    form = Include(request.POST, family=family)
    by_id = {member.id: member for member in family}

    def include(typed: dict[str, Any]) -> None:
        services.include(found, by_id[typed["person"]], by=request.user, at=clock.now())

    if attempt(form, include):
        return redirect("matter", matter_id=found.id)
    return matter_page(request, found, status=422, include_form=form)


@require_POST
def matter_assign(request: StaffRequest, matter_id: UUID) -> HttpResponse:
    """Put a colleague on the matter."""
    found = queries.matter_for(request.user, matter_id)
    check_may_work_on(request.user, found, Act.ASSIGN)
    colleagues = {colleague.id: colleague for colleague in queries.colleagues_for(request.user, found)}
    form = Assign(request.POST, colleagues=colleagues.values())
    today = clock.today(request.user.clinic.time_zone)

    def assign(typed: dict[str, Any]) -> None:
        colleague = colleagues[typed["colleague"]]
        services.assign(
            found, colleague, role=typed["role"], until=typed["until"], by=request.user, today=today
        )

    if attempt(form, assign):
        return redirect("matter", matter_id=found.id)
    return matter_page(request, found, status=422, assign_form=form)


@require_POST
def matter_take_off(request: StaffRequest, matter_id: UUID, user_id: UUID) -> HttpResponse:
    """Take a colleague off the matter. Whoever takes themselves off may not see it any more."""
    found = queries.matter_for(request.user, matter_id)
    check_may_work_on(request.user, found, Act.ASSIGN)
    colleague = access.colleague_for(request.user, user_id)
    taken_off = attempt_or_say(
        request,
        lambda: services.take_off(found, colleague, by=request.user, at=clock.now()),
        done=_("Taken off the matter. They can no longer see it."),
    )
    if taken_off and colleague == request.user and request.user.role != User.Role.DIRECTOR:
        return redirect("matters")
    return redirect("matter", matter_id=found.id)


@require_POST
def matter_screen_lift(request: StaffRequest, matter_id: UUID, user_id: UUID) -> HttpResponse:
    """Let a colleague know of the matter again."""
    found = queries.matter_for(request.user, matter_id)
    colleague = access.colleague_for(request.user, user_id)
    attempt_or_say(
        request,
        lambda: services.lift_screen(found, colleague, by=request.user),
        done=_("The screen is lifted. They see the matter again once they are put on it."),
    )
    return redirect("matter", matter_id=found.id)


@require_POST
def matter_screen(request: StaffRequest, matter_id: UUID) -> HttpResponse:
    """Hide the matter from a colleague altogether."""
    found = queries.matter_for(request.user, matter_id)
    check_may(request.user, Act.APPROVE_PURGE)
    colleagues = {colleague.id: colleague for colleague in queries.colleagues_for(request.user, found)}
    form = ScreenOff(request.POST, colleagues=colleagues.values())

    def screen(typed: dict[str, Any]) -> None:
        services.screen_off(found, colleagues[typed["colleague"]], by=request.user, at=clock.now())

    if attempt(form, screen):
        messages.success(request, _("Screened off. To that colleague, this matter does not exist."))
        return redirect("matter", matter_id=found.id)
    return matter_page(request, found, status=422, screen_form=form)


@require_POST
def note_new(request: StaffRequest, matter_id: UUID) -> HttpResponse:
    """Write a note, and answer with the notes (HTMX) or the matter."""
    found = queries.matter_for(request.user, matter_id)
    check_may_work_on(request.user, found, Act.WRITE_NOTE)
    form = WriteNote(request.POST)

    def write(typed: dict[str, Any]) -> None:
        services.write_note(found, **typed, by=request.user, at=clock.now())

    written = attempt(form, write)
    if not wants_fragment(request):
        if written:
            return redirect("matter", matter_id=found.id)
        return matter_page(request, found, status=422, note_form=form)
    context = {
        "matter": found,
        "notes": queries.notes_of(found),
        "note_form": WriteNote() if written else form,
        "announce": _("The note is saved.") if written else "",
    }
    return render(request, "matters/_notes.html", context, status=200 if written else 422)


@get_or_post
def matter_close(request: StaffRequest, matter_id: UUID) -> HttpResponse:
    """Close the matter, in two steps: the second shows until when it will be kept.

    The second step repeats that date, so that nobody agrees to one and gets another.
    """
    found = queries.matter_for(request.user, matter_id)
    check_may_work_on(request.user, found, Act.CLOSE_MATTER)
    form = CloseMatter(sent(request), today=clock.today(request.user.clinic.time_zone))
    keeping = None
    if form.is_valid():
        said = form.cleaned_data
        keeping = retention.keeping_if_closed(found, kept_as=said["kept_as"], on=said["closed_on"])
    agreed = keeping is not None and request.POST.get("agreed") == str(keeping.until)
    if agreed and attempt(form, lambda typed: _close(request, found, typed)):
        messages.success(request, _("The matter is closed."))
        return redirect("matter", matter_id=found.id)
    context = {
        "matter": found,
        "client": queries.principal_of(found),
        "form": form,
        "keeping": keeping,
        "still_open": list(deadlines.open_deadlines_of(found).order_by("safe", "pk")),
    }
    return render(request, "matters/matter_close.html", context, status=422 if form.errors else 200)


def _close(request: StaffRequest, matter: Matter, typed: dict[str, Any]) -> None:
    retention_services.close_matter(
        matter,
        by=request.user,
        on=typed["closed_on"],
        at=clock.now(),
        outcome=typed["outcome"],
        kept_as=typed["kept_as"],
    )


@require_POST
def matter_reopen(request: StaffRequest, matter_id: UUID) -> HttpResponse:
    """Open a closed matter again. Its purge date goes."""
    found = queries.matter_for(request.user, matter_id)
    attempt_or_say(
        request,
        lambda: services.reopen_matter(found, by=request.user, at=clock.now()),
        done=_("The matter is open again, and kept as long as it is."),
    )
    return redirect("matter", matter_id=found.id)


@require_safe
def matter_trail(request: StaffRequest, matter_id: UUID) -> HttpResponse:
    """Who opened this matter, and what was done to it."""
    found = queries.matter_for(request.user, matter_id)
    page = Paginator(queries.trail_of(request.user, found), PAGE).get_page(request.GET.get("page"))
    services.record_trail_view(by=request.user, matter=found)
    context = {
        "matter": found,
        "page_obj": page,
        "rows": file_of.trail_rows(page.object_list, access.staff_seen_by(request.user)),
    }
    return render(request, "matters/matter_trail.html", context)


@require_safe
def matter_print(request: StaffRequest, matter_id: UUID) -> HttpResponse:
    """The matter on paper: who, what is owed, what was filed. No number or address is in it."""
    found = queries.matter_for(request.user, matter_id)
    services.record_view(found, by=request.user)
    today = clock.today(request.user.clinic.time_zone)
    context = file_of.the_matter(request.user, found, today=today) | {"printed_at": clock.now()}
    return render(request, "matters/matter_print.html", context)
