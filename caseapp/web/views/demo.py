"""The demo's own way in: one click signs in as an invented colleague. Mounted in the demo only."""

from allauth.account.adapter import get_adapter
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from caseapp.access import services as access
from caseapp.access import wall
from caseapp.demo import services as demo
from caseapp.demo.cast import EVERYONE


@login_not_required
def choose(request: HttpRequest) -> HttpResponse:
    return render(request, "demo/choose.html", {"everyone": EVERYONE})


@login_not_required
@require_POST
def sign_in(request: HttpRequest, key: str) -> HttpResponse:
    request.session.flush()
    wall.open_door()
    colleague = demo.colleague(key)
    if colleague is None:
        raise Http404
    get_adapter(request).login(request, colleague)
    access.record_signed_in(colleague)
    return redirect("today" if colleague.role != "IT" else "staff")
