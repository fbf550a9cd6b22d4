"""Find filings on someone's behalf."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404

from caseapp.access.models import User
from caseapp.deadlines.models import Change
from caseapp.filings.models import Filing
from caseapp.matters.models import Matter
from caseapp.matters.queries import PRINCIPAL_FIRST


def filing_for(user: User, filing_id: UUID) -> Filing:
    """Return the filing, or 404: to someone outside the matter, "no" and "not there" look alike."""
    visible = Filing.objects.visible_to(user).select_related("matter", "recorded_by")
    return get_object_or_404(visible, pk=filing_id)


def filings_of(matter: Matter) -> list[Filing]:
    return list(Filing.objects.filter(matter=matter).order_by("-filed_on", "-recorded_at"))


def filings_open_to(user: User) -> QuerySet[Filing]:
    """Return the filings this person may see, the latest first."""
    matters = Prefetch("matter", Matter.objects.prefetch_related(Prefetch("parties", PRINCIPAL_FIRST)))
    return Filing.objects.visible_to(user).prefetch_related(matters).order_by("-filed_on", "-recorded_at")


def met_by(filing: Filing) -> list[Change]:
    """Return the decisions that say this filing met a deadline."""
    changes = Change.objects.filter(filing_id=filing.id, kind=Change.Kind.MEET)
    return list(changes.exclude(state=Change.State.REFUSED).select_related("deadline").order_by("at"))
