"""Whether this process can serve, and whether anyone is being reminded; and no more."""

from django.contrib.auth.decorators import login_not_required
from django.db import connections
from django.db.utils import Error
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from caseapp import clock
from caseapp.safekeeping import queries


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 "ok" or 503, and no more: whoever knocks learns nothing about the clinic."""
    try:
        for name in ("default", "keyring"):
            with connections[name].cursor() as cursor:
                cursor.execute("SELECT 1")
    except Error:
        return _answer("not ready", 503)
    return _answer("ok", 200)


@login_not_required
@never_cache
@require_safe
def reminders(request: HttpRequest) -> HttpResponse:
    """Answer 200 "ok", or 503 when reminders were not looked at within 26 hours, or never.

    Apart from healthz, which a load balancer asks: pages must not go because the worker has.
    """
    try:
        running = queries.reminders_run(clock.now())
    except Error:
        running = False
    return _answer("ok", 200) if running else _answer("reminders have stopped", 503)


def _answer(words: str, status: int) -> HttpResponse:
    return HttpResponse(f"{words}\n", content_type="text/plain", status=status)
