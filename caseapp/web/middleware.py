"""What every request passes on its way in: the clinic's wall, the session's limits, the second step."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from caseapp.access import queries, sessions, vault_door, wall
from caseapp.access.rules import MayNot
from caseapp.web.http import KEPT_PRIVATELY, go_on, page_of, sent_in_place, to_sign_in, wants_fragment

log = logging.getLogger(__name__)

Answer = Callable[[HttpRequest], HttpResponse]

# Pages for someone who is about to say who they are. Until then no clinic is known.
DOORS = {"account_login", "account_inactive", "mfa_authenticate", "mfa_login_webauthn", "setup", "join"}
AGAIN = {"account_reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn", "lock", "still-here"}
CHOOSING = AGAIN | {"second-step", "mfa_add_webauthn", "mfa_activate_totp"}
READING_CODES = AGAIN | {"mfa_view_recovery_codes", "mfa_download_recovery_codes"}

PERMISSIONS = ", ".join(
    [f"{name}=()" for name in ("camera", "microphone", "geolocation", "display-capture", "payment", "usb")]
    + [f"publickey-credentials-{what}=(self)" for what in ("create", "get")]
)


class NoStore:
    """Let no browser or proxy keep a page, a calendar link's aside, and no page use the machine's senses."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.get("Cache-Control") != KEPT_PRIVATELY:
            response["Cache-Control"] = "no-store"
        response["Permissions-Policy"] = PERMISSIONS
        return response


class FormsInPlace:
    """Answer a form that was sent without leaving its page with where to go on, if that is a redirection."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        leads_on = sent_in_place(request) and 300 <= response.status_code < 400
        return go_on(request, response) if leads_on else response


class ClinicWall:
    """Show the database connection the session's clinic, and nothing once the request is answered.

    Stands before whatever loads request.user. Connections outlive requests, so it always leaves.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        clinic_id = sessions.clinic_of(request.session)
        if clinic_id is not None:
            wall.enter(clinic_id)
        try:
            return self.get_response(request)
        finally:
            wall.leave()

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        match = request.resolver_match
        if match is not None and match.url_name in DOORS and sessions.clinic_of(request.session) is None:
            wall.open_door()


class SessionLimits:
    """End a session that was idle too long, lasted too long, or that a colleague ended."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if SESSION_KEY not in request.session:
            return self.get_response(request)
        now = time.time()
        ended = sessions.why_ended(request.session, request.user, at=now)
        if ended is None:
            sessions.mark(request.session, at=now)
            return self.get_response(request)
        request.session.flush()
        request.user = AnonymousUser()
        wall.leave()
        messages.info(request, ended.words())
        return to_sign_in(request, page_of(request))


class SignInRequired(LoginRequiredMiddleware):
    """Every page needs a signed-in person, but those that say otherwise."""

    def handle_no_permission(  # type: ignore[override]
        self, request: HttpRequest, view_func: Any
    ) -> HttpResponse:
        return to_sign_in(request, page_of(request))


class SecondStep:
    """Let nobody on with a password alone, nor past the recovery codes before they were shown."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """The demo signs anyone in at a click, on the loopback address only: it has no second step."""
        if settings.DEMO or not getattr(view, "login_required", True) or not request.user.is_authenticated:
            return None
        name = request.resolver_match.url_name if request.resolver_match else None
        has_step, codes_unseen = queries.second_step_of(request.user)
        if not has_step:
            return None if name in CHOOSING else redirect("second-step")
        if codes_unseen and name not in READING_CODES:
            return redirect("mfa_view_recovery_codes")
        return None


class ClinicTime:
    """Write times as the clinic's clock shows them."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return self.get_response(request)
        with timezone.override(ZoneInfo(request.user.clinic.time_zone)):
            return self.get_response(request)


class LockedVault:
    """While the vault is locked, answer every page in words that say so and what an operator can do.

    Stands before the session and the database are asked. `healthz` and what is below it still answer.
    """

    OPEN_SECONDS = 60.0
    LOCKED_SECONDS = 2.0

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response
        self.locked = False
        self.look_again_at = 0.0

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in (reverse("healthz"), reverse("healthz-reminders")):
            return self.get_response(request)
        if time.monotonic() >= self.look_again_at:
            self._look()
        return self._say(request) if self.locked else self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return self._say(request) if isinstance(error, vault_door.VaultLocked) else None

    def _look(self) -> None:
        why = vault_door.why_locked()
        if why and not self.locked:
            # Why it is locked names files, keys and what to do, never a value.
            log.error(f"The vault is locked. {why}")
        self.locked = bool(why)
        seconds = self.LOCKED_SECONDS if why else self.OPEN_SECONDS
        self.look_again_at = time.monotonic() + seconds

    def _say(self, request: HttpRequest) -> HttpResponse:
        response = render(request, "errors/locked.html", status=503)
        response["Retry-After"] = "60"
        return response


class Refusals:
    """Say why someone may not do this to a thing, when a view did not say it itself.

    What was purged while its page was being made is answered like whatever is not there.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, vault_door.KeyGone):
            return render(request, "404.html", status=404)
        if not isinstance(error, MayNot):
            return None
        if wants_fragment(request):
            return HttpResponse(error.message, content_type="text/plain; charset=utf-8", status=403)
        return render(request, "errors/403.html", {"message": error.message}, status=403)
