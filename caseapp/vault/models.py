"""The keyring: tables in a database of their own, holding keys that are useless without the root key.

Only keyring.py reads them. Nothing here has a relation to the data, and nothing says who anyone is.
"""

from typing import Final
from uuid import UUID, uuid4

from django.db import models
from django.db.models import F, Func, IntegerField, Q
from django.db.models.functions import Now
from django.db.models.lookups import Exact


def _bytes_in(column: str) -> Func:
    return Func(F(column), function="octet_length", output_field=IntegerField())


class KeyState(models.TextChoices):
    """A key's life, one step after the other and never back, which the database enforces.

    Only an active key seals; any key that is still here opens. A generation is retired once no
    subject's key is wrapped by it, a subject's key once no row is sealed with it.
    """

    ADDED = "ADDED", "Added"
    ACTIVE = "ACTIVE", "Active"
    RETIRING = "RETIRING", "Retiring"
    RETIRED = "RETIRED", "Retired"
    DESTROYED = "DESTROYED", "Destroyed"


ENDED: Final = (KeyState.RETIRED, KeyState.DESTROYED)


class ClinicKey(models.Model):
    """One generation of a clinic's key. The root key wraps it, and it wraps the keys of subjects."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic_id = models.UUIDField()
    generation = models.PositiveIntegerField()
    # NULL once the generation is destroyed, and with it the copy the officers could open.
    wrapped = models.BinaryField(null=True)
    escrowed = models.BinaryField(null=True)
    state = models.CharField(max_length=10, choices=KeyState, default=KeyState.ACTIVE)
    made_at = models.DateTimeField(db_default=Now())
    retired_at = models.DateTimeField(null=True)
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state=KeyState.DESTROYED, wrapped__isnull=True, escrowed__isnull=True)
                | ~Q(state=KeyState.DESTROYED) & Q(wrapped__isnull=False),
                name="a_destroyed_clinic_key_is_gone",
            ),
            models.CheckConstraint(
                condition=Q(state=KeyState.DESTROYED, destroyed_at__isnull=False)
                | ~Q(state=KeyState.DESTROYED) & Q(destroyed_at__isnull=True),
                name="destroyed_clinic_key_says_when",
            ),
            models.CheckConstraint(
                condition=Q(state__in=ENDED, retired_at__isnull=False)
                | ~Q(state__in=ENDED) & Q(retired_at__isnull=True),
                name="retired_clinic_key_says_when",
            ),
            models.UniqueConstraint(
                fields=["clinic_id"], condition=Q(state=KeyState.ACTIVE), name="one_active_key_per_clinic"
            ),
            models.UniqueConstraint(fields=["clinic_id", "generation"], name="one_clinic_key_per_generation"),
        ]

    def __str__(self) -> str:
        return f"clinic key {self.id}, generation {self.generation}"


class SubjectKey(models.Model):
    """The key of one person, matter or clinic. Destroying it destroys what it sealed, wherever copied.

    The salt makes the tombstone's pseudonym, and goes when the key goes. A key that is rotated hands
    it on to the next. A destroyed key has no row.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    key_id = models.BinaryField(unique=True)
    clinic_id = models.UUIDField()
    subject_id = models.UUIDField()
    wrapped = models.BinaryField()
    salt = models.BinaryField()
    generation = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=KeyState, default=KeyState.ACTIVE)
    made_at = models.DateTimeField(db_default=Now())
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=ENDED, retired_at__isnull=False)
                | ~Q(state__in=ENDED) & Q(retired_at__isnull=True),
                name="retired_subject_key_says_when",
            ),
            models.UniqueConstraint(
                fields=["clinic_id", "subject_id"],
                condition=Q(state=KeyState.ACTIVE),
                name="one_active_key_per_subject",
            ),
            models.CheckConstraint(condition=Exact(_bytes_in("key_id"), 8), name="key_id_is_8_bytes"),
            models.CheckConstraint(condition=Exact(_bytes_in("wrapped"), 80), name="wrapped_key_is_80_bytes"),
            models.CheckConstraint(condition=Exact(_bytes_in("salt"), 16), name="salt_is_16_bytes"),
        ]
        indexes = [
            # For loading the keys of the subjects on a page, and for destroying them.
            models.Index(fields=["clinic_id", "subject_id"], name="keys_by_subject"),
        ]

    def __str__(self) -> str:
        return f"subject key {bytes(self.key_id).hex()}"


class Tombstone(models.Model):
    """A key that was destroyed. Kept for good, so that an old copy of the keyring cannot bring it back."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    key_id = models.BinaryField(unique=True)
    clinic_id = models.UUIDField()
    subject_pseudonym = models.BinaryField()
    reason = models.CharField(max_length=40)
    generation = models.PositiveIntegerField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="tombstone_says_why"),
        ]

    def __str__(self) -> str:
        return f"tombstone of key {bytes(self.key_id).hex()}"


class Epoch(models.Model):
    """One row. Its number rises whenever keys are destroyed; seeing that, a process drops its copies."""

    ONLY: Final = UUID(int=1)

    id = models.UUIDField(primary_key=True, default=ONLY, editable=False)
    number = models.BigIntegerField(default=1)
    deployment = models.UUIDField(default=uuid4, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=UUID(int=1)), name="there_is_one_epoch"),
        ]

    def __str__(self) -> str:
        return f"epoch {self.number}"


class Officers(models.Model):
    """One row: to whom each clinic key is sealed besides the root, and a canary only two shares can open."""

    ONLY: Final = UUID(int=1)

    id = models.UUIDField(primary_key=True, default=ONLY, editable=False)
    recipient = models.TextField()
    canary = models.BinaryField()
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=UUID(int=1)), name="there_is_one_set_of_officers"),
        ]

    def __str__(self) -> str:
        return "the officers' recipient"


KEYRING_MODELS: Final = (ClinicKey, SubjectKey, Tombstone, Epoch, Officers)
