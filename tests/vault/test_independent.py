"""A decryptor that shares no code with ours opens, from databases and root key alone, what ours sealed."""

import json
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from caseapp.vault.models import ClinicKey, Epoch, SubjectKey
from tests.vault import independent
from tests.vault.proof_models import DECLARED, Letter

VECTORS = json.loads(Path(__file__).with_name("sf1_vectors.json").read_text(encoding="utf-8"))


def one(database: str, query: str, *arguments: Any) -> Any:
    with connections[database].cursor() as cursor:
        cursor.execute(query, arguments)
        (row,) = cursor.fetchall()
    return row


@pytest.mark.django_db(databases=["default", "keyring"])
@pytest.mark.parametrize(
    ("column", "value", "plain"),
    [
        ("text", "Q'anjob'al, María", "\x01Q'anjob'al, María".encode()),
        ("text", "x" * 500, b"\x01" + b"x" * 500),
        ("day", date(1989, 2, 11), b"\x021989-02-11"),
        ("facts", {"b": [1, None], "a": "ñ"}, '\x03{"a":"ñ","b":[1,null]}'.encode()),
        ("number", None, b"\x00"),
    ],
)
def test_a_row_opens_without_this_program(
    clinic: UUID, person: UUID, root_key: Path, column: str, value: Any, plain: bytes
) -> None:
    row = Letter.objects.create(clinic_id=clinic, person_id=person, **{column: value})
    box, row_id, subject, of_clinic = one(
        "default", f"SELECT {column}, id, person_id, clinic_id FROM vaultproof_letter WHERE id = %s", row.pk
    )
    wrapped, generation = one(
        "keyring", f"SELECT wrapped, generation FROM {SubjectKey._meta.db_table} WHERE key_id = %s", box[2:10]
    )
    wrapped_clinic, deployment = one(
        "keyring",
        f"SELECT k.wrapped, e.deployment FROM {ClinicKey._meta.db_table} k, {Epoch._meta.db_table} e"
        " WHERE k.clinic_id = %s AND k.generation = %s",
        of_clinic,
        generation,
    )
    declared = DECLARED[f"vaultproof.Letter.{column}"]

    wrapping = independent.clinic_key(
        root_key.read_bytes(), wrapped_clinic, deployment.bytes, of_clinic.bytes, generation
    )
    key = independent.subject_key(of_clinic.bytes, subject.bytes, box[2:10], wrapped, wrapping)
    numbers = [declared.model_id, declared.field_id]
    opened = independent.open_value(box, key, of_clinic.bytes, subject.bytes, numbers, row_id.bytes)

    assert opened == plain


def test_the_frozen_root_wrap_leads_to_the_frozen_value() -> None:
    clinic, subject = UUID(VECTORS["clinic"]).bytes, UUID(VECTORS["subject"]).bytes
    root, wrap = VECTORS["root"], VECTORS["wrap"]
    wrapped = bytes.fromhex(wrap["wrapped"])

    wrapping = independent.clinic_key(
        bytes.fromhex(root["root_key"]),
        bytes.fromhex(root["wrapped"]),
        UUID(root["deployment"]).bytes,
        clinic,
        wrap["generation"],
    )
    key = independent.subject_key(clinic, subject, bytes.fromhex(VECTORS["key_id"]), wrapped, wrapping)

    assert wrapping.hex() == wrap["clinic_key"]
    assert key.hex() == VECTORS["key"]


def test_the_decryptor_is_short_enough_to_write_again() -> None:
    assert len(Path(independent.__file__).read_text(encoding="utf-8").splitlines()) <= 80
