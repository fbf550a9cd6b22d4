"""Whatever bytes stand where a sealed value should: one of the typed errors, and never a value.

AMPARO_LONG=1 tries a million values and a hundred thousand files. AMPARO_SEED=... is another seed.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from uuid import UUID

from caseapp.vault import cipher
from caseapp.vault.cipher import (
    DataKey,
    FileKey,
    SealFormat,
    SealKeyGone,
    SealLocked,
    SealTampered,
    WrappingKey,
    field_place,
)
from caseapp.vault.streaming import HEADER_BYTES, Opener, Sealer
from tests.vault.long import tries

SEED = int(os.environ.get("AMPARO_SEED", "20260603"))
TYPED = (SealFormat, SealKeyGone, SealLocked, SealTampered)
CLINIC, SUBJECT, ROW = UUID(int=1), UUID(int=2), UUID(int=3).bytes
PLACE, KEY_ID = field_place(4, 2), bytes(range(8))
KEYS = [
    DataKey(bytes(32), key_id=KEY_ID, clinic=CLINIC, subject=SUBJECT, suite=suite) for suite in cipher.SUITES
]
WRAPPING = WrappingKey(bytes(range(32)), clinic=CLINIC, generation=3)
SEGMENT = 128

Mutation = Callable[[random.Random, bytes], bytes]


def flip_bits(chance: random.Random, box: bytes) -> bytes:
    spoilt = bytearray(box)
    for _ in range(chance.randint(1, 4)):
        spoilt[chance.randrange(len(box))] ^= 1 << chance.randrange(8)
    return bytes(spoilt)


def write_over(chance: random.Random, box: bytes) -> bytes:
    at = chance.randrange(len(box))
    return box[:at] + chance.randbytes(len(box) - at)


def replace_a_run(chance: random.Random, box: bytes) -> bytes:
    at, size = chance.randrange(len(box)), chance.randint(1, 20)
    return box[:at] + chance.randbytes(size) + box[at + size :]


def cut(chance: random.Random, box: bytes) -> bytes:
    return box[: chance.randrange(len(box))]


def cut_the_beginning(chance: random.Random, box: bytes) -> bytes:
    return box[chance.randint(1, len(box)) :]


def add(chance: random.Random, box: bytes) -> bytes:
    return box + chance.randbytes(chance.randint(1, 64))


def repeat_a_part(chance: random.Random, box: bytes) -> bytes:
    start, end = sorted(chance.sample(range(len(box) + 1), 2))
    return box[:end] + box[start:]


def other_header(chance: random.Random, box: bytes) -> bytes:
    """Fields of the header, each right or wrong: version, suite, key id."""
    version = chance.choice((b"\xc1", bytes((chance.randrange(256),))))
    suite = chance.choice((b"\x01", b"\x02", bytes((chance.randrange(256),))))
    key_id = chance.choice((KEY_ID, chance.randbytes(8), bytes(8)))
    return version + suite + key_id + chance.choice((box[10:], chance.randbytes(chance.randrange(120))))


def nothing_of_it(chance: random.Random, box: bytes) -> bytes:
    return chance.randbytes(chance.randrange(300))


MUTATIONS: list[Mutation] = [
    flip_bits,
    write_over,
    replace_a_run,
    cut,
    cut_the_beginning,
    add,
    repeat_a_part,
    other_header,
    nothing_of_it,
]


def refusal(act: Callable[[bytes], object], spoilt: bytes, number: int) -> type[BaseException]:
    """Return the type of what `act` raises. Fails with the case if it is untyped, or if nothing is raised."""
    try:
        act(spoilt)
    except TYPED as refused:
        assert type(refused) in TYPED, f"seed {SEED}, case {number}: {spoilt.hex()}"
        return type(refused)
    except Exception as error:
        raise AssertionError(
            f"seed {SEED}, case {number}: {type(error).__name__} for {spoilt.hex()}"
        ) from error
    raise AssertionError(f"seed {SEED}, case {number}: it opened: {spoilt.hex()}")


def test_no_spoilt_value_opens_or_fails_in_an_untyped_way() -> None:
    chance = random.Random(SEED)
    values = [key.seal(b"x" * size, cipher.TEXT, PLACE, ROW) for key in KEYS for size in (0, 9, 80, 1500)]
    readers = [lambda box, key=key: key.open(box, cipher.TEXT, PLACE, ROW) for key in KEYS]
    seen: dict[type[BaseException], int] = {}

    for number in range(tries(20_000, 1_000_000)):
        box = chance.choice(values)
        spoilt = chance.choice(MUTATIONS)(chance, box)
        if spoilt != box:
            refused = refusal(chance.choice(readers), spoilt, number)
            seen[refused] = seen.get(refused, 0) + 1

    assert set(seen) == {SealFormat, SealKeyGone, SealTampered}
    assert min(seen.values()) > 500


def test_no_spoilt_wrapped_key_opens_or_fails_in_an_untyped_way() -> None:
    chance = random.Random(SEED)
    wrapped = WRAPPING.wrap(bytes(32), key_id=KEY_ID, subject=SUBJECT)
    file_key = KEYS[0].wrap_file(FileKey(bytes(32)), PLACE, ROW)

    for number in range(tries(5_000, 100_000)):
        for box, act in (
            (wrapped, lambda box: WRAPPING.unwrap(box, key_id=KEY_ID, subject=SUBJECT)),
            (file_key, lambda box: KEYS[0].unwrap_file(box, PLACE, ROW)),
        ):
            spoilt = chance.choice(MUTATIONS)(chance, box)
            if spoilt != box:
                refusal(act, spoilt, number)


def sealed_file(text: bytes) -> bytes:
    out = bytearray()
    sealer = Sealer(bytes(32), b"SF1 file" + ROW, lambda data: out.extend(data), segment=SEGMENT)
    sealer.update(text)
    sealer.finish()
    return bytes(out)


def read_file(sealed: bytes) -> bytes:
    fetch = lambda start, size: sealed[start : start + size]  # noqa: E731
    found = Opener(bytes(32), b"SF1 file" + ROW, fetch, len(sealed), segment=SEGMENT)
    text = b"".join(found.part(0, found.size))
    found.check_end()
    return text


def move_segments(chance: random.Random, sealed: bytes) -> bytes:
    segments = [sealed[at : at + SEGMENT] for at in range(0, len(sealed), SEGMENT)]
    one, other = chance.randrange(len(segments)), chance.randrange(len(segments))
    segments[one], segments[other] = segments[other], segments[one]
    return b"".join(segments)


def other_file_header(chance: random.Random, sealed: bytes) -> bytes:
    length = chance.choice((b"\x28", bytes((chance.randrange(256),))))
    return length + chance.choice((sealed[1:33], chance.randbytes(32))) + chance.randbytes(7) + sealed[40:]


def test_no_spoilt_file_opens_or_fails_in_an_untyped_way() -> None:
    chance = random.Random(SEED)
    files = [sealed_file(bytes(size)) for size in (0, 1, SEGMENT - HEADER_BYTES - 16, 300, 1000)]
    ways = [*MUTATIONS, move_segments, other_file_header]
    tried = 0

    for number in range(tries(1_500, 100_000)):
        sealed = chance.choice(files)
        spoilt = chance.choice(ways)(chance, sealed)
        if spoilt != sealed:
            tried += 1
            assert refusal(read_file, spoilt, number) in (SealFormat, SealTampered)

    assert tried >= 1_000
