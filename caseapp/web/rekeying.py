"""The weekly change of the clinics' keys. It needs the root key, which only the web process may use."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from caseapp import clock
from caseapp.safekeeping import services as safekeeping
from caseapp.vault import services

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 3600.0


class FreshKeys:
    """Once an hour, before a page, change the keys that are a week old.

    That is one query when none is due. In the hour when one is, one page waits for it: about a second
    for 50,000 clients. A failure is written to the log and holds up nothing; the old keys still serve.
    Stands behind LockedVault, so that the root key is there, and before the session's clinic is entered.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.look_again_at = 0.0

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if time.monotonic() >= self.look_again_at:
            self.look_again_at = time.monotonic() + LOOK_EVERY_SECONDS
            self._renew()
        return self.get_response(request)

    def _renew(self) -> None:
        now = clock.now()
        renewed = services.renew_keys(at=now)
        if renewed.failure:
            log.error(f"The clinics' keys were not renewed ({renewed.failure}). The next try is in an hour.")
        if renewed.failure or renewed.clinics:
            safekeeping.record_check("rekey", ok=not renewed.failure, at=now, code=renewed.failure)
