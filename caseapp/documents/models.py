"""A document as kept: what it is and until when it is valid, and each version of its file."""

from __future__ import annotations

from uuid import uuid4

from django.db import models
from django.utils.translation import gettext_lazy as _

from caseapp.access.models import Clinic, User
from caseapp.matters.models import Matter
from caseapp.vault.fields import SealedDateField, SealedJSONField, SealedTextField
from caseapp.vault.file_keys import FileKeyField
from caseapp.vault.rows import SealedQuerySet, SealedRow


class DocumentQuerySet(SealedQuerySet["Document"]):
    def visible_to(self, user: User) -> DocumentQuerySet:
        return self.filter(matter__in=Matter.objects.visible_to(user))


class Document(SealedRow):
    """One paper of a matter. It belongs to the case, whoever it names, and is sealed under the case's key."""

    class Kind(models.TextChoices):
        PASSPORT = "passport", _("Passport")
        WORK_PERMIT = "work permit", _("Work permit (EAD)")
        ENTRY = "entry", _("Entry record (I-94)")
        IDENTITY = "identity", _("Identity or civil record")
        CERTIFICATION = "certification", _("Certification (U or T visa)")
        NOTICE = "notice", _("Notice or receipt")
        DECISION = "decision", _("Decision or order")
        FILED = "filed", _("Filed copy")
        DECLARATION = "declaration", _("Declaration")
        EVIDENCE = "evidence", _("Evidence")
        MEDICAL = "medical", _("Medical or psychological report")
        TRANSLATION = "translation", _("Translation")
        AGREEMENT = "agreement", _("Agreement or consent")
        LETTER = "letter", _("Letter")
        OTHER = "other", _("Something else")

    sealed_under = "matter_id"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    matter = models.ForeignKey(Matter, on_delete=models.CASCADE, related_name="documents")
    title = SealedTextField(max_length=200)
    kind = SealedTextField(max_length=20)
    # The last day on which a passport, permit or certification is valid.
    expires_on = SealedDateField(null=True, blank=True, hide_presence=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    objects = DocumentQuerySet.as_manager()  # type: ignore[misc]

    @property
    def kind_label(self) -> str:
        return str(self.Kind(self.kind).label)

    def __str__(self) -> str:
        return f"document {self.id}"


class VersionQuerySet(SealedQuerySet["Version"]):
    def visible_to(self, user: User) -> VersionQuerySet:
        return self.filter(matter__in=Matter.objects.visible_to(user))


class Version(SealedRow):
    """One file of a document. It lies in the storage under the name of this row's id."""

    sealed_under = "matter_id"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    matter = models.ForeignKey(Matter, on_delete=models.CASCADE, related_name="+")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField()
    file_key = FileKeyField()
    name = SealedTextField(max_length=200)
    media_type = SealedTextField(max_length=100)
    # Bytes, before padding.
    size = SealedJSONField()
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    objects = VersionQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["document", "number"], name="one_file_per_version"),
        ]

    def __str__(self) -> str:
        return f"version {self.id}"


class OwedRemoval(models.Model):
    """A file that no row keeps any more and that the storage may still have. Its key is gone already."""

    # The name under which it lies: the id of the version that it was.
    id = models.UUIDField(primary_key=True, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField()

    def __str__(self) -> str:
        return f"owed removal {self.id}"
