"""Read the audit trail: who opened a file, and what was done to it.

Callers have checked that the person asking may see it; nothing here knows who that is.
"""

from uuid import UUID

from django.db.models import QuerySet

from caseapp.audit.models import Entry


def about_matter(clinic_id: UUID, matter_id: UUID) -> QuerySet[Entry]:
    """Return what was done to a matter, newest first."""
    return Entry.objects.filter(clinic_id=clinic_id, matter_id=matter_id).order_by("-seq")


def about_person(clinic_id: UUID, person_id: UUID) -> QuerySet[Entry]:
    """Return who opened and changed a client's record, newest first."""
    return Entry.objects.filter(clinic_id=clinic_id, person_id=person_id).order_by("-seq")


def about_object(clinic_id: UUID, object_id: UUID) -> QuerySet[Entry]:
    """Return what was done to one date, filing, hold or purge, oldest first."""
    return Entry.objects.filter(clinic_id=clinic_id, object_id=object_id).order_by("seq")
