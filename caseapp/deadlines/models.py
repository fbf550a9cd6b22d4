"""Deadlines as kept: the event, the dates it makes, and every decision taken about them."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from caseapp.access.models import Clinic, User
from caseapp.matters.models import Matter
from caseapp.vault.fields import SealedDateField, SealedJSONField, SealedTextField
from caseapp.vault.rows import SealedQuerySet, SealedRow


class CaseEvent(SealedRow):
    """Something that happened in the case and starts clocks: a decision, a notice, a hearing date."""

    sealed_under = "matter_id"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    matter = models.ForeignKey(Matter, on_delete=models.CASCADE, related_name="events")
    kind = SealedTextField(max_length=60)
    on = SealedDateField()
    service = SealedTextField(max_length=20)
    outcome = SealedTextField(max_length=80)
    note = SealedTextField(max_length=1000)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"event {self.id}"


class DeadlineQuerySet(SealedQuerySet["Deadline"]):
    def visible_to(self, user: User) -> DeadlineQuerySet:
        return self.filter(matter__in=Matter.objects.visible_to(user))

    def open(self) -> DeadlineQuerySet:
        """Whatever still has to be done: proposals nobody confirmed yet are no less due."""
        return self.filter(state__in=[Deadline.State.PROPOSED, Deadline.State.CONFIRMED])

    def acting_by(self, last: date) -> DeadlineQuerySet:
        """Open deadlines whose safe date is `last` or earlier, the most urgent first."""
        return self.open().filter(safe__lte=last).order_by("safe", "legal", "pk")

    def falling_due(self, *, today: date, within_days: int) -> DeadlineQuerySet:
        """Open deadlines to act on in the next `within_days`, and every one already past."""
        return self.acting_by(today + timedelta(days=within_days))


class Deadline(SealedRow):
    """A date by which something must be done, and the count that says so.

    The dates stand in the clear, because the process that reminds holds no key. What is due, under
    which rule and by which steps is sealed under the matter's key.
    """

    class State(models.TextChoices):
        PROPOSED = "PROPOSED", _("Proposed")
        CONFIRMED = "CONFIRMED", _("Confirmed")
        MET = "MET", _("Met")
        DROPPED = "DROPPED", _("No longer applies")

    class Severity(models.TextChoices):
        FATAL = "fatal", _("Fatal")
        SERIOUS = "serious", _("Serious")
        ADVISORY = "advisory", _("Advisory")

    sealed_under = "matter_id"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    matter = models.ForeignKey(Matter, on_delete=models.CASCADE, related_name="deadlines")
    event = models.ForeignKey(CaseEvent, on_delete=models.CASCADE, related_name="deadlines")
    title = SealedTextField(max_length=200)
    # The whole count as the law room gave it: rule, variant, trigger, steps, authority, status, versions.
    computation = SealedJSONField()
    severity = models.CharField(max_length=10, choices=Severity)
    protective = models.BooleanField(default=False)
    nominal = models.DateField()
    legal = models.DateField()
    safe = models.DateField()
    # Days before the safe date on which the people on the matter are reminded.
    ladder = ArrayField(models.PositiveSmallIntegerField())
    state = models.CharField(max_length=10, choices=State, default=State.PROPOSED)
    met_on = models.DateField(null=True, blank=True)
    # The day on which the nightly sweep has to look at it next. The database itself sets it to the first
    # rung whenever the day, the ladder or the state changes, so no change can leave a reminder out.
    remind_on = models.DateField(null=True, editable=False)

    objects = DeadlineQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="MET", met_on__isnull=False) | ~Q(state="MET") & Q(met_on__isnull=True),
                name="met_on_goes_with_met",
            ),
        ]
        indexes = [
            # For the nightly sweep in reminders, which reads only what has a rung to climb.
            models.Index(
                fields=["clinic", "remind_on"],
                condition=Q(state__in=["PROPOSED", "CONFIRMED"]),
                name="open_deadlines_to_remind",
            ),
            models.Index(
                fields=["safe"],
                condition=Q(state__in=["PROPOSED", "CONFIRMED"]),
                name="open_deadlines_by_safe",
            ),
        ]

    @property
    def is_open(self) -> bool:
        return self.state in (self.State.PROPOSED, self.State.CONFIRMED)

    @property
    def wants_two(self) -> bool:
        return self.severity == self.Severity.FATAL

    def __str__(self) -> str:
        return f"deadline {self.id}"


class Change(SealedRow):
    """A decision about a deadline: who took it, who was the second person, and why. Never deleted."""

    class Kind(models.TextChoices):
        CONFIRM = "CONFIRM", _("Confirm")
        MEET = "MEET", _("Mark met")
        MOVE = "MOVE", _("Change the date")
        DROP = "DROP", _("No longer applies")
        REOPEN = "REOPEN", _("Open again")

    class State(models.TextChoices):
        WAITING = "WAITING", _("Waiting for a second person")
        DONE = "DONE", _("Done")
        REFUSED = "REFUSED", _("Second person said no")

    sealed_under = "matter_id"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    matter = models.ForeignKey(Matter, on_delete=models.CASCADE, related_name="+")
    deadline = models.ForeignKey(Deadline, on_delete=models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=10, choices=Kind)
    state = models.CharField(max_length=10, choices=State)
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    second_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    second_at = models.DateTimeField(null=True, blank=True)
    reason = SealedTextField(max_length=1000)
    # When it was done (MEET), and the filing or document that proves it: bare references, for those rooms
    # do not stand below this one.
    on = models.DateField(null=True, blank=True)
    filing_id = models.UUIDField(null=True, blank=True)
    document_id = models.UUIDField(null=True, blank=True)
    # The dates it was moved from and to (MOVE); the computed ones stay in the deadline's computation.
    legal = models.DateField(null=True, blank=True)
    safe = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["deadline"], condition=Q(state="WAITING"), name="one_change_waits_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(state="WAITING", second_by__isnull=True) | ~Q(state="WAITING"),
                name="nobody_seconded_what_waits",
            ),
            models.CheckConstraint(
                condition=~Q(kind="MOVE") | Q(legal__isnull=False, safe__isnull=False, safe__lte=F("legal")),
                name="a_move_says_where_to",
            ),
        ]

    def __str__(self) -> str:
        return f"change {self.id}"


class NoticeQuerySet(SealedQuerySet["Notice"]):
    def visible_to(self, user: User) -> NoticeQuerySet:
        return self.filter(matter__in=Matter.objects.visible_to(user))

    def waiting(self) -> NoticeQuerySet:
        """Nobody has entered yet what it says, nor said that no date follows. Of open matters."""
        return self.filter(settled_at__isnull=True, matter__closed_on__isnull=True)


class Notice(SealedRow):
    """A paper that arrived. It waits until its dates are entered, or someone says that none follows."""

    sealed_under = "matter_id"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    matter = models.ForeignKey(Matter, on_delete=models.CASCADE, related_name="notices")
    # Which event of the catalogue it seems to be, if anyone could tell.
    kind = SealedTextField(max_length=60, hide_presence=True)
    dated = SealedDateField(null=True, hide_presence=True)
    arrived_on = SealedDateField()
    service = SealedTextField(max_length=20)
    sender = SealedTextField(max_length=120, hide_presence=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    settled_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    settled_at = models.DateTimeField(null=True, blank=True)
    # What was entered from it; without one, the reason why no date follows.
    event = models.ForeignKey(CaseEvent, null=True, on_delete=models.CASCADE, related_name="+")
    reason = SealedTextField(max_length=1000, hide_presence=True)

    objects = NoticeQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        indexes = [
            models.Index(fields=["matter"], condition=Q(settled_at__isnull=True), name="notices_waiting"),
        ]

    def __str__(self) -> str:
        return f"notice {self.id}"
