"""Tables that exist only for these tests: two kinds of sealed row, each with every kind of column."""

from uuid import uuid4

from django.db import models

from caseapp.vault.declared import model, public, sealed
from caseapp.vault.fields import SealedDateField, SealedJSONField, SealedTextField
from caseapp.vault.rows import SealedRow


class Letter(SealedRow):
    sealed_under = "person_id"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic_id = models.UUIDField()
    person_id = models.UUIDField()
    colour = models.CharField(max_length=20, default="white")
    text = SealedTextField(max_length=500, blank=True)
    reply = SealedTextField(null=True, blank=True)
    day = SealedDateField(null=True, blank=True)
    facts = SealedJSONField(null=True, blank=True)
    number = SealedTextField(hide_presence=True, null=True, blank=True)

    class Meta:
        app_label = "vaultproof"

    def __str__(self) -> str:
        return f"letter {self.id}"


class Parcel(SealedRow):
    sealed_under = "person_id"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    clinic_id = models.UUIDField()
    person_id = models.UUIDField()
    text = SealedTextField(blank=True)

    class Meta:
        app_label = "vaultproof"

    def __str__(self) -> str:
        return f"parcel {self.id}"


class Stamp(models.Model):
    """Something unsealed that points at a letter, as a deadline does at a matter."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    letter = models.ForeignKey(Letter, on_delete=models.CASCADE)

    class Meta:
        app_label = "vaultproof"

    def __str__(self) -> str:
        return f"stamp {self.id}"


DECLARED = {
    **model(
        "vaultproof.Letter",
        991,
        id=public("test"),
        text=sealed(1, "test"),
        reply=sealed(2, "test"),
        day=sealed(3, "test"),
        facts=sealed(4, "test"),
        number=sealed(5, "test"),
    ),
    **model("vaultproof.Parcel", 992, text=sealed(1, "test")),
}
