"""Holds that stop a purge, and the purges themselves. Both outlive what they speak of."""

from __future__ import annotations

from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from caseapp.access.models import Clinic, User
from caseapp.vault.fields import SealedTextField
from caseapp.vault.rows import SealedQuerySet, SealedRow


class HoldQuerySet(SealedQuerySet["Hold"]):
    def standing(self) -> HoldQuerySet:
        return self.filter(lifted_at__isnull=True)


class Hold(SealedRow):
    """Nothing it covers is purged until two people lift it. No matter named: the whole clinic."""

    sealed_under = "clinic_id"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    # A bare reference: the hold is remembered after the matter is gone.
    matter_id = models.UUIDField(null=True, blank=True)
    reason = SealedTextField(max_length=1000)
    authority = SealedTextField(max_length=240)
    review_on = models.DateField()
    placed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField()
    lift_asked_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    lift_asked_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    lifted_at = models.DateTimeField(null=True, blank=True)

    objects = HoldQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True)
                | Q(lift_asked_by__isnull=False, lifted_by__isnull=False)
                & ~Q(lift_asked_by=models.F("lifted_by")),
                name="two_people_lift_a_hold",
            ),
        ]
        indexes = [
            models.Index(fields=["clinic"], condition=Q(lifted_at__isnull=True), name="standing_holds")
        ]

    def __str__(self) -> str:
        return f"hold {self.id}"


class Purge(models.Model):
    """The destruction of a matter's keys, and of the keys of its people who have no other matter.

    It keeps references and counts only, and stays when everything it destroyed is gone.
    """

    class State(models.TextChoices):
        PROPOSED = "PROPOSED", _("Waiting for a second person")
        REFUSED = "REFUSED", _("Refused")
        APPROVED = "APPROVED", _("Approved, keys being destroyed")
        DONE = "DONE", _("Keys destroyed")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    matter_id = models.UUIDField(null=True, blank=True)
    # Set when what goes is a person on no matter.
    person_id = models.UUIDField(null=True, blank=True)
    code = models.CharField(max_length=16)
    state = models.CharField(max_length=10, choices=State, default=State.PROPOSED)
    proposed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    approved_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    keys_destroyed = models.PositiveIntegerField(default=0)
    rows_removed = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["matter_id"],
                condition=Q(state__in=["PROPOSED", "APPROVED"]),
                name="one_purge_of_a_matter_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(matter_id__isnull=True)
                | Q(state__in=["PROPOSED", "REFUSED"])
                | Q(proposed_by__isnull=False, approved_by__isnull=False)
                & ~Q(proposed_by=models.F("approved_by")),
                name="two_people_purge_a_matter",
            ),
        ]

    def __str__(self) -> str:
        return f"purge {self.id}"
