"""A matter: one case the clinic takes on, whom it is for, and who works on it."""

from __future__ import annotations

from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from caseapp.access import rules
from caseapp.access.models import Clinic, User
from caseapp.people.models import Person
from caseapp.vault.fields import SealedJSONField, SealedTextField
from caseapp.vault.rows import SealedQuerySet, SealedRow


class MatterQuerySet(SealedQuerySet["Matter"]):
    def visible_to(self, user: User) -> MatterQuerySet:
        return self.filter(rules.matters_open_to(user))

    def open(self) -> MatterQuerySet:
        return self.filter(closed_on__isnull=True)

    def closed(self) -> MatterQuerySet:
        return self.filter(closed_on__isnull=False)


class Matter(SealedRow):
    """One case. What is said about the case is under the matter's key, apart from any one person's."""

    class Kept(models.TextChoices):
        """The retention class, chosen at closing; retention/schedule.py says how long each is kept."""

        BRIEF_ADVICE = "BRIEF_ADVICE", _("Brief advice")
        LIMITED = "LIMITED", _("Limited scope")
        FULL = "FULL", _("Full representation")

    sealed_under = "id"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="matters")
    # A random word and number, the only name a matter has outside the clinic: HERON-42.
    code = models.CharField(max_length=16)
    kind = SealedTextField(max_length=60)
    stage = SealedTextField(max_length=60)
    detained = SealedJSONField(hide_presence=True)
    outcome = SealedTextField(max_length=500)
    opened_on = models.DateField()
    closed_on = models.DateField(null=True, blank=True)
    kept_as = models.CharField(max_length=20, choices=Kept, null=True, blank=True)  # noqa: DJ001
    keep_until = models.DateField(null=True, blank=True)
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    objects = MatterQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "code"], name="one_matter_per_code"),
            models.CheckConstraint(
                condition=Q(closed_on__isnull=True, kept_as__isnull=True, keep_until__isnull=True)
                | Q(closed_on__isnull=False, kept_as__isnull=False, keep_until__isnull=False),
                name="a_closed_matter_has_a_purge_date",
            ),
        ]
        indexes = [
            models.Index(fields=["clinic", "-changed_at"], name="matters_latest_first"),
            # For the nightly review in retention.
            models.Index(
                fields=["keep_until"], condition=Q(keep_until__isnull=False), name="matters_by_purge"
            ),
        ]

    def __str__(self) -> str:
        return f"matter {self.code}"


class Party(models.Model):
    """This person's case it is, or they are included in it."""

    class Role(models.TextChoices):
        PRINCIPAL = "PRINCIPAL", _("Client")
        DERIVATIVE = "DERIVATIVE", _("Derivative")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    matter = models.ForeignKey(Matter, on_delete=models.CASCADE, related_name="parties")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="parties")
    role = models.CharField(max_length=12, choices=Role)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["matter", "person"], name="party_once"),
            models.UniqueConstraint(
                fields=["matter"], condition=Q(role="PRINCIPAL"), name="one_principal_per_matter"
            ),
        ]

    def __str__(self) -> str:
        return f"party {self.id}"


class Assignment(models.Model):
    """This person works on this matter, and as what."""

    class Role(models.TextChoices):
        ATTORNEY = "ATTORNEY", _("Attorney")
        REPRESENTATIVE = "REPRESENTATIVE", _("Accredited representative")
        SUPERVISOR = "SUPERVISOR", _("Supervisor")
        PARALEGAL = "PARALEGAL", _("Paralegal")
        VOLUNTEER = "VOLUNTEER", _("Volunteer")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    matter = models.ForeignKey(Matter, on_delete=models.CASCADE, related_name="assignments")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="assignments")
    role = models.CharField(max_length=16, choices=Role)
    # The last day of the assignment, when it ends by itself.
    until = models.DateField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["matter", "user"], condition=Q(ended_at__isnull=True), name="assigned_once"
            ),
        ]
        indexes = [models.Index(fields=["user"], condition=Q(ended_at__isnull=True), name="live_assignments")]

    def __str__(self) -> str:
        return f"assignment {self.id}"


class Screen(models.Model):
    """This person must not learn that this matter exists."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    matter = models.ForeignKey(Matter, on_delete=models.CASCADE, related_name="screens")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="screens")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["matter", "user"], name="screened_once")]

    def __str__(self) -> str:
        return f"screen {self.id}"


class Note(SealedRow):
    """What someone wrote about the matter. Privileged."""

    sealed_under = "matter_id"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    matter = models.ForeignKey(Matter, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    text = SealedTextField(max_length=10_000)
    minutes = models.PositiveSmallIntegerField(default=0)
    written_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"note {self.id}"
