"""What the shell of every page shows beside the page: what is owed, what this person may do, and the demo."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from caseapp import clock
from caseapp.access.models import User
from caseapp.access.rules import Act, may
from caseapp.safekeeping import kit
from caseapp.safekeeping import queries as safekeeping
from caseapp.web import owing


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return the shell's context. Nothing is asked of the database until a template shows a count."""
    user = getattr(request, "user", None)
    shown: dict[str, Any] = {
        "demo": settings.DEMO,
        "version": getattr(settings, "VERSION", ""),
        "source_url": getattr(settings, "SOURCE_URL", ""),
    }
    shown["reminders_stopped"] = SimpleLazyObject(lambda: _reminders_stopped(user))
    if isinstance(user, User) or getattr(user, "is_authenticated", False):
        shown["may"] = SimpleLazyObject(lambda: _allowed(request.user))  # type: ignore[arg-type]
        shown["kit_missing"] = SimpleLazyObject(lambda: _kit_missing(request.user))  # type: ignore[arg-type]
        shown["banners"] = SimpleLazyObject(lambda: _banners(request.user))  # type: ignore[arg-type]
        shown["rail"] = SimpleLazyObject(lambda: _owed(request))
    return shown


def _reminders_stopped(user: Any) -> bool:
    """Whether nobody is being reminded of dates. Said on every page, to everyone, before signing in too."""
    if settings.DEMO:
        return False
    try:
        since = (
            user.clinic.made_at
            if isinstance(user, User) or getattr(user, "is_authenticated", False)
            else None
        )
        return safekeeping.reminders_stopped(clock.now(), since=since)
    except DatabaseError:
        return False


def _allowed(user: User) -> dict[str, bool]:
    """Return what the person's role allows, by the act's name: `may.record_filing`."""
    return {act.name.lower(): may(user, act) for act in Act}


def _banners(user: User) -> list[SafeString]:
    """Return what stands above every page of those who see to the machine: what is missing or overdue."""
    if settings.DEMO or not may(user, Act.SEE_HEALTH):
        return []
    return [*_no_kit(user), *_overdue()]


def _kit_missing(user: User) -> bool:
    try:
        return kit.is_missing(user)
    except DatabaseError:
        return False


def _no_kit(user: User) -> list[SafeString]:
    if not _kit_missing(user):
        return []
    said = _("There is no recovery kit: if the root key is lost, every record is lost.")
    return [format_html('<b>{}</b> <a href="{}">{}</a>', said, reverse("recovery-kit"), _("Make the kit"))]


def _overdue() -> list[SafeString]:
    try:
        late = safekeeping.overdue(clock.now())
    except DatabaseError:
        return []
    if not late:
        return []
    said = _("Overdue: %(what)s.") % {"what": ", ".join(late)}
    return [format_html('<b>{}</b> <a href="{}">{}</a>', said, reverse("health"), _("What to do"))]


def _owed(request: HttpRequest) -> dict[str, dict[str, Any]]:
    """Return the counts beside the rail's places, only where something is owed. One query at most."""
    owed: dict[str, dict[str, Any]] = {}
    counts = owing.counts(request)
    if late := counts["late"]:
        owed["today"] = {"count": late, "word": _("late"), "urgency": "late"}
    elif today := counts["due"]:
        owed["today"] = {"count": today, "word": _("today"), "urgency": "soon"}
    if undated := counts.get("notices"):
        owed["calendar"] = {"count": undated, "word": _("undated"), "urgency": "soon"}
    if quiet := counts.get("quiet"):
        owed["matters"] = {"count": quiet, "word": _("quiet")}
    if waiting := counts.get("purges"):
        owed["retention"] = {"count": waiting}
    return owed
