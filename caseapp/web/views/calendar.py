"""The calendar: a month, a week, the month as a list, and the list for paper."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from caseapp import clock
from caseapp.access import queries as access
from caseapp.access.models import User
from caseapp.access.rules import DOES_CASEWORK, Act, may
from caseapp.deadlines import calendar, review
from caseapp.deadlines.calendar import Dated, Slot
from caseapp.deadlines.months import Period, Span, is_shown, period
from caseapp.matters import services as matters_services
from caseapp.web.forms.calendar import Show
from caseapp.web.http import StaffRequest

A_CELL = 4
A_WEEKS_CELL = 40
A_PAGE = 60
ON_PAPER = 1000


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of a month or week: what is shown of it, and how many more there are."""

    day: date
    inside: bool
    items: list[Dated]
    more: int


@require_safe
def month(request: StaffRequest) -> HttpResponse:
    return _grid(request, "month", a_cell=A_CELL)


@require_safe
def week(request: StaffRequest) -> HttpResponse:
    return _grid(request, "week", a_cell=A_WEEKS_CELL)


@require_safe
def agenda(request: StaffRequest) -> HttpResponse:
    """The month as a list, day by day; it begins at the page on which the day asked for stands."""
    asked = _asked(request, "month")
    found, shown = asked["found"], asked["period"]
    page = Paginator(found, A_PAGE).get_page(request.GET.get("page") or _page_of(found, asked["jump_to"]))
    opened = calendar.opened(request.user, list(page.object_list))
    days = _by_day(opened)
    context = asked | {"view": "calendar-agenda", "page_obj": page, "days": days}
    context["query"] = "&" + urlencode({"on": shown.first.isoformat()} | asked["chosen"])
    return _answer(request, "calendar/agenda.html", context, opened)


@require_safe
def printed(request: StaffRequest) -> HttpResponse:
    """The month as a list for paper, whole, or as much of it as anyone would print."""
    asked = _asked(request, "month")
    found: list[Slot] = asked["found"]
    opened = calendar.opened(request.user, found[:ON_PAPER])
    context = asked | {"view": "calendar-print", "days": _by_day(opened), "printed_at": clock.now()}
    return _answer(request, "calendar/print.html", context | {"left_out": len(found[ON_PAPER:])}, opened)


def _grid(request: StaffRequest, span: Span, *, a_cell: int) -> HttpResponse:
    asked = _asked(request, span)
    shown: Period = asked["period"]
    by_day = {day: list(these) for day, these in groupby(asked["found"], key=lambda slot: slot.on)}
    chosen = [slot for these in by_day.values() for slot in these[:a_cell]]
    opened = calendar.opened(request.user, chosen)
    items = dict(_by_day(opened))
    weeks = [
        [
            Cell(
                day=day,
                inside=shown.first <= day <= shown.last and is_shown(day),
                items=items.get(day, []),
                more=max(len(by_day.get(day, [])) - a_cell, 0),
            )
            for day in days
        ]
        for days in shown.weeks
    ]
    view = "calendar" if span == "month" else "calendar-week"
    return _answer(request, f"calendar/{span}.html", asked | {"view": view, "weeks": weeks}, opened)


def _asked(request: StaffRequest, span: Span) -> dict[str, Any]:
    """Read what the address asks for; what cannot be is said beside its field, and today shown."""
    user = request.user
    today = clock.today(user.clinic.time_zone)
    form = Show(request.GET, user=user, colleagues=_colleagues(user))
    understood = form.is_valid()
    day = form.day or today
    shown = period(day, span)
    found = calendar.slots(user, shown.first, shown.last, form.wanted) if understood else []
    return {
        "form": form,
        "understood": understood,
        "here": "calendar",
        "today": today,
        "day": day,
        "jump_to": form.day,
        "period": shown,
        "found": found,
        "count": len(found),
        "chosen": form.query,
        "filters": urlencode(form.query),
    }


def _answer(
    request: StaffRequest, template: str, context: dict[str, Any], shown: Iterable[Dated]
) -> HttpResponse:
    dates = [item.deadline for item in shown if item.deadline is not None]
    context["check_again"] = review.rules_to_check_again(dates, today=context["today"])
    matters_services.record_list_view(by=request.user)
    return render(request, template, context, status=200 if context["understood"] else 422)


def _colleagues(user: User) -> list[User]:
    """Return whose matters may be asked for: those who do casework, to someone who may know of them."""
    if not may(user, Act.SEE_STAFF):
        return []
    return [each for each in access.staff_seen_by(user) if each.is_active and each.role in DOES_CASEWORK]


def _by_day(items: Sequence[Dated]) -> list[tuple[date, list[Dated]]]:
    return [(day, list(these)) for day, these in groupby(items, key=lambda item: item.on)]


def _page_of(found: Sequence[Slot], day: date | None) -> int:
    """Return the page on which the first slot of the day or after it stands."""
    if day is None:
        return 1
    before = sum(1 for slot in found if slot.on < day)
    return min(before, max(len(found) - 1, 0)) // A_PAGE + 1
