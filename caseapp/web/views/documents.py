"""Documents: add one, look at it, open its file, send a new version, change what is said of it, remove it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from caseapp import clock
from caseapp.access.rules import Act, check_may_work_on
from caseapp.documents import queries, services
from caseapp.documents.models import Document
from caseapp.errors import Refused
from caseapp.matters import queries as matters
from caseapp.matters.models import Matter
from caseapp.retention import queries as retention
from caseapp.retention import services as retention_services
from caseapp.web import downloads
from caseapp.web.acts import attempt, attempt_or_say, sent
from caseapp.web.forms.documents import AddDocument, AddVersion, ChangeDocument
from caseapp.web.http import StaffRequest
from caseapp.web.uploads import SealingHandler, receiving

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@csrf_exempt  # The token is looked for further in, once what is sent has somewhere to go.
@get_or_post
def document_new(request: StaffRequest, matter_id: UUID) -> HttpResponse:
    """Add a document to a matter."""
    matter = matters.matter_for(request.user, matter_id)
    check_may_work_on(request.user, matter, Act.ADD_DOCUMENT)
    with receiving(request) as upload:
        return _document_new(request, matter, upload)


@csrf_protect
def _document_new(request: StaffRequest, matter: Matter, upload: SealingHandler) -> HttpResponse:
    files = request.FILES if request.method == "POST" else None
    form = AddDocument(sent(request), files, problem=upload.problem)

    def add(typed: dict[str, Any]) -> None:
        services.add_document(matter, form.received, form.said, by=request.user, at=clock.now())
        form.received.keep()

    if attempt(form, add, at={services.NotSoKept: "file"}):
        messages.success(request, _("The document is added."))
        return redirect(reverse("matter", args=[matter.id]) + "#documents")
    context = {"matter": matter, "form": form}
    return render(request, "documents/new.html", context, status=422 if form.errors else 200)


@require_safe
def document(request: StaffRequest, document_id: UUID) -> HttpResponse:
    """One document: what it is, and each version of its file."""
    found = queries.document_for(request.user, document_id)
    services.record_view(found, by=request.user)
    return _page(request, found)


def _page(request: StaffRequest, found: Document, *, status: int = 200, **sent_forms: Any) -> HttpResponse:
    said = {"kind": found.kind, "title": found.title, "expires_on": found.expires_on}
    context = {
        "document": found,
        "matter": found.matter,
        "versions": list(found.versions.all()),
        "keeping": retention.keeping_of(found.matter),
        "on_hold": retention.holds_on(found.matter).exists(),
        "today": clock.today(request.user.clinic.time_zone),
        "version_form": AddVersion(),
        "form": ChangeDocument(initial=said),
    }
    return render(request, "documents/document.html", context | sent_forms, status=status)


@require_POST
def document_edit(request: StaffRequest, document_id: UUID) -> HttpResponse:
    """Change what is said of a document."""
    found = queries.document_for(request.user, document_id)
    check_may_work_on(request.user, found.matter, Act.ADD_DOCUMENT)
    form = ChangeDocument(request.POST)
    if attempt(form, lambda typed: services.describe(found, form.said, by=request.user)):
        messages.success(request, _("Saved."))
        return redirect("document", document_id=found.id)
    return _page(request, found, status=422, form=form)


@csrf_exempt  # As in document_new.
@require_POST
def document_version(request: StaffRequest, document_id: UUID) -> HttpResponse:
    """Add a version of a document's file. Those before stay."""
    found = queries.document_for(request.user, document_id)
    check_may_work_on(request.user, found.matter, Act.ADD_DOCUMENT)
    with receiving(request) as upload:
        return _document_version(request, found, upload)


@csrf_protect
def _document_version(request: StaffRequest, found: Document, upload: SealingHandler) -> HttpResponse:
    form = AddVersion(request.POST, request.FILES, problem=upload.problem)

    def add(typed: dict[str, Any]) -> None:
        services.add_version(found, form.received, by=request.user, at=clock.now())
        form.received.keep()

    if attempt(form, add, at={services.NotSoKept: "file"}):
        messages.success(request, _("The new version is added. Those before stay."))
        return redirect("document", document_id=found.id)
    return _page(request, found, status=422, version_form=form)


@require_safe
def document_file(request: StaffRequest, version_id: UUID) -> HttpResponseBase:
    """The file of one version, to be saved, or the range of it that is asked for."""
    version = queries.version_for(request.user, version_id)
    try:
        file = services.open_file(version, by=request.user)
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("document", document_id=version.document_id)
    return downloads.answer(request, file, name=version.name, media_type=version.media_type)


@require_POST
def document_remove(request: StaffRequest, document_id: UUID) -> HttpResponse:
    """Remove a document with all its versions, for good."""
    found = queries.document_for(request.user, document_id)
    removed = attempt_or_say(
        request,
        lambda: retention_services.remove_document(found, by=request.user, at=clock.now()),
        done=_("The document is removed. The keys of its files are destroyed."),
    )
    if removed:
        return redirect(reverse("matter", args=[found.matter_id]) + "#documents")
    return redirect("document", document_id=found.id)
