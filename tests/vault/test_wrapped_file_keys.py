"""A file's key, wrapped: 86 bytes that open only in the row and column they are for."""

from __future__ import annotations

import os
import pickle
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from caseapp.vault import cipher
from caseapp.vault.cipher import DataKey, FileKey, SealFormat, SealKeyGone, SealTampered, field_place
from tests.vault import independent

CLINIC, SUBJECT, ROW, PLACE = UUID(int=1), UUID(int=2), UUID(int=3).bytes, field_place(4, 2)
SECRET, KEY_ID = bytes(range(32)), bytes(range(8))
FILE_KEY = FileKey(bytes(range(100, 132)))


def key(*, clinic: UUID = CLINIC, subject: UUID = SUBJECT, suite: int = cipher.SUITE_GCM_SIV) -> DataKey:
    return DataKey(SECRET, key_id=KEY_ID, clinic=clinic, subject=subject, suite=suite)


def bound_to(box: bytes) -> bytes:
    return b"SF1" + box[:10] + CLINIC.bytes + SUBJECT.bytes + bytes.fromhex("0000000400000002") + ROW


@pytest.mark.parametrize("suite", cipher.SUITES)
def test_it_is_wrapped_as_the_handbook_says_whatever_seals_values(suite: int) -> None:
    box = key(suite=suite).wrap_file(FILE_KEY, PLACE, ROW)

    wrap_key = independent.mac(SECRET, b"SF1 file\x01")
    inside = independent.gcm_siv_open(wrap_key, box[10:22], box[22:], bound_to(box))
    assert (len(box), box[:10]) == (86, b"\xc1\x01" + KEY_ID)
    assert inside == FILE_KEY + independent.mac(FILE_KEY, b"SF1 commit" + ROW)[:16]


def test_it_opens_where_it_belongs_and_says_nothing_of_itself() -> None:
    opened = key().unwrap_file(key().wrap_file(FILE_KEY, PLACE, ROW), PLACE, ROW)

    assert opened == FILE_KEY
    assert {repr(opened), str(opened), f"{opened}", format(opened, "s")} == {"‹file key›"}
    with pytest.raises(TypeError, match="stays in the process"):
        pickle.dumps(opened)


def test_it_opens_nowhere_else() -> None:
    box = key().wrap_file(FILE_KEY, PLACE, ROW)

    for opening, place, row in (
        (key(), field_place(4, 3), ROW),
        (key(), PLACE, uuid4().bytes),
        (key(clinic=uuid4()), PLACE, ROW),
        (key(subject=uuid4()), PLACE, ROW),
    ):
        with pytest.raises(SealTampered, match="does not belong"):
            opening.unwrap_file(box, place, row)


def test_it_is_never_wrapped_the_same() -> None:
    assert len({key().wrap_file(FILE_KEY, PLACE, ROW) for _ in range(100)}) == 100


def test_another_keys_another_length_and_another_suite_are_told_apart() -> None:
    box = key().wrap_file(FILE_KEY, PLACE, ROW)

    for spoilt, refusal in (
        (box[:2] + bytes(8) + box[10:], SealKeyGone),
        (box + b"\0", SealFormat),
        (box[:-1], SealFormat),
        (box[:1] + b"\x02" + box[2:], SealFormat),
        (box[:-1] + bytes((box[-1] ^ 1,)), SealTampered),
    ):
        with pytest.raises(refusal):
            key().unwrap_file(spoilt, PLACE, ROW)


def test_one_whose_commitment_is_another_rows_is_refused() -> None:
    header, nonce = cipher.PREFIX + KEY_ID, os.urandom(12)
    inside = FILE_KEY + cipher.commitment(FILE_KEY, uuid4().bytes)
    sealed = AESGCMSIV(independent.mac(SECRET, b"SF1 file\x01")).encrypt(nonce, inside, bound_to(header))

    with pytest.raises(SealTampered, match="does not match the row"):
        key().unwrap_file(header + nonce + sealed, PLACE, ROW)
