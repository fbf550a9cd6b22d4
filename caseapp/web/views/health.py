"""Whether backups, drills, keys and reminders are on time, and what to do about what is not."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from caseapp import clock
from caseapp.access.rules import Act, check_may
from caseapp.safekeeping import queries
from caseapp.safekeeping.queries import Line, Standing
from caseapp.vault import services as vault
from caseapp.web.http import StaffRequest


@require_GET
def health(request: StaffRequest) -> HttpResponse:
    check_may(request.user, Act.SEE_HEALTH)
    lines = [*queries.state(clock.now()), _vault_line()]
    waiting = [line for line in lines if line.standing is not Standing.WELL]
    well = [line for line in lines if line.standing is Standing.WELL]
    return render(request, "safekeeping/health.html", {"waiting": waiting, "well": well})


def _vault_line() -> Line:
    if vault.ready().unlocked:
        return Line("vault", _("Vault"), Standing.WELL, _("open"))
    return Line(
        "vault", _("Vault"), Standing.LATE, _("locked"), _("var/log/web.log says why and what to do.")
    )
