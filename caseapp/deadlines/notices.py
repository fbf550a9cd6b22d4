"""Notices that arrived: each waits until what it says is entered, or someone says that no date follows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Min
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from caseapp.access.models import User
from caseapp.access.rules import Act, check_may_work_on
from caseapp.audit import services as audit
from caseapp.audit.models import Entry
from caseapp.deadlines import services
from caseapp.deadlines.models import CaseEvent, Deadline, Notice, NoticeQuerySet
from caseapp.deadlines.rules import events
from caseapp.matters.models import Matter, MatterQuerySet

MOST_COUNTED = 100


@dataclass(frozen=True, repr=False, kw_only=True)
class Arrived:
    """What can be seen of a notice at first: `kind` is an event of the catalogue, or empty."""

    arrived_on: date
    service: str
    kind: str = ""
    dated: date | None = None
    sender: str = ""


@transaction.atomic
def record(matter: Matter, said: Arrived, *, by: User, at: datetime) -> Notice:
    check_may_work_on(by, matter, Act.RECORD_EVENT)
    if said.dated is not None and said.dated > said.arrived_on:
        raise services.NotSoDecided(_("The notice is dated after it came. Check both dates."))
    notice = Notice(
        clinic_id=matter.clinic_id,
        matter=matter,
        kind=events.event(said.kind).key if said.kind else "",
        dated=said.dated,
        arrived_on=said.arrived_on,
        service=said.service,
        sender=said.sender,
        reason="",
        recorded_by=by,
        recorded_at=at,
    )
    notice.save(force_insert=True)
    _audit(Entry.Event.NOTICE_ARRIVED, notice, by)
    return notice


@transaction.atomic
def enter_event(notice: Notice, *, by: User, at: datetime, **said: Any) -> CaseEvent:
    """Record the event that the notice tells of: as services.record_event, and the notice waits no more."""
    event, _dates = services.record_event(notice.matter, by=by, at=at, **said)
    _settle(notice, Entry.Event.NOTICE_ENTERED, by=by, at=at, event=event)
    return event


@transaction.atomic
def enter_printed_date(notice: Notice, /, *, by: User, at: datetime, **said: Any) -> Deadline:
    """Record the date that the notice prints: as services.record_printed_date, and it waits no more."""
    deadline = services.record_printed_date(notice.matter, by=by, at=at, **said)
    _settle(notice, Entry.Event.NOTICE_ENTERED, by=by, at=at, event=deadline.event)
    return deadline


@transaction.atomic
def no_date_follows(notice: Notice, *, reason: str, by: User, at: datetime) -> None:
    """Say why nothing has to be done by any day because of this notice."""
    check_may_work_on(by, notice.matter, Act.RECORD_EVENT)
    _settle(notice, Entry.Event.NOTICE_NO_DATE, by=by, at=at, reason=reason)


def notice_for(user: User, notice_id: UUID, *, matter: Matter | None = None) -> Notice:
    """Return a notice that waits, or 404; of this matter only, if one is named."""
    waiting = Notice.objects.visible_to(user).waiting()
    if matter is not None:
        waiting = waiting.filter(matter=matter)
    return get_object_or_404(waiting.select_related("matter", "recorded_by"), pk=notice_id)


def waiting_on(matter: Matter) -> list[Notice]:
    """Return the matter's notices not yet turned into dates, what came first first."""
    return list(Notice.objects.waiting().filter(matter=matter).order_by("recorded_at", "pk"))


def waiting(user: User) -> NoticeQuerySet:
    """Return the notices that wait, to be counted; beyond 99 it does not matter how many."""
    return Notice.objects.visible_to(user).waiting().order_by()[:MOST_COUNTED]


def matters_with_any(user: User) -> MatterQuerySet:
    """Return the matters with a notice not yet turned into dates, what has waited longest first."""
    matters = Matter.objects.filter(pk__in=Notice.objects.visible_to(user).waiting().values("matter"))
    unsettled = Notice.objects.waiting().values("pk")
    longest = matters.filter(notices__in=unsettled).annotate(since=Min("notices__recorded_at"))
    return longest.order_by("since", "pk")


def _settle(notice: Notice, what: Entry.Event, *, by: User, at: datetime, **how: Any) -> None:
    found = Notice.objects.select_for_update().get(pk=notice.pk)
    if found.settled_at is not None:
        raise services.AlreadyDecided(_("A colleague dealt with this notice a moment ago. Reload the page."))
    found.settled_by, found.settled_at = by, at
    for name, value in how.items():
        setattr(found, name, value)
    found.save()
    _audit(what, found, by)


def _audit(event: Entry.Event, notice: Notice, by: User) -> None:
    audit.record(
        event, clinic_id=by.clinic_id, actor_id=by.id, matter_id=notice.matter_id, object_id=notice.id
    )
