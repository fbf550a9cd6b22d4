"""The people who work here, the clinic they work for, and how they are let in."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import uuid4

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

from caseapp.vault.fields import SealedTextField
from caseapp.vault.rows import SealedQuerySet, SealedRow


class Clinic(SealedRow):
    """A clinic: the outer wall. Nothing of one clinic is ever shown to another."""

    sealed_under = "id"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    name = SealedTextField(max_length=120)
    time_zone = models.CharField(max_length=64, default="America/New_York")
    made_at = models.DateTimeField()
    # Counts changes to people, so that each process can tell whether its roster is behind.
    people_seq = models.BigIntegerField(default=0)

    @property
    def clinic_id(self) -> Any:
        return self.id

    def __str__(self) -> str:
        return f"clinic {self.id}"


class UserManager(BaseUserManager["User"]):
    def get_queryset(self) -> SealedQuerySet[User]:
        return SealedQuerySet(self.model, using=self._db)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(SealedRow, AbstractBaseUser):
    """A member of staff. The e-mail address is how they sign in and where reminders go."""

    class Role(models.TextChoices):
        DIRECTOR = "DIRECTOR", _("Legal director")
        ATTORNEY = "ATTORNEY", _("Attorney")
        REPRESENTATIVE = "REPRESENTATIVE", _("Accredited representative")
        PARALEGAL = "PARALEGAL", _("Paralegal")
        VOLUNTEER = "VOLUNTEER", _("Volunteer")
        IT = "IT", _("IT")

    sealed_under = "clinic_id"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="staff")
    email = models.EmailField(unique=True)
    name = SealedTextField(max_length=120)
    role = models.CharField(max_length=20, choices=Role, default=Role.PARALEGAL)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField()
    # Any session that began before this moment is over: set when someone is locked out or reset.
    sessions_end_before = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return f"user {self.id}"


class SetupLink(models.Model):
    """A one-time link, printed to the operator, that makes a clinic and its director."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    token_hash = models.BinaryField(max_length=32, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"set-up link {self.id}"


class InvitationQuerySet(SealedQuerySet["Invitation"]):
    def unused(self) -> InvitationQuerySet:
        """Links neither used nor withdrawn, whether or not their time has run out."""
        return self.filter(used_at__isnull=True, withdrawn_at__isnull=True)

    def open(self, *, now: datetime) -> InvitationQuerySet:
        """Links that still let someone in."""
        return self.unused().filter(expires_at__gt=now)


class Invitation(SealedRow):
    """A one-time link that lets one person in: to join, or to set up signing in again."""

    sealed_under = "clinic_id"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="invitations")
    token_hash = models.BinaryField(max_length=32, unique=True)
    # Empty when the link is for someone who already works here: theirs is known, and the operator's
    # command that makes such a link holds no key.
    email = SealedTextField(max_length=254, null=True)
    role = models.CharField(max_length=20, choices=User.Role)
    # Set when the link lets an existing member of staff set up signing in again.
    for_user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="resets")
    invited_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="invitations_made")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()  # type: ignore[misc]

    def __str__(self) -> str:
        return f"invitation {self.id}"
