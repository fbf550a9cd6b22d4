"""Write down that something which protects the clinic was tried, and how it went."""

from datetime import datetime, timedelta

from django.db import transaction

from caseapp.access.models import Clinic
from caseapp.audit import services as audit
from caseapp.audit.models import Entry
from caseapp.safekeeping.models import Check

REMEMBERED = timedelta(days=400)
# Reminders are looked at every quarter of an hour.
SWEEPS_REMEMBERED = timedelta(days=2)


@transaction.atomic
def record_check(kind: str, *, ok: bool, at: datetime, code: str = "") -> None:
    """Record one try of `kind` (a Check.Kind). Raises ValueError for a kind that there is not."""
    Check.objects.create(kind=Check.Kind(kind), ok=ok, at=at, code=code)


@transaction.atomic
def record_reminders(*, at: datetime) -> None:
    """Record that reminders were looked at, and forget the checks of long ago."""
    record_check(Check.Kind.REMINDERS, ok=True, at=at)
    Check.objects.filter(at__lt=at - REMEMBERED).delete()
    Check.objects.filter(kind=Check.Kind.REMINDERS, at__lt=at - SWEEPS_REMEMBERED).delete()


@transaction.atomic
def record_restore(*, at: datetime) -> None:
    """Record in each clinic's audit trail that what it now reads came out of a backup."""
    for clinic_id in Clinic.objects.values_list("pk", flat=True):
        audit.record(Entry.Event.RESTORED, clinic_id=clinic_id, actor_id=None)
    record_check(Check.Kind.RESTORE, ok=True, at=at)
