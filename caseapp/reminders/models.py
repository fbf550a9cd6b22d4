"""Which reminders are owed and which went out, so that none is lost and none goes out twice."""

from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from caseapp.access.models import Clinic, User
from caseapp.deadlines.models import Deadline
from caseapp.reminders.hours import Clockface


class Dispatch(models.Model):
    """One message to one person on one day of theirs: written down before it is sent.

    That there is one of a kind a day is a constraint, so neither a second run nor a second worker can
    send another. While it is SENDING nobody knows whether the mail server took it.
    """

    class Kind(models.TextChoices):
        DIGEST = "DIGEST", _("The day's message")
        URGENT = "URGENT", _("A fatal date within days")

    class State(models.TextChoices):
        SENDING = "SENDING", _("Sending")
        SENT = "SENT", _("Sent")
        # It was cut off, its day is over, and what it said is owed again.
        UNSURE = "UNSURE", _("Cut off")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    to = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    kind = models.CharField(max_length=8, choices=Kind)
    # A fatal date within days is in it: cut off, it goes again the same day, under the same Message-ID.
    pressing = models.BooleanField()
    state = models.CharField(max_length=8, choices=State, default=State.SENDING)
    tries = models.PositiveSmallIntegerField(default=1)
    claimed_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["to", "day", "kind"], name="one_dispatch_a_day"),
        ]
        indexes = [
            models.Index(fields=["claimed_at"], condition=Q(state="SENDING"), name="dispatches_under_way"),
        ]

    def __str__(self) -> str:
        return f"dispatch {self.id}"


class Reminder(models.Model):
    """One rung of one deadline's ladder, for one person: owed, then sending, then sent, then seen."""

    class State(models.TextChoices):
        OWED = "OWED", _("Owed")
        SENDING = "SENDING", _("Sending")
        SENT = "SENT", _("Sent")

    class Level(models.IntegerChoices):
        """Who is told: those on the matter, and, while none of them answers, those above them."""

        TEAM = 0, _("On the matter")
        SUPERVISOR = 1, _("Supervisor")
        DIRECTOR = 2, _("Legal director")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    deadline = models.ForeignKey(Deadline, on_delete=models.CASCADE, related_name="reminders")
    to = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    # Days before the safe date; negative once it has passed.
    rung = models.SmallIntegerField()
    level = models.PositiveSmallIntegerField(choices=Level, default=Level.TEAM)
    counted_to = models.DateField()
    for_date = models.DateField()
    state = models.CharField(max_length=8, choices=State, default=State.OWED)
    dispatch = models.ForeignKey(
        Dispatch, null=True, blank=True, on_delete=models.SET_NULL, related_name="reminders"
    )
    sent_at = models.DateTimeField(null=True, blank=True)
    # When the person said, on the page, that they have seen it.
    seen_at = models.DateTimeField(null=True, blank=True)
    # When those above are told, unless someone has answered by then. Empty when that has been looked at.
    escalate_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # A deadline that moves climbs its ladder again, so the date it counted to is part of the rung.
            models.UniqueConstraint(
                fields=["deadline", "to", "rung", "counted_to"], name="one_reminder_a_rung"
            ),
        ]
        indexes = [
            models.Index(fields=["to"], condition=Q(state="OWED"), name="reminders_owed"),
            models.Index(
                fields=["to"], condition=Q(state="SENT", seen_at__isnull=True), name="reminders_unseen"
            ),
            models.Index(
                fields=["escalate_at"], condition=Q(escalate_at__isnull=False), name="reminders_to_escalate"
            ),
        ]

    def __str__(self) -> str:
        return f"reminder {self.id}"


class Hours(models.Model):
    """When one person wants their reminders. Without a row, the clinic's zone and the usual hours hold."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="reminder_hours")
    # Empty for the clinic's.
    time_zone = models.CharField(max_length=64, blank=True, default="")
    morning = models.PositiveSmallIntegerField()
    quiet_from = models.PositiveSmallIntegerField()
    quiet_until = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(morning__lte=23, quiet_from__lte=23, quiet_until__lte=23),
                name="an_hour_is_of_the_day",
            ),
        ]

    def __str__(self) -> str:
        return f"hours {self.id}"

    @property
    def face(self) -> Clockface:
        return Clockface(morning=self.morning, quiet_from=self.quiet_from, quiet_until=self.quiet_until)


class Feed(models.Model):
    """The one calendar link of one person. Whoever holds its token reads case codes and days, no more."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="+")
    token_hash = models.BinaryField(max_length=32, unique=True)
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"feed {self.id}"
