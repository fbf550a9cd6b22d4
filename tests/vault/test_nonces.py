"""No nonce is used twice, whichever process draws it, and what it would cost if one were.

AMPARO_LONG=1 draws ten million.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from uuid import UUID

import pytest

from caseapp.vault import checks, cipher
from caseapp.vault.cipher import DataKey, field_place
from tests.vault.long import tries

CLINIC, SUBJECT, ROW = UUID(int=1), UUID(int=2), UUID(int=3).bytes
PLACE = field_place(4, 2)
PROCESSES = 4
HEAPS = 16


def key(suite: int = cipher.SUITE_GCM_SIV) -> DataKey:
    return DataKey(bytes(32), key_id=bytes(8), clinic=CLINIC, subject=SUBJECT, suite=suite)


SHARED = key()


def draw(count: int) -> list[bytearray]:
    """Seal `count` values and return their nonces, in heaps by their first four bits."""
    heaps = [bytearray() for _ in range(HEAPS)]
    for _ in range(count):
        nonce = SHARED.seal(b"x", cipher.TEXT, PLACE, ROW)[10:22]
        heaps[nonce[0] >> 4] += nonce
    return heaps


def in_a_fork(act: Callable[[], bytes]) -> tuple[int, int]:
    """Start `act` in a forked child; return its pid and where to read what it returns."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        with os.fdopen(writing, "wb") as out:
            out.write(act())
        os._exit(0)
    os.close(writing)
    return pid, reading


def test_forked_processes_never_draw_the_same_nonce() -> None:
    each = tries(100_000, 10_000_000) // PROCESSES
    heaps = [bytearray() for _ in range(HEAPS)]
    children = [in_a_fork(lambda: b"".join(map(sized, draw(each)))) for _ in range(PROCESSES)]

    for pid, reading in children:
        with os.fdopen(reading, "rb") as found:
            for heap in heaps:
                heap += found.read(int.from_bytes(found.read(8), "big"))
        assert os.waitpid(pid, 0)[1] == 0

    assert sum(map(len, heaps)) == each * PROCESSES * 12
    for heap in heaps:
        assert len({bytes(heap[at : at + 12]) for at in range(0, len(heap), 12)}) == len(heap) // 12


def sized(heap: bytearray) -> bytes:
    return len(heap).to_bytes(8, "big") + heap


def test_a_random_source_that_stands_still_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "urandom", lambda count: bytes(range(count)))

    assert [found.id for found in checks.the_cipher_works_here()] == ["vault.C001"]


def xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def test_a_repeated_nonce_shows_under_suite_1_only_that_two_values_are_equal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "urandom", lambda count: bytes(count))
    one, other = b"A201-555-902", b"A201-555-903"
    texts = xor(one, other)

    siv = [key().seal(value, cipher.TEXT, PLACE, ROW) for value in (one, one, other)]
    elsewhere = key().seal(one, cipher.TEXT, field_place(4, 3), ROW)
    gcm = [key(cipher.SUITE_GCM).seal(value, cipher.TEXT, PLACE, ROW) for value in (one, other)]

    assert siv[0] == siv[1], "equal values in one place are seen to be equal"
    assert xor(siv[0], siv[2])[23:35] != texts
    assert sum(byte == 0 for byte in xor(siv[0][22:], siv[2][22:])) < 6, "and unequal ones share nothing"
    assert sum(byte == 0 for byte in xor(siv[0][22:], elsewhere[22:])) < 6
    assert xor(*gcm)[23:35] == texts, "suite 2 gives away their difference, which this test can see"
