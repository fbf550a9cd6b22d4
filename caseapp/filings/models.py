"""What was filed, how, when, and what came of it."""

from __future__ import annotations

from uuid import uuid4

from django.db import models
from django.utils.translation import gettext_lazy as _

from caseapp.access.models import Clinic, User
from caseapp.matters.models import Matter
from caseapp.vault.fields import SealedTextField
from caseapp.vault.rows import SealedQuerySet, SealedRow


class FilingQuerySet(SealedQuerySet["Filing"]):
    def visible_to(self, user: User) -> FilingQuerySet:
        return self.filter(matter__in=Matter.objects.visible_to(user))


class Filing(SealedRow):
    """One form or paper sent to a court or agency. A rejected filing has no filing date."""

    class How(models.TextChoices):
        ELECTRONIC = "electronic", _("Electronically (ECAS, online)")
        IN_PERSON = "in person", _("In person, at the window")
        IN_COURT = "in court", _("In open court")
        COURIER = "courier", _("By courier")
        MAIL = "mail", _("By mail")

    class State(models.TextChoices):
        FILED = "FILED", _("Filed")
        RECEIVED = "RECEIVED", _("Received")
        REJECTED = "REJECTED", _("Rejected")
        GRANTED = "GRANTED", _("Granted")
        DENIED = "DENIED", _("Denied")
        WITHDRAWN = "WITHDRAWN", _("Withdrawn")

    sealed_under = "matter_id"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    matter = models.ForeignKey(Matter, on_delete=models.CASCADE, related_name="filings")
    form = SealedTextField(max_length=40)
    how = SealedTextField(max_length=20)
    proof = SealedTextField(max_length=500)
    tracking_number = SealedTextField(max_length=60)
    receipt_number = SealedTextField(max_length=60)
    outcome_note = SealedTextField(max_length=500)
    filed_on = models.DateField()
    state = models.CharField(max_length=10, choices=State, default=State.FILED)
    state_on = models.DateField()
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    objects = FilingQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        indexes = [models.Index(fields=["clinic", "-filed_on"], name="filings_latest_first")]

    @property
    def how_label(self) -> str:
        return str(self.How(self.how).label)

    def __str__(self) -> str:
        return f"filing {self.id}"
