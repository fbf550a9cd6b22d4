"""Find documents on someone's behalf."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Prefetch
from django.shortcuts import get_object_or_404

from caseapp.access.models import User
from caseapp.days import ending
from caseapp.documents.models import Document, DocumentQuerySet, Version
from caseapp.matters import queries as matters
from caseapp.matters.models import Matter
from caseapp.matters.queries import PRINCIPAL_FIRST
from caseapp.vault import keyring

_NEWEST_FIRST = Prefetch("versions", Version.objects.select_related("added_by").order_by("-number"))


def document_for(user: User, document_id: UUID) -> Document:
    """Return the document with its versions, the newest first; or 404, as for one that is not there."""
    visible = Document.objects.visible_to(user).select_related("matter", "recorded_by")
    return get_object_or_404(visible.prefetch_related(_NEWEST_FIRST), pk=document_id)


def version_for(user: User, version_id: UUID) -> Version:
    """Return one version of a document's file, or 404."""
    visible = Version.objects.visible_to(user).select_related("document", "matter")
    return get_object_or_404(visible, pk=version_id)


def documents_of(matter: Matter) -> list[Document]:
    """Return the matter's documents with their versions, what was added last first."""
    found = Document.objects.filter(matter=matter).prefetch_related(_NEWEST_FIRST)
    return list(found.order_by("-recorded_at", "pk"))


def expiring(user: User, today: date, within_days: int) -> list[Document]:
    """Return what ends in the next `within_days`, or has ended, in open matters; the earliest first.

    When a document ends is sealed, so each one that this person may see is opened.
    """
    last = today + timedelta(days=within_days)
    of_open_ones = Document.objects.visible_to(user).filter(matter__closed_on__isnull=True)
    their_matters = Prefetch("matter", Matter.objects.prefetch_related(Prefetch("parties", PRINCIPAL_FIRST)))
    found = list(of_open_ones.prefetch_related(their_matters))
    keyring.preload(user.clinic_id, {document.matter_id for document in found})
    return [document for _day, document in sorted(ending(found, last=last), key=lambda e: (e[0], e[1].id))]


def on_open_matters(user: User) -> DocumentQuerySet:
    """Return the documents of open matters that this person may see, what was recorded last first."""
    visible = Document.objects.visible_to(user).filter(matter__closed_on__isnull=True)
    return visible.order_by("-recorded_at", "pk")


def brought(ids: Iterable[UUID]) -> list[Document]:
    """Return these documents: one query. Asks nobody's leave: the ids come from a query that did."""
    wanted = list(ids)
    return list(Document.objects.filter(pk__in=wanted)) if wanted else []


def open_together(clinic_id: UUID, documents: Iterable[Document]) -> None:
    """Fetch the keys of the documents' matters and clients in one query, before they are read one by one."""
    matters.open_together(clinic_id, [document.matter for document in documents])
