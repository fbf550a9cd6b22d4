"""Clients and their families, and the safe ways to reach them."""

from __future__ import annotations

from uuid import uuid4

from django.db import models
from django.utils.translation import gettext_lazy as _

from caseapp.access import rules
from caseapp.access.models import Clinic, User
from caseapp.vault.fields import SealedDateField, SealedJSONField, SealedTextField
from caseapp.vault.rows import SealedQuerySet, SealedRow


class PersonQuerySet(SealedQuerySet["Person"]):
    def visible_to(self, user: User) -> PersonQuerySet:
        # A sub-select: someone on two of this person's matters is still one row.
        return self.filter(pk__in=Person.objects.filter(rules.people_open_to(user)).values("pk"))


class Person(SealedRow):
    """A client or a member of a client's family. Everything said about them is under their own key."""

    sealed_under = "id"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="people")
    given_names = SealedTextField(max_length=120)
    first_surname = SealedTextField(max_length=120)
    second_surname = SealedTextField(max_length=120)
    own_script = SealedTextField(max_length=240)
    other_names = SealedTextField(max_length=500)
    birth_date = SealedDateField(hide_presence=True, null=True)
    a_number = SealedTextField(max_length=9, hide_presence=True)
    country = SealedTextField(max_length=80)
    language = SealedTextField(max_length=80)
    interpreter = SealedJSONField()
    # What the roster is built from; see people/roster.py.
    search_card = SealedJSONField()
    card_seq = models.BigIntegerField(default=0)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    objects = PersonQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        indexes = [
            models.Index(fields=["clinic", "-changed_at"], name="people_latest_first"),
            # For the roster, which reads only what changed since it last looked.
            models.Index(fields=["clinic", "card_seq"], name="people_by_card_seq"),
        ]

    @property
    def name(self) -> str:
        """The name in full, as it is said: given names, then each surname."""
        return " ".join(filter(None, [self.given_names, self.first_surname, self.second_surname]))

    def __str__(self) -> str:
        return f"person {self.id}"


class SafeContact(SealedRow):
    """A way to reach someone that will not put them in danger, and the hours at which it is safe."""

    class Channel(models.TextChoices):
        TEXT = "text", _("Text message")
        CALL = "call", _("Call")
        WHATSAPP = "whatsapp", _("WhatsApp")
        EMAIL = "email", _("E-mail")
        LETTER = "letter", _("Letter")
        THROUGH = "through someone", _("Through someone")

    sealed_under = "person_id"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="safe_contacts")
    channel = SealedTextField(max_length=20)
    address = SealedTextField(max_length=240)
    hours = SealedTextField(max_length=240)
    instructions = SealedTextField(max_length=500)
    recorded_at = models.DateTimeField()

    @property
    def channel_label(self) -> str:
        return str(self.Channel(self.channel).label)

    def __str__(self) -> str:
        return f"safe contact {self.id}"


class PaperQuerySet(SealedQuerySet["Paper"]):
    def visible_to(self, user: User) -> PaperQuerySet:
        return self.filter(person__in=Person.objects.visible_to(user))


class Paper(SealedRow):
    """A paper that says who someone is or what they may do, and the last day on which it is valid."""

    class Kind(models.TextChoices):
        PASSPORT = "passport", _("Passport")
        WORK_PERMIT = "work permit", _("Work permit (EAD)")
        ENTRY = "entry", _("Entry record (I-94)")
        CERTIFICATION = "certification", _("Certification (U or T visa)")
        OTHER = "other", _("Something else")

    sealed_under = "person_id"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="papers")
    kind = SealedTextField(max_length=20)
    number = SealedTextField(max_length=60, hide_presence=True)
    expires_on = SealedDateField(hide_presence=True, null=True)
    note = SealedTextField(max_length=500, hide_presence=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    objects = PaperQuerySet.as_manager()  # type: ignore[misc]

    @property
    def kind_label(self) -> str:
        return str(self.Kind(self.kind).label)

    def __str__(self) -> str:
        return f"paper {self.id}"


class Relation(SealedRow):
    """That two people are family. How they are related is under the first person's key."""

    sealed_under = "person_id"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="relations")
    relative = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="related_to")
    kind = SealedTextField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "relative"], name="related_once"),
            models.CheckConstraint(
                condition=~models.Q(person=models.F("relative")), name="nobody_is_their_own_relative"
            ),
        ]

    def __str__(self) -> str:
        return f"relation {self.id}"
