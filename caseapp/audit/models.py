"""What was done, by whom, to what, never what it said; and the signed roots that pin it down."""

from uuid import uuid4

from django.db import models
from django.utils.translation import gettext_lazy as _


class Entry(models.Model):
    """One link of a clinic's chain. Bare references, no foreign keys: the entry outlives what it names."""

    class Event(models.TextChoices):
        CLINIC_MADE = "clinic:made", _("Clinic set up")
        STAFF_INVITED = "staff:invited", _("Colleague invited")
        STAFF_JOINED = "staff:joined", _("Colleague joined")
        STAFF_CHANGED = "staff:changed", _("Role changed")
        STAFF_LOCKED_OUT = "staff:locked-out", _("Colleague locked out")
        STAFF_LET_IN = "staff:let-in", _("Colleague let in again")
        STAFF_RESET = "staff:reset", _("Signing in reset")
        INVITATION_WITHDRAWN = "invitation:withdrawn", _("Invitation withdrawn")
        SECOND_STEP_CHANGED = "second-step:changed", _("Second step changed")
        SIGNED_IN = "session:began", _("Signed in")
        LOCKED = "session:locked", _("Locked")
        CLIENT_RECORDED = "client:recorded", _("Client recorded")
        CLIENT_CHANGED = "client:changed", _("Client changed")
        CLIENT_VIEWED = "client:viewed", _("Client opened")
        CLIENTS_LISTED = "client:listed", _("Client list opened")
        VALUE_SHOWN = "client:value-shown", _("Masked value shown")
        SEARCHED = "client:searched", _("Search")
        RELATION_RECORDED = "relation:recorded", _("Family member recorded")
        PAPER_RECORDED = "paper:recorded", _("Identity paper recorded")
        PAPER_CHANGED = "paper:changed", _("Identity paper changed")
        PAPER_REMOVED = "paper:removed", _("Identity paper removed")
        MATTER_OPENED = "matter:opened", _("Matter opened")
        MATTER_CHANGED = "matter:changed", _("Matter changed")
        MATTER_VIEWED = "matter:viewed", _("Matter viewed")
        MATTERS_LISTED = "matter:listed", _("Matter list opened")
        MATTER_ASSIGNED = "matter:assigned", _("Put on the matter")
        MATTER_UNASSIGNED = "matter:unassigned", _("Taken off the matter")
        MATTER_SCREENED = "matter:screened", _("Screened off the matter")
        MATTER_CLOSED = "matter:closed", _("Matter closed")
        MATTER_REOPENED = "matter:reopened", _("Matter reopened")
        NOTE_WRITTEN = "note:written", _("Note written")
        EVENT_RECORDED = "event:recorded", _("Decision or notice entered")
        NOTICE_ARRIVED = "notice:arrived", _("Notice arrived")
        NOTICE_ENTERED = "notice:entered", _("Notice turned into dates")
        NOTICE_NO_DATE = "notice:no-date", _("No date follows from the notice")
        DEADLINE_PROPOSED = "deadline:proposed", _("Date proposed")
        DEADLINE_VIEWED = "deadline:viewed", _("Date opened")
        DEADLINE_CONFIRMED = "deadline:confirmed", _("Date confirmed")
        DEADLINE_MET = "deadline:met", _("Date met")
        DEADLINE_MOVED = "deadline:moved", _("Date changed")
        DEADLINE_DROPPED = "deadline:dropped", _("Date no longer applies")
        DEADLINE_REOPENED = "deadline:reopened", _("Date opened again")
        CHANGE_ASKED = "change:asked", _("Second person asked")
        CHANGE_REFUSED = "change:refused", _("Second person said no")
        FILING_RECORDED = "filing:recorded", _("Filing recorded")
        FILING_CHANGED = "filing:changed", _("Filing outcome recorded")
        FILING_VIEWED = "filing:viewed", _("Filing opened")
        DOCUMENT_ADDED = "document:added", _("Document added")
        DOCUMENT_CHANGED = "document:changed", _("Document changed")
        DOCUMENT_VIEWED = "document:viewed", _("Document looked at")
        DOCUMENT_OPENED = "document:opened", _("Document's file opened")
        DOCUMENT_REMOVED = "document:removed", _("Document removed")
        REMINDER_SENT = "reminder:sent", _("Reminder sent")
        REMINDER_SEEN = "reminder:seen", _("Reminder seen")
        FEED_MADE = "feed:made", _("Calendar link made")
        FEED_ENDED = "feed:ended", _("Calendar link ended")
        HOLD_PLACED = "hold:placed", _("Hold placed")
        HOLD_LIFT_ASKED = "hold:lift-asked", _("Asked to lift a hold")
        HOLD_LIFTED = "hold:lifted", _("Hold lifted")
        PURGE_PROPOSED = "purge:proposed", _("Purge proposed")
        PURGE_REFUSED = "purge:refused", _("Purge refused")
        PURGE_APPROVED = "purge:approved", _("Purge approved")
        PURGED = "purge:done", _("Keys destroyed")
        PURGED_AGAIN = "purge:again", _("Removed again after a restore")
        KIT_MADE = "kit:made", _("Recovery kit made")
        KIT_REPLACED = "kit:replaced", _("Recovery kit replaced")
        RESTORED = "clinic:restored", _("Restored from a backup")
        AUDIT_VIEWED = "audit:viewed", _("Audit trail opened")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic_id = models.UUIDField()
    seq = models.BigIntegerField()
    at = models.DateTimeField()
    actor_id = models.UUIDField(null=True)
    event = models.CharField(max_length=40, choices=Event)
    matter_id = models.UUIDField(null=True)
    person_id = models.UUIDField(null=True)
    object_id = models.UUIDField(null=True)
    # The hash of what the entry vouches for: which keys a purge destroyed, for one.
    digest = models.BinaryField(max_length=32, null=True)
    previous = models.BinaryField(max_length=32)
    link = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            # The chain cannot fork: two entries never claim the same place.
            models.UniqueConstraint(fields=["clinic_id", "seq"], name="one_entry_at_each_place"),
        ]
        indexes = [
            models.Index(fields=["clinic_id", "matter_id", "-seq"], name="entries_of_a_matter"),
            models.Index(fields=["clinic_id", "person_id", "-seq"], name="entries_of_a_person"),
        ]

    def __str__(self) -> str:
        return f"{self.event} at {self.seq}"


class Anchor(models.Model):
    """The signed root of a clinic's trail as it stood on one day: who rewrites it later is found out."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic_id = models.UUIDField()
    day = models.DateField()
    size = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    public_key = models.BinaryField(max_length=32)
    signature = models.BinaryField(max_length=64)
    made_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic_id", "day"], name="one_anchor_a_day"),
        ]

    def __str__(self) -> str:
        return f"root of {self.size} entries on {self.day}"
