"""What a view knows of its request, and where to send someone who has to sign in."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from caseapp.access.models import User

# Of what a program may keep for one person, and has to ask about each time.
KEPT_PRIVATELY = "private, no-cache"


class StaffRequest(HttpRequest):
    """A request whose user is one of ours: the middleware has let them in."""

    user: User


def wants_fragment(request: HttpRequest) -> bool:
    """Whether HTMX asks, and will swap a part of the page rather than the page."""
    return request.headers.get("HX-Request") == "true" and not sent_in_place(request)


def sent_in_place(request: HttpRequest) -> bool:
    """Whether a form was sent without leaving its page, so that what was typed is in no tab's history."""
    return request.headers.get("HX-Boosted") == "true"


def go_on(request: HttpRequest, redirection: HttpResponse) -> HttpResponse:
    """Let a page whose form was sent in place leave for where a redirection leads."""
    address = redirection["Location"]
    onward = cast(HttpResponse, HttpResponseClientRedirect(address))
    onward.cookies.update(redirection.cookies)
    here, there = urlsplit(request.headers.get("HX-Current-URL", "")), urlsplit(address)
    if there.fragment and (there.path, there.query) == (here.path, here.query):
        # To another place on the same page a browser only scrolls.
        onward["HX-Refresh"] = "true"
    return onward


def safe_path(request: HttpRequest, address: str | None) -> str:
    """Return the path and query of an address on this host, or nothing for any other address."""
    if not address or not url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()}):
        return ""
    parts = urlsplit(address)
    path = parts._replace(scheme="", netloc="", fragment="").geturl()
    return path if path.startswith("/") and not path.startswith("//") else ""


def page_of(request: HttpRequest) -> str:
    """Return the page that the person is looking at: the one asked for, or the one a form was sent from."""
    if wants_fragment(request):
        return safe_path(request, request.headers.get("HX-Current-URL"))
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    return safe_path(request, request.headers.get("Referer"))


def to_sign_in(request: HttpRequest, back_to: str) -> HttpResponse:
    """Send the person to the sign-in page, and afterwards back to the page `back_to`."""
    address = resolve_url(settings.LOGIN_URL)
    if back_to not in ("", "/", address):
        address = f"{address}?{urlencode({'next': back_to})}"
    if wants_fragment(request):
        return cast(HttpResponse, HttpResponseClientRedirect(address))
    return redirect(address)
