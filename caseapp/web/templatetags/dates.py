"""What the rows of dates ask: what waits for a second person, whose matter it is, which way a date counts."""

from datetime import date, datetime, timedelta
from uuid import UUID

from django import template
from django.utils.timezone import localtime
from django.utils.translation import ngettext

from caseapp.deadlines.explain import happened, is_opening
from caseapp.deadlines.models import CaseEvent, Change, Deadline, Notice
from caseapp.deadlines.rules.events import EVENTS
from caseapp.deadlines.rules.spanish import in_words as in_spanish_words
from caseapp.errors import Refused
from caseapp.filings.catalogue import form
from caseapp.matters.kinds import kind as kind_of
from caseapp.matters.models import Matter
from caseapp.matters.queries import principal_of
from caseapp.people.models import Person

register = template.Library()


@register.filter
def change_for(waiting: dict[UUID, Change] | None, deadline: Deadline) -> Change | None:
    """Return the decision about this date that waits for a second person."""
    return waiting.get(deadline.id) if isinstance(waiting, dict) else None


@register.filter
def opening(deadline: Deadline) -> bool:
    """Whether the date is the first day on which something may be done."""
    return is_opening(deadline)


@register.filter
def span(value: timedelta) -> str:
    """Write a time to wait in whole hours, or in days from one day on."""
    hours = round(value / timedelta(hours=1))
    days = hours // 24
    if days:
        return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
    return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}


@register.filter
def dia(value: date) -> str:
    """Write a date, or a moment's day, for a reader of Spanish: martes 7 de julio de 2026."""
    return in_spanish_words(localtime(value).date() if isinstance(value, datetime) else value)


@register.filter
def hearing_kind(hearing: CaseEvent) -> str:
    """Return which kind of hearing it is, in the catalogue's words: Individual (merits) hearing."""
    return happened(hearing).outcome or happened(hearing).title


@register.filter
def notice_kind(notice: Notice) -> str:
    """Return what the notice seems to be, in the catalogue's words; nothing for what left the catalogue."""
    return next((event.title for event in EVENTS if event.key == notice.kind), "")


@register.filter
def client_of(matter: Matter) -> Person:
    return principal_of(matter)


@register.filter
def kind_title(matter: Matter) -> str:
    """Return the kind of case in the catalogue's words, or as it was kept if the catalogue changed since."""
    try:
        return kind_of(matter.kind).title
    except Refused:
        return matter.kind


@register.filter
def form_title(number: str) -> str:
    """Return what a form is called, or nothing for one that the catalogue no longer holds."""
    try:
        return form(number).title
    except Refused:
        return ""


@register.filter
def goes_on(changed_at: datetime, days: int) -> date:
    """Return the last day on which someone on no matter is kept."""
    return localtime(changed_at).date() + timedelta(days=days)


@register.filter
def days_between(then: datetime, now: datetime) -> int:
    return (now - then).days


@register.filter
def days_since(then: datetime, now: datetime) -> str:
    """Say how long nothing has moved: 31 days."""
    days = days_between(then, now)
    return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}
