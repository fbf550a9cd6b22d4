"""Which reminders are owed and which went out, so that none is lost and none goes out twice."""

from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from caseapp.access.models import Clinic, User
from caseapp.deadlines.models import Deadline


class Reminder(models.Model):
    """One rung of one deadline's ladder, for one person: owed, then sending, then sent."""

    class State(models.TextChoices):
        OWED = "OWED", _("Owed")
        SENDING = "SENDING", _("Sending")
        SENT = "SENT", _("Sent")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    deadline = models.ForeignKey(Deadline, on_delete=models.CASCADE, related_name="reminders")
    to = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    # Days before the safe date; negative once it has passed.
    rung = models.SmallIntegerField()
    counted_to = models.DateField()
    for_date = models.DateField()
    state = models.CharField(max_length=8, choices=State, default=State.OWED)
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # A deadline that moves climbs its ladder again, so the date it counted to is part of the rung.
            models.UniqueConstraint(
                fields=["deadline", "to", "rung", "counted_to"], name="one_reminder_a_rung"
            ),
        ]
        indexes = [models.Index(fields=["state"], condition=~Q(state="SENT"), name="reminders_to_send")]

    def __str__(self) -> str:
        return f"reminder {self.id}"


class Feed(models.Model):
    """The one calendar link of one person. Whoever holds its token reads case codes and days, no more."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="+")
    token_hash = models.BinaryField(max_length=32, unique=True)
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"feed {self.id}"
