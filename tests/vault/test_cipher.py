"""SF1: what it seals opens only in its own place, and everything else is refused in one of four ways."""

import itertools
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseapp.vault import cipher
from caseapp.vault.cipher import (
    DataKey,
    SealError,
    SealFormat,
    SealKeyGone,
    SealTampered,
    WrappingKey,
    field_place,
    padded_length,
)
from tests.vault import independent

VECTORS = json.loads(Path(__file__).with_name("sf1_vectors.json").read_text(encoding="utf-8"))
CLINIC, SUBJECT, ROW = uuid4(), uuid4(), uuid4().bytes
PLACE = field_place(4, 2)
KEY, KEY_ID = os.urandom(32), os.urandom(8)
key = DataKey(KEY, key_id=KEY_ID, clinic=CLINIC, subject=SUBJECT)


def frozen_key(**changed: Any) -> DataKey:
    ids: dict[str, Any] = {"key_id": bytes.fromhex(VECTORS["key_id"]), "clinic": UUID(VECTORS["clinic"])}
    return DataKey(bytes.fromhex(VECTORS["key"]), subject=UUID(VECTORS["subject"]), **ids | changed)


FROZEN_PLACE = field_place(VECTORS["model_id"], VECTORS["field_id"])
FROZEN_ROW = UUID(VECTORS["row"]).bytes


@pytest.mark.parametrize("vector", VECTORS["values"], ids=lambda v: f"{v['kind']}-{len(v['value'])}")
def test_a_frozen_value_opens(vector: dict[str, Any]) -> None:
    opened = frozen_key().open(bytes.fromhex(vector["box"]), vector["kind"], FROZEN_PLACE, FROZEN_ROW)

    assert opened == (vector["value"].encode() if vector["kind"] != cipher.EMPTY else b"")


@pytest.mark.parametrize("vector", VECTORS["values"], ids=lambda v: f"{v['kind']}-{len(v['value'])}")
def test_sealing_with_the_frozen_nonce_gives_the_frozen_bytes(
    vector: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "urandom", lambda n: bytes.fromhex(vector["nonce"]))

    box = frozen_key().seal(vector["value"].encode(), vector["kind"], FROZEN_PLACE, FROZEN_ROW)

    assert box.hex() == vector["box"]


def test_the_frozen_wrap_opens_and_is_made_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    wrap = VECTORS["wrap"]
    wrapping = WrappingKey(
        bytes.fromhex(wrap["clinic_key"]), clinic=UUID(VECTORS["clinic"]), generation=wrap["generation"]
    )
    named: dict[str, Any] = {"key_id": bytes.fromhex(VECTORS["key_id"]), "subject": UUID(VECTORS["subject"])}
    monkeypatch.setattr(os, "urandom", lambda n: bytes.fromhex(wrap["nonce"]))

    made = wrapping.wrap(bytes.fromhex(VECTORS["key"]), **named)

    assert made.hex() == wrap["wrapped"]
    assert wrapping.unwrap(bytes.fromhex(wrap["wrapped"]), **named).hex() == VECTORS["key"]


@given(st.binary(max_size=3000), st.sampled_from([cipher.TEXT, cipher.DATE, cipher.JSON]))
def test_what_is_sealed_opens_in_its_place(value: bytes, kind: int) -> None:
    assert key.open(key.seal(value, kind, PLACE, ROW), kind, PLACE, ROW) == value


def test_the_sealed_nothing_opens_as_none_whatever_the_kind() -> None:
    box = key.seal(b"", cipher.EMPTY, PLACE, ROW)

    assert [key.open(box, kind, PLACE, ROW) for kind in (cipher.TEXT, cipher.DATE, cipher.JSON)] == [None] * 3


def test_nothing_cannot_be_told_from_a_short_value() -> None:
    nothing, something = key.seal(b"", cipher.EMPTY, PLACE, ROW), key.seal(b"A" * 30, cipher.TEXT, PLACE, ROW)

    assert len(nothing) == len(something) == 70
    assert nothing[:10] == something[:10]


def test_a_value_up_to_64_bytes_has_one_of_three_lengths() -> None:
    lengths = {len(key.seal(b"x" * n, cipher.TEXT, PLACE, ROW)) for n in range(65)}

    assert lengths == {70, 102, 134}


@pytest.mark.parametrize(
    ("length", "padded"),
    [
        (1, 32),
        (32, 32),
        (33, 64),
        (1024, 1024),
        (1025, 1088),
        (1088, 1088),
        (1089, 1152),
        (5002, 5120),
        (65537, 67584),
    ],
)
def test_padding_follows_blocks_then_padme(length: int, padded: int) -> None:
    assert padded_length(length) == padded


@given(st.integers(min_value=1, max_value=10_000_000))
def test_padding_never_shrinks_and_costs_little(length: int) -> None:
    padded = padded_length(length)

    assert padded >= length
    assert padded - length < 32 or padded <= length * 1.12


def test_the_same_value_is_never_sealed_the_same() -> None:
    assert len({key.seal(b"again", cipher.TEXT, PLACE, ROW) for _ in range(1000)}) == 1000


# Every place a value may be bound to, each part differing from every other in the three that follow.
PARTS: dict[str, list[Any]] = {
    "key": [KEY, os.urandom(32), os.urandom(32)],
    "clinic": [CLINIC, uuid4(), uuid4()],
    "subject": [SUBJECT, uuid4(), uuid4()],
    "model": [4, 5, 0x04000000],
    "field": [2, 3, 0x02000000],
    "row": [ROW, uuid4().bytes, uuid4().bytes],
}


@pytest.mark.parametrize(
    ("part", "there", "here"),
    [(part, there, here) for part in PARTS for there, here in itertools.permutations(range(3), 2)],
)
def test_a_value_moved_to_another_place_does_not_open(part: str, there: int, here: int) -> None:
    def at(which: int) -> tuple[DataKey, bytes, bytes]:
        own = {name: choices[which if name == part else 0] for name, choices in PARTS.items()}
        own_key = DataKey(own["key"], key_id=KEY_ID, clinic=own["clinic"], subject=own["subject"])
        return own_key, field_place(own["model"], own["field"]), own["row"]

    sealing, place, row = at(there)
    box = sealing.seal(b"only here", cipher.TEXT, place, row)
    opening, place, row = at(here)

    with pytest.raises(SealTampered):
        opening.open(box, cipher.TEXT, place, row)


def test_model_and_field_swapped_is_another_place() -> None:
    box = key.seal(b"only here", cipher.TEXT, field_place(2, 4), ROW)

    with pytest.raises(SealTampered):
        key.open(box, cipher.TEXT, field_place(4, 2), ROW)


def test_a_value_of_another_kind_does_not_open() -> None:
    box = key.seal(b"2026-01-01", cipher.TEXT, PLACE, ROW)

    with pytest.raises(SealTampered):
        key.open(box, cipher.DATE, PLACE, ROW)


def test_a_bit_flipped_anywhere_is_noticed() -> None:
    box = key.seal(b"2026-01-01", cipher.DATE, PLACE, ROW)

    for at, bit in itertools.product(range(len(box)), range(8)):
        forged = box[:at] + bytes([box[at] ^ 1 << bit]) + box[at + 1 :]
        expected = SealFormat if at < 2 else SealKeyGone if at < 10 else SealTampered
        with pytest.raises(expected):
            key.open(forged, cipher.DATE, PLACE, ROW)


def test_a_box_cut_short_or_added_to_is_noticed() -> None:
    box = key.seal(b"x" * 80, cipher.TEXT, PLACE, ROW)

    for length in range(len(box)):
        with pytest.raises(SealFormat if length < 70 else SealTampered):
            key.open(box[:length], cipher.TEXT, PLACE, ROW)
    for added in range(1, 65):
        with pytest.raises(SealTampered):
            key.open(box + bytes(added), cipher.TEXT, PLACE, ROW)


@pytest.mark.parametrize("suite", [0, 3, 255])
def test_another_suite_is_refused_as_a_format(suite: int) -> None:
    box = key.seal(b"x", cipher.TEXT, PLACE, ROW)

    with pytest.raises(SealFormat):
        key.open(bytes([box[0], suite]) + box[2:], cipher.TEXT, PLACE, ROW)


@settings(max_examples=2000)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.binary(min_size=60, max_size=200).map(lambda tail: b"\xc1\x01" + KEY_ID + tail),
        st.binary(min_size=60, max_size=200).map(lambda tail: b"\xc1" + tail),
    )
)
def test_any_bytes_at_all_give_only_the_typed_errors(junk: bytes) -> None:
    with pytest.raises(SealError) as caught:
        key.open(junk, cipher.TEXT, PLACE, ROW)

    assert type(caught.value) in {SealFormat, SealKeyGone, SealTampered}


@given(st.data())
def test_padding_that_a_key_holder_wrote_wrongly_is_refused(data: st.DataObject) -> None:
    text = data.draw(
        st.sampled_from(
            [
                bytes(32),
                b"\x80".ljust(32, b"\0"),
                b"\x00hidden\x80".ljust(32, b"\0"),
                b"\x01" * 32,
                b"\x01x".ljust(32, b"\0"),
            ]
        )
    )
    nonce = data.draw(st.binary(min_size=12, max_size=12))
    header = b"\xc1\x01" + KEY_ID
    box = header + nonce + key._encrypt(nonce, text, key._bound_to + PLACE + ROW)

    with pytest.raises(SealTampered):
        key.open(box, cipher.TEXT, PLACE, ROW)


@pytest.mark.parametrize("wrong", ["key", "clinic", "subject", "key_id", "generation", "length", "bit"])
def test_a_wrapped_key_opens_only_as_the_key_it_is(wrong: str) -> None:
    secret, dek = os.urandom(32), os.urandom(32)
    wrapping = WrappingKey(secret, clinic=CLINIC, generation=3)
    wrapped = wrapping.wrap(dek, key_id=KEY_ID, subject=SUBJECT)
    assert len(wrapped) == 80
    assert wrapping.unwrap(wrapped, key_id=KEY_ID, subject=SUBJECT) == dek

    opening = WrappingKey(
        os.urandom(32) if wrong == "key" else secret,
        clinic=uuid4() if wrong == "clinic" else CLINIC,
        generation=3,
    )
    if wrong == "generation":
        wrapped = bytes([0, 0, 0, 4]) + wrapped[4:]
    if wrong == "bit":
        wrapped = wrapped[:-1] + bytes([wrapped[-1] ^ 1])
    if wrong == "length":
        wrapped = wrapped[:-1]

    with pytest.raises(SealFormat if wrong == "length" else SealTampered):
        opening.unwrap(
            wrapped,
            key_id=os.urandom(8) if wrong == "key_id" else KEY_ID,
            subject=uuid4() if wrong == "subject" else SUBJECT,
        )


def test_a_key_whose_commitment_is_anothers_is_refused() -> None:
    wrapping = WrappingKey(bytes(32), clinic=CLINIC, generation=1)
    nonce, dek = os.urandom(12), os.urandom(32)
    bound_to = b"SF1 wrap" + CLINIC.bytes + SUBJECT.bytes + KEY_ID + b"\0\0\0\1"
    body = dek + cipher.commitment(os.urandom(32), KEY_ID)
    wrapped = b"\0\0\0\1" + nonce + wrapping._cipher.encrypt(nonce, body, bound_to)

    with pytest.raises(SealTampered, match="does not match the name"):
        wrapping.unwrap(wrapped, key_id=KEY_ID, subject=SUBJECT)


@pytest.mark.parametrize(("length", "id_length"), [(31, 8), (33, 8), (16, 8), (32, 7), (32, 9)])
def test_a_key_of_another_length_is_refused(length: int, id_length: int) -> None:
    with pytest.raises(SealFormat):
        DataKey(bytes(length), key_id=bytes(id_length), clinic=CLINIC, subject=SUBJECT)


@pytest.mark.parametrize("secret", [key, WrappingKey(bytes(32), clinic=CLINIC, generation=1)])
def test_a_key_says_nothing_of_itself_and_is_not_pickled(secret: object) -> None:
    assert repr(secret) in {"‹data key›", "‹wrapping key›"}
    with pytest.raises(TypeError, match="stays in the process"):
        pickle.dumps(secret)


def test_the_cipher_loads_no_django() -> None:
    code = "import sys, caseapp.vault.cipher; sys.exit('django' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0


def test_the_numbers_in_every_box_are_those_of_the_handbook() -> None:
    assert (cipher.EMPTY, cipher.TEXT, cipher.DATE, cipher.JSON) == (0, 1, 2, 3)
    assert (cipher.VERSION, cipher.SUITE_GCM_SIV, cipher.SUITE_GCM) == (0xC1, 1, 2)
    assert (cipher.HEADER_BYTES, cipher.NONCE_BYTES, cipher.TAG_BYTES, cipher.SHORTEST_BOX) == (
        10,
        12,
        16,
        70,
    )


def test_the_shortest_box_is_long_enough_and_one_byte_less_is_not() -> None:
    assert cipher.key_id_of(b"\xc1\x01" + KEY_ID + bytes(60)) == KEY_ID
    with pytest.raises(SealFormat):
        cipher.key_id_of(b"\xc1\x01" + KEY_ID + bytes(59))


def test_a_key_made_for_another_suite_to_open_it_is_kept() -> None:
    reader = DataKey(KEY, key_id=KEY_ID, clinic=CLINIC, subject=SUBJECT)
    box = second.seal(b"A201", cipher.TEXT, PLACE, ROW)

    assert reader._for(box) is reader._for(box)


def test_a_key_wrapped_anew_opens_under_the_new_one_only() -> None:
    old, new = (WrappingKey(bytes([n]) * 32, clinic=CLINIC, generation=n) for n in (1, 2))
    named: dict[str, Any] = {"key_id": KEY_ID, "subject": SUBJECT}

    wrapped = old.rewrap(old.wrap(KEY, **named), to=new, **named)

    assert new.unwrap(wrapped, **named) == KEY
    assert wrapped[:4] == bytes([0, 0, 0, 2])
    with pytest.raises(SealTampered):
        old.unwrap(wrapped, **named)


# Suite 2


second = DataKey(KEY, key_id=KEY_ID, clinic=CLINIC, subject=SUBJECT, suite=cipher.SUITE_GCM)


@pytest.mark.parametrize("value", [b"", b"A201", "María".encode() * 300], ids=len)
def test_a_key_opens_both_suites_whichever_it_seals_with(value: bytes) -> None:
    boxes = [by.seal(value, cipher.TEXT, PLACE, ROW) for by in (key, second)]

    assert [box[1] for box in boxes] == [1, 2]
    assert len(boxes[0]) == len(boxes[1])
    assert [by.open(box, cipher.TEXT, PLACE, ROW) for by in (key, second) for box in boxes] == [value] * 4


def test_suite_2_opens_with_another_implementation() -> None:
    box = second.seal("María".encode(), cipher.TEXT, PLACE, ROW)

    opened = independent.open_value(box, KEY, CLINIC.bytes, SUBJECT.bytes, [4, 2], ROW)

    assert opened == "\x01María".encode()


def test_a_value_of_one_suite_is_not_taken_for_one_of_the_other() -> None:
    for by, other in ((key, 2), (second, 1)):
        box = by.seal(b"A201", cipher.TEXT, PLACE, ROW)
        for reader in (key, second):
            with pytest.raises(SealTampered):
                reader.open(box[:1] + bytes([other]) + box[2:], cipher.TEXT, PLACE, ROW)


def test_a_value_of_suite_2_opens_in_its_own_place_only() -> None:
    box = second.seal(b"A201", cipher.TEXT, PLACE, ROW)
    strangers = DataKey(KEY, key_id=KEY_ID, clinic=uuid4(), subject=SUBJECT, suite=cipher.SUITE_GCM)

    with pytest.raises(SealTampered):
        second.open(box, cipher.TEXT, field_place(4, 3), ROW)
    with pytest.raises(SealTampered):
        second.open(box, cipher.TEXT, PLACE, uuid4().bytes)
    with pytest.raises(SealTampered):
        strangers.open(box, cipher.TEXT, PLACE, ROW)
    with pytest.raises(SealTampered):
        key.open(box[:-1] + bytes([box[-1] ^ 1]), cipher.TEXT, PLACE, ROW)


@pytest.mark.parametrize("suite", cipher.SUITES)
def test_a_box_of_any_suite_that_names_another_key_is_told_as_gone(suite: int) -> None:
    other = DataKey(KEY, key_id=bytes(8), clinic=CLINIC, subject=SUBJECT, suite=suite)

    with pytest.raises(SealKeyGone):
        key.open(other.seal(b"A201", cipher.TEXT, PLACE, ROW), cipher.TEXT, PLACE, ROW)
