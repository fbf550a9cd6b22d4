"""Keep documents, open them, let them go. Each function is one thing a caseworker does."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from caseapp.access.models import User
from caseapp.access.rules import Act, check_may_work_on
from caseapp.audit import services as audit
from caseapp.audit.models import Entry
from caseapp.documents.models import Document, OwedRemoval, Version
from caseapp.documents.receiving import Received
from caseapp.errors import Refused
from caseapp.matters.models import Matter
from caseapp.vault import files
from caseapp.vault.files import OpenFile as OpenFile
from caseapp.vault.files import StorageDown

# An upload that is going on is not swept away from under itself.
UNDER_WAY: Final = timedelta(days=1)
# What one night may sweep without being asked to: more looks like the wrong database, not like leftovers.
FEW: Final = 3


@dataclass(frozen=True, repr=False, kw_only=True)
class Described:
    """What is said of a document. Without a title it is called as its file."""

    kind: str
    title: str = ""
    expires_on: date | None = None


class NotSoKept(Refused):
    """The document cannot be kept as sent."""


class TooMany(Refused):
    """More files have no row than a night leaves behind."""


@transaction.atomic
def add_document(matter: Matter, received: Received, said: Described, *, by: User, at: datetime) -> Document:
    """Keep what was received as a document of the matter, in its first version.

    Once this returns, a row keeps the file: tell `received` so, or do not discard it.
    """
    check_may_work_on(by, matter, Act.ADD_DOCUMENT)
    document = Document(
        clinic_id=matter.clinic_id,
        matter=matter,
        title=said.title or received.title,
        kind=Document.Kind(said.kind).value,
        expires_on=said.expires_on,
        recorded_by=by,
        recorded_at=at,
    )
    document.save(force_insert=True)
    _keep(document, received, number=1, by=by, at=at)
    _audit(Entry.Event.DOCUMENT_ADDED, document, by)
    return document


@transaction.atomic
def add_version(document: Document, received: Received, *, by: User, at: datetime) -> Version:
    """Keep what was received as the document's next version. Those before stay."""
    check_may_work_on(by, document.matter, Act.ADD_DOCUMENT)
    newest = document.versions.aggregate(number=Max("number"))["number"] or 0
    try:
        with transaction.atomic():
            version = _keep(document, received, number=newest + 1, by=by, at=at)
    except IntegrityError:
        raise NotSoKept(
            _("A colleague added a version a moment ago. Look at it, then send yours again.")
        ) from None
    _audit(Entry.Event.DOCUMENT_CHANGED, document, by)
    return version


def _keep(document: Document, received: Received, *, number: int, by: User, at: datetime) -> Version:
    if received.size == 0:
        raise NotSoKept(_("This file is empty. Save it again where it was made, and choose it once more."))
    version = Version(
        id=received.file.name,
        clinic_id=document.clinic_id,
        matter_id=document.matter_id,
        document=document,
        number=number,
        file_key=received.file.key,
        name=received.name,
        media_type=received.media_type,
        size=received.size,
        added_by=by,
        added_at=at,
    )
    version.save(force_insert=True)
    return version


@transaction.atomic
def describe(document: Document, said: Described, *, by: User) -> None:
    """Change what is said of a document."""
    check_may_work_on(by, document.matter, Act.ADD_DOCUMENT)
    document.title = said.title or document.title
    document.kind, document.expires_on = Document.Kind(said.kind).value, said.expires_on
    document.save()
    _audit(Entry.Event.DOCUMENT_CHANGED, document, by)


@transaction.atomic
def record_view(document: Document, *, by: User) -> None:
    _audit(Entry.Event.DOCUMENT_VIEWED, document, by)


@transaction.atomic
def open_file(version: Version, *, by: User) -> OpenFile:
    """Open a version's file for reading, and record that it was. Raises NotSoKept if it is not whole."""
    _audit(Entry.Event.DOCUMENT_OPENED, version.document, by)
    try:
        return OpenFile(version.id, version.file_key, version.size)
    except files.FileMissing:
        raise NotSoKept(
            _(
                "The storage does not have this file. If the clinic was restored from a backup, ask whoever"
                " keeps the machine to bring the files back as well."
            )
        ) from None
    except files.Damaged:
        raise NotSoKept(
            _(
                "This file was altered or cut short in the storage, so it is not given out. Ask whoever keeps"
                " the machine to fetch it from a backup."
            )
        ) from None


# --- letting go


@transaction.atomic
def remove(document: Document, *, by: User, at: datetime) -> None:
    """Let a document go with all its versions: the keys of its files at once, the files as soon as may be.

    Whoever calls has made sure that no hold forbids it.
    """
    check_may_work_on(by, document.matter, Act.REMOVE_DOCUMENT)
    _audit(Entry.Event.DOCUMENT_REMOVED, document, by)
    owe_removal(Version.objects.filter(document=document), at=at)
    document.delete()


def owe_removal_of(matter_ids: Collection[UUID], *, at: datetime) -> None:
    """Note that the files of these matters are to go, in the transaction that removes the matters."""
    owe_removal(Version.objects.filter(matter_id__in=matter_ids), at=at)


def owe_removal(versions: QuerySet[Version], *, at: datetime) -> None:
    """Note which files are to go, and remove them once that is certain; the sweep removes what is left."""
    owed = [
        OwedRemoval(id=name, clinic_id=clinic_id, since=at)
        for name, clinic_id in versions.values_list("pk", "clinic_id")
    ]
    if owed:
        OwedRemoval.objects.bulk_create(owed, ignore_conflicts=True)
        names = [each.id for each in owed]
        transaction.on_commit(lambda: _remove_now(names), robust=True)


def _remove_now(names: list[UUID]) -> None:
    """Remove these files. What the storage refuses just now stays owed."""
    place = files.storage()
    for name in names:
        try:
            place.remove(name)
        except StorageDown:
            return
        OwedRemoval.objects.filter(pk=name).delete()


def remove_owed() -> int:
    """Remove from the storage what is owed; return how many files. Raises StorageDown. Needs no key."""
    place = files.storage()
    names = list(OwedRemoval.objects.order_by("since").values_list("pk", flat=True))
    for name in names:
        place.remove(name)
        OwedRemoval.objects.filter(pk=name).delete()
    return len(names)


def sweep(*, now: datetime, however_many: bool = False) -> int:
    """Remove the files that no row keeps: uploads that were cut off, what a restored backup does not know.

    Returns how many. Raises StorageDown; RuntimeError in a process that does not see every clinic's rows;
    or TooMany when they are all there are, or more than FEW and more than a tenth of all, unless
    `however_many`. Opens nothing and needs no key.
    """
    if settings.AMPARO_ROLE == "web":
        raise RuntimeError("The web process sees one clinic's documents only: it cannot sweep.")
    place, long_ago = files.storage(), now - UNDER_WAY
    place.forget_halves(before=long_ago)
    there = {stored.name for stored in place.names() if stored.at < long_ago}
    left = there - set(Version.objects.values_list("pk", flat=True).iterator())
    looks_wrong = left == there or len(left) > max(FEW, len(there) // 10)
    if left and looks_wrong and not however_many:
        raise TooMany(
            _(
                "%(count)d of %(all)d files belong to no document here. Is this the right database? If it is,"
                " run sweep_files --however-many."
            )
            % {"count": len(left), "all": len(there)}
        )
    for name in left:
        place.remove(name)
    return len(left)


def _audit(event: Entry.Event, document: Document, by: User) -> None:
    audit.record(
        event,
        clinic_id=document.clinic_id,
        actor_id=by.id,
        matter_id=document.matter_id,
        object_id=document.id,
    )
