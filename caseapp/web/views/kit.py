"""The recovery kit as pages: drawn and shown once, read back from paper, and only then the clinic's.

To anyone but a director these pages are not there.
"""

from __future__ import annotations

from allauth.account.internal.flows import reauthentication
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from caseapp import clock
from caseapp.access.rules import Act, may
from caseapp.errors import Refused
from caseapp.safekeeping import kit
from caseapp.web.acts import sent
from caseapp.web.forms.kit import Holders, WordsBack, field_of
from caseapp.web.http import StaffRequest


def _only_a_director(request: StaffRequest) -> None:
    if not may(request.user, Act.MAKE_KIT):
        raise Http404


@require_safe
def recovery_kit(request: StaffRequest) -> HttpResponse:
    """Say what the kit is, whether there is one, and how to make one."""
    _only_a_director(request)
    return render(request, "safekeeping/kit.html", {"kit": kit.standing(request.user)})


@sensitive_variables("drawn")
@require_http_methods(["GET", "HEAD", "POST"])
def recovery_kit_new(request: StaffRequest) -> HttpResponse:
    """Ask who will hold the sheets; then draw a kit and show its sheets, this once.

    The holders' names are printed and not kept, so a person who has to say again who they are types them
    once more.
    """
    _only_a_director(request)
    if not settings.DEMO and reauthentication.is_reauthentication_required(request, app="account"):
        again = urlencode({REDIRECT_FIELD_NAME: request.path})
        return redirect(f"{reverse('account_reauthenticate')}?{again}")
    form = Holders(sent(request))
    if form.is_valid():
        now = clock.now()
        try:
            drawn = kit.draw(request.user, now=now)
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            holders = [form.cleaned_data[name] for name in ("first", "second", "third")]
            sheets = [
                {"number": number, "words": words, "holder": holder}
                for number, (words, holder) in enumerate(zip(drawn.sheets, holders, strict=True), 1)
            ]
            shown = {"drawn": drawn, "sheets": sheets, "made_at": now}
            return render(request, "safekeeping/kit_sheets.html", shown)
    shown = {"form": form, "kit": kit.standing(request.user)}
    return render(request, "safekeeping/kit_new.html", shown, status=422 if form.is_bound else 200)


@sensitive_post_parameters()
@require_POST
def recovery_kit_confirm(request: StaffRequest) -> HttpResponse:
    """Ask for some words of each sheet, and with the right ones make the kit the clinic's."""
    _only_a_director(request)
    packed = request.POST.get("offer", "")
    try:
        offer = kit.offered(request.user, packed, now=clock.now())
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("recovery-kit")
    typed = request.POST if "typed" in request.POST else None
    form = WordsBack(typed, places=offer.places)
    if form.is_valid():
        try:
            kit.confirm(request.user, offer, form.typed(offer.places))
        except kit.WrongWords as wrong:
            for place, said in wrong.at.items():
                form.add_error(field_of(place), said)
        except Refused as refusal:
            messages.error(request, refusal.message)
            return redirect("recovery-kit")
        else:
            done = _("The kit counts from now on. Hand out the sheets, and burn those of any kit before.")
            messages.success(request, done)
            return redirect("recovery-kit")
    shown = {"form": form, "offer": packed, "fingerprint": offer.fingerprint}
    return render(request, "safekeeping/kit_confirm.html", shown, status=422 if form.is_bound else 200)
