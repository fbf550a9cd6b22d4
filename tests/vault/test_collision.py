"""One ciphertext that two keys open: AES-GCM-SIV lets it be made, and SF1 does not take it.

GCM-SIV does not bind a ciphertext to one key. POLYVAL is linear in the blocks of the text, so with two
blocks free to choose, two linear equations over GF(2^128) give a text whose tag is right under both keys.
"""

from __future__ import annotations

import random
from uuid import UUID

import pytest
from Crypto.Cipher import AES
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from caseapp.vault import cipher
from caseapp.vault.cipher import DataKey, SealKeyGone, SealTampered, WrappingKey, field_place, subkey
from tests.vault.independent import gcm_siv_keys

CLINIC, SUBJECT, ROW = UUID(int=1), UUID(int=2), UUID(int=3).bytes
PLACE, NONCE = field_place(4, 2), bytes(range(12))
KEYS = (bytes(range(32)), bytes(range(32, 64)))
IDS = (b"victim's", b"attacker")
REDUCTION = 1 << 128 | 1 << 127 | 1 << 126 | 1 << 121 | 1


def dot(a: int, b: int) -> int:
    """Multiply as POLYVAL does (RFC 8452, section 3): a · b · x^-128."""
    product = 0
    for bit in range(128):
        product ^= a if b >> bit & 1 else 0
        product = (product ^ (REDUCTION if product & 1 else 0)) >> 1
    return product


def inverse(a: int) -> int:
    """Return what dot() with `a` takes to its neutral element: a to the power 2^128 - 2."""
    result, square = None, dot(a, a)
    for _ in range(127):
        result = square if result is None else dot(result, square)
        square = dot(square, square)
    assert result is not None
    return result


def blocks(data: bytes) -> list[int]:
    padded = data + bytes(-len(data) % 16)
    return [int.from_bytes(padded[at : at + 16], "little") for at in range(0, len(padded), 16)]


def counter(tag: bytes, number: int) -> bytes:
    start = (int.from_bytes(tag[:4], "little") + number) % 2**32
    return start.to_bytes(4, "little") + tag[4:15] + bytes((tag[15] | 0x80,))


class Side:
    """One of the two keys, for one nonce: its cipher, its POLYVAL key, and its key stream for a tag."""

    def __init__(self, key: bytes) -> None:
        auth, enc = gcm_siv_keys(key, NONCE)
        self.hash_key = int.from_bytes(auth, "little")
        self.aes = AES.new(enc, AES.MODE_ECB)

    def stream(self, tag: bytes, number: int) -> int:
        return int.from_bytes(self.aes.encrypt(counter(tag, number)), "little")

    def hash_wanted(self, tag: bytes) -> int | None:
        """Return what POLYVAL has to give for this tag, or None if nothing can: one bit of it is masked."""
        before = self.aes.decrypt(tag)
        return None if before[15] & 0x80 else int.from_bytes(before, "little") ^ blocks(NONCE)[0]

    def power(self, count: int) -> int:
        result = self.hash_key
        for _ in range(count - 1):
            result = dot(result, self.hash_key)
        return result

    def equation(self, tag: bytes, text: list[int | None], aad: bytes) -> tuple[int, int, int]:
        """Return (p, q, r) with dot(free 1, p) ^ dot(free 2, q) == r: the tag is right for this key."""
        known, size = blocks(aad), len(text)
        lengths = len(aad) * 8 | size * 128 << 64
        wanted = self.hash_wanted(tag)
        assert wanted is not None
        factors = []
        places = [*known, *text, lengths]
        for number, block in enumerate(places):
            factor = self.power(len(places) - number)
            at = number - len(known)
            plain = block
            if 0 <= at < size:
                plain = self.stream(tag, at) ^ (block or 0)
                if block is None:
                    factors.append(factor)
            wanted ^= dot(plain or 0, factor)
        return factors[0], factors[1], wanted


def collide(keys: tuple[bytes, bytes], tag: bytes, text: list[int | None], aad: bytes) -> bytes:
    """Return a ciphertext and `tag` that both keys open. `text`: ciphertext blocks, None for the two free."""
    (p1, q1, r1), (p2, q2, r2) = (Side(key).equation(tag, text, aad) for key in keys)
    scale = inverse(dot(p1, q2) ^ dot(p2, q1))
    found = [dot(dot(r1, q2) ^ dot(r2, q1), scale), dot(dot(r1, p2) ^ dot(r2, p1), scale)]
    made = [found.pop(0) if block is None else block for block in text]
    return b"".join(block.to_bytes(16, "little") for block in made) + tag


def tags_both_can_give(keys: tuple[bytes, bytes], chance: random.Random, *, text_like: bool) -> bytes:
    """Return a tag that can be right for both keys and, if asked, gives text that passes for a value.

    That takes the key streams to agree in the byte of the kind and in the last, where the padding ends.
    """
    one, other = (Side(key) for key in keys)
    drawn = [chance.randbytes(16) for _ in range(2**19 if text_like else 64)]
    if text_like:
        for number, byte in ((0, 0), (3, 15)):
            streams = [
                side.aes.encrypt(b"".join(counter(tag, number) for tag in drawn))[byte::16]
                for side in (one, other)
            ]
            drawn = [tag for tag, a, b in zip(drawn, *streams, strict=True) if a == b]
    return next(
        tag for tag in drawn if one.hash_wanted(tag) is not None and other.hash_wanted(tag) is not None
    )


def test_a_value_that_two_keys_open_is_taken_only_under_the_key_it_names() -> None:
    victim, attacker = (
        DataKey(key, key_id=key_id, clinic=CLINIC, subject=SUBJECT)
        for key, key_id in zip(KEYS, IDS, strict=True)
    )
    field_keys = (subkey(KEYS[0], b"SF1 field"), subkey(KEYS[1], b"SF1 field"))
    header = cipher.PREFIX + IDS[0]
    aad = b"SF1" + header + CLINIC.bytes + SUBJECT.bytes + PLACE + ROW
    tag = tags_both_can_give(field_keys, random.Random(1), text_like=True)
    side = Side(field_keys[0])
    first = side.stream(tag, 0) ^ cipher.TEXT
    last = side.stream(tag, 3) ^ 0x80 << 120

    sealed = collide(field_keys, tag, [first, None, None, last], aad)

    texts = [AESGCMSIV(key).decrypt(NONCE, sealed, aad) for key in field_keys]
    assert texts[0] != texts[1]
    assert {(text[0], text[-1]) for text in texts} == {(cipher.TEXT, 0x80)}, "each would pass for a value"
    box = header + NONCE + sealed
    assert victim.open(box, cipher.TEXT, PLACE, ROW) == texts[0][1:-1]
    with pytest.raises(SealKeyGone):
        attacker.open(box, cipher.TEXT, PLACE, ROW)
    with pytest.raises(SealTampered):
        attacker.open(cipher.PREFIX + IDS[1] + box[10:], cipher.TEXT, PLACE, ROW)


def test_a_wrapped_key_that_two_clinic_keys_open_is_refused_by_its_commitment() -> None:
    generation = (3).to_bytes(4, "big")
    aad = b"SF1 wrap" + CLINIC.bytes + SUBJECT.bytes + IDS[0] + generation
    tag = tags_both_can_give(KEYS, random.Random(2), text_like=False)
    chosen = random.Random(3).randbytes(32)
    commitment = cipher.commitment(chosen, IDS[0])
    side = Side(KEYS[0])
    last = side.stream(tag, 2) ^ int.from_bytes(commitment, "little")

    sealed = collide(KEYS, tag, [None, None, last], aad)

    opened = [AESGCMSIV(key).decrypt(NONCE, sealed, aad) for key in KEYS]
    assert opened[0][:32] != opened[1][:32], "the bare cipher gives two keys"
    for key in KEYS:
        with pytest.raises(SealTampered, match="does not match the name"):
            WrappingKey(key, clinic=CLINIC, generation=3).unwrap(
                generation + NONCE + sealed, key_id=IDS[0], subject=SUBJECT
            )
