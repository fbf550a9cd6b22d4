"""A person's calendar link: making and ending it, and what a calendar program gets from it."""

from __future__ import annotations

import hashlib

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import redirect, render
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from caseapp import clock
from caseapp.reminders import feeds
from caseapp.web.http import KEPT_PRIVATELY, StaffRequest


@require_safe
def calendar_link(request: StaffRequest) -> HttpResponse:
    return render(request, "calendar/link.html", {"feed": feeds.feed_of(request.user)})


@require_POST
def calendar_link_make(request: StaffRequest) -> HttpResponse:
    """Make the link, in place of the one before, and show it this once."""
    link = feeds.make(request.user, now=clock.now())
    return render(request, "calendar/link.html", {"feed": feeds.feed_of(request.user), "link": link})


@require_POST
def calendar_link_end(request: StaffRequest) -> HttpResponse:
    """Make the link show nothing any more."""
    if feeds.end(request.user):
        messages.success(request, _("The link has ended. Calendars that follow it get nothing more."))
    return redirect("calendar-link")


@login_not_required
@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """Answer a calendar program. A link that ended is a page that is not there."""
    text = feeds.calendar_for(token)
    if text is None:
        raise Http404
    etag = f'"{hashlib.sha256(text).hexdigest()}"'
    known = {tag.removeprefix("W/") for tag in parse_etags(request.headers.get("If-None-Match", ""))}
    answer: HttpResponse
    if known & {etag, "*"}:
        answer = HttpResponseNotModified()
    else:
        answer = HttpResponse(text, content_type="text/calendar; charset=utf-8")
        answer["Content-Disposition"] = 'inline; filename="dates.ics"'
    answer["ETag"] = etag
    answer["Cache-Control"] = KEPT_PRIVATELY
    return answer
