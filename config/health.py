"""Whether this process can serve: it runs, and both databases answer."""

from django.contrib.auth.decorators import login_not_required
from django.db import connections
from django.db.utils import Error
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


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
        return HttpResponse("not ready\n", content_type="text/plain", status=503)
    return HttpResponse("ok\n", content_type="text/plain")
