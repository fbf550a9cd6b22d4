"""A sealed column of many rows says what the rows say, and keeps no key."""

from uuid import UUID

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from caseapp.vault import columns, keyring
from caseapp.vault.cipher import SealTampered
from tests.vault.conftest import record_person
from tests.vault.proof_models import Letter

pytestmark = pytest.mark.django_db(databases=["default", "keyring"])


def write(clinic: UUID, person: UUID, body: str) -> Letter:
    return Letter.objects.create(clinic_id=clinic, person_id=person, text=body)


def test_each_row_says_what_was_sealed(clinic: UUID, person: UUID) -> None:
    other = record_person(clinic)
    letters = {write(clinic, person, "uno").pk: "uno", write(clinic, other, "dos").pk: "dos"}

    assert dict(columns.read(Letter.objects.filter(clinic_id=clinic), "text")) == letters


def test_a_destroyed_key_is_told_from_nothing(clinic: UUID, person: UUID) -> None:
    gone, there = write(clinic, record_person(clinic), "uno"), write(clinic, person, "dos")
    keyring.destroy(clinic, [gone.person_id], reason="test")

    said = dict(columns.read(Letter.objects.filter(clinic_id=clinic), "text"))

    assert said[gone.pk] is columns.GONE
    assert said[there.pk] == "dos"


def test_another_subjects_key_opens_nothing(clinic: UUID, person: UUID) -> None:
    letter, other = write(clinic, person, "uno"), write(clinic, record_person(clinic), "dos")
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT text FROM vaultproof_letter WHERE id = %s", [other.pk])
        (box,) = cursor.fetchone()
        cursor.execute("UPDATE vaultproof_letter SET text = %s WHERE id = %s", [box, letter.pk])

    with pytest.raises(SealTampered):
        list(columns.read(Letter.objects.filter(clinic_id=clinic).order_by("pk"), "text"))


def test_no_key_is_held_afterwards(clinic: UUID, person: UUID) -> None:
    write(clinic, person, "uno")
    keyring.drop_all()

    list(columns.read(Letter.objects.filter(clinic_id=clinic), "text"))

    assert keyring.cache.newest(clinic, person) is None


def test_keys_come_in_one_query_for_all_rows(clinic: UUID) -> None:
    for number in range(5):
        write(clinic, record_person(clinic), str(number))
    keyring.drop_all()
    keyring.field_key(clinic, record_person(clinic))

    with CaptureQueriesContext(connections["keyring"]) as asked:
        assert len(list(columns.read(Letter.objects.filter(clinic_id=clinic), "text"))) == 5

    assert len(asked) == 1
