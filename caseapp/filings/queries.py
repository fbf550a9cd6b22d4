"""Find filings on someone's behalf."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404

from caseapp.access.models import User
from caseapp.deadlines.models import Change
from caseapp.filings.models import Filing
from caseapp.matters import queries as matters
from caseapp.matters.models import Matter
from caseapp.matters.queries import PRINCIPAL_FIRST


def filing_for(user: User, filing_id: UUID) -> Filing:
    """Return the filing, or 404: to someone outside the matter, "no" and "not there" look alike."""
    visible = Filing.objects.visible_to(user).select_related("matter", "recorded_by")
    return get_object_or_404(visible, pk=filing_id)


def filings_of(matter: Matter) -> list[Filing]:
    return list(Filing.objects.filter(matter=matter).order_by("-filed_on", "-recorded_at"))


def filings_open_to(user: User) -> QuerySet[Filing]:
    """Return the filings this person may see, the latest first; open a page of them together."""
    their_matters = Prefetch("matter", Matter.objects.prefetch_related(Prefetch("parties", PRINCIPAL_FIRST)))
    return (
        Filing.objects.visible_to(user).prefetch_related(their_matters).order_by("-filed_on", "-recorded_at")
    )


def met_by(filing: Filing) -> list[Change]:
    """Return the decisions that say this filing met a deadline, and those a second person refused."""
    said = Change.objects.filter(filing_id=filing.id, kind=Change.Kind.MEET)
    changes = list(said.select_related("deadline", "by", "second_by").order_by("at"))
    for change in changes:
        change.deadline.matter = filing.matter
    return changes


def open_together(clinic_id: UUID, filings: Iterable[Filing]) -> None:
    """Fetch the keys of many filings' matters and clients in one query, before they are read one by one."""
    matters.open_together(clinic_id, [filing.matter for filing in filings])
