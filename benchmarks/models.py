"""Tables that exist only while benchmarks run: the product's, with plain columns or under other libraries."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, ClassVar, Final
from uuid import uuid4

from django.db import models
from django_cryptography.fields import encrypt
from encrypted_fields.fields import EncryptedTextField as FernetTextField
from fieldseal import FieldContext, Fieldseal
from fieldseal.keyprovider import StaticKeyProvider
from tink_fields import EncryptedTextField as TinkTextField

from caseapp.access.models import Clinic, User
from caseapp.vault import registry
from caseapp.vault.declared import model, sealed
from caseapp.vault.fields import SealedTextField
from caseapp.vault.rows import SealedRow

SIX: Final = ("one", "two", "three", "four", "five", "six")


class FieldsealTextField(models.BinaryField):  # type: ignore[type-arg]
    """A text under fieldseal, bound to its table and column. Its own adapter needs Python 3.12."""

    _keys = StaticKeyProvider(
        key_id=os.urandom(16), tenant_dek=os.urandom(32), tenant_index_key=os.urandom(32)
    )
    _seal = Fieldseal(
        key_provider=_keys, allowed_suites={0xFF01}, write_suite=0xFF01, arm_provisional_suites=True
    )
    _table = uuid4().bytes

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._column = FieldContext(table_uuid=self._table, column_uuid=uuid4().bytes)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return super().get_db_prep_value(
            self._seal.encrypt(value.encode(), self._column), connection, prepared
        )

    def from_db_value(self, value: bytes, expression: object, connection: object) -> str:
        return self._seal.decrypt(bytes(value), self._column).decode()


def _six(name: str, base: type[models.Model], kind: Callable[[], Any], **more: Any) -> Any:
    """Return a model of six texts, each in a field that `kind` makes."""
    columns: dict[str, Any] = {each: kind() for each in SIX}
    columns |= {
        "__module__": __name__,
        "__doc__": f"{name}: six texts.",
        "Meta": type("Meta", (), {"app_label": "benchmarks"}),
        "id": models.UUIDField(primary_key=True, default=uuid4, editable=False),
        "clinic_id": models.UUIDField(),
        "person_id": models.UUIDField(),
    }
    return type(name, (base,), columns | more)


PlainSix = _six("PlainSix", models.Model, models.TextField)
SealedSix = _six("SealedSix", SealedRow, SealedTextField, sealed_under="person_id")
FernetSix = _six("FernetSix", models.Model, FernetTextField)
TinkSix = _six("TinkSix", models.Model, TinkTextField)
CryptographySix = _six("CryptographySix", models.Model, lambda: encrypt(models.TextField()))
FieldsealSix = _six("FieldsealSix", models.Model, FieldsealTextField)


class PlainPerson(models.Model):
    """The Person of the product with its values in the clear."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    given_names = models.TextField()
    first_surname = models.TextField()
    second_surname = models.TextField()
    own_script = models.TextField()
    other_names = models.TextField()
    birth_date = models.DateField(null=True)
    a_number = models.TextField()
    country = models.TextField()
    language = models.TextField()
    interpreter = models.BooleanField()
    search_card = models.JSONField()
    card_seq = models.BigIntegerField(default=0)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        app_label = "benchmarks"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["clinic", "-changed_at"], name="plain_people_latest_first"),
            models.Index(fields=["clinic", "card_seq"], name="plain_people_by_card_seq"),
        ]

    def __str__(self) -> str:
        return f"plain person {self.id}"

    @property
    def name(self) -> str:
        return " ".join(filter(None, [self.given_names, self.first_surname, self.second_surname]))


class PlainMatter(models.Model):
    """The Matter of the product with its values in the clear."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=16)
    kind = models.TextField()
    stage = models.TextField()
    detained = models.BooleanField()
    outcome = models.TextField()
    opened_on = models.DateField()
    closed_on = models.DateField(null=True)
    kept_as = models.CharField(max_length=20, null=True)  # noqa: DJ001 (as the product's)
    keep_until = models.DateField(null=True)
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        app_label = "benchmarks"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["clinic", "code"], name="plain_one_matter_per_code"),
        ]

    def __str__(self) -> str:
        return f"plain matter {self.code}"


class PlainParty(models.Model):
    """The Party of the product."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    matter = models.ForeignKey(PlainMatter, on_delete=models.CASCADE, related_name="parties")
    person = models.ForeignKey(PlainPerson, on_delete=models.CASCADE, related_name="parties")
    role = models.CharField(max_length=12)

    class Meta:
        app_label = "benchmarks"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["matter", "person"], name="plain_party_once"),
        ]

    def __str__(self) -> str:
        return f"plain party {self.id}"


class PlainAssignment(models.Model):
    """The Assignment of the product."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    matter = models.ForeignKey(PlainMatter, on_delete=models.CASCADE, related_name="assignments")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=16)
    until = models.DateField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "benchmarks"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["matter", "user"],
                condition=models.Q(ended_at__isnull=True),
                name="plain_assigned_once",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["user"], condition=models.Q(ended_at__isnull=True), name="plain_live_assignments"
            )
        ]

    def __str__(self) -> str:
        return f"plain assignment {self.id}"


class PlainScreen(models.Model):
    """The Screen of the product."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    matter = models.ForeignKey(PlainMatter, on_delete=models.CASCADE, related_name="screens")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        app_label = "benchmarks"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["matter", "user"], name="plain_screened_once"),
        ]

    def __str__(self) -> str:
        return f"plain screen {self.id}"


SIXES: Final[tuple[Any, ...]] = (
    PlainSix,
    SealedSix,
    FernetSix,
    TinkSix,
    CryptographySix,
    FieldsealSix,
)
PLAIN_CLINIC: Final[tuple[Any, ...]] = (PlainPerson, PlainMatter, PlainParty, PlainAssignment, PlainScreen)

# Sealed values are bound to a column's numbers. These are far from any of the product's.
_NUMBERED: Final = {name: sealed(at, "benchmark") for at, name in enumerate(SIX, 1)}
registry.FIELDS.update(model("benchmarks.SealedSix", 999_001, **_NUMBERED))
