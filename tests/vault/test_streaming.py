"""The stream of a sealed file: the same as Tink's, and nothing but the whole of it opens as the whole."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator

import pytest
import tink
from tink import secret_key_access, streaming_aead
from tink.proto import aes_gcm_hkdf_streaming_pb2, common_pb2, tink_pb2

from caseapp.vault import streaming
from caseapp.vault.cipher import TAG_BYTES, SealError, SealFormat, SealTampered
from caseapp.vault.streaming import HEADER_BYTES, Opener, Sealer

KEY = bytes(range(32))
BOUND = b"the file's own place"
SMALL = 128
FIRST = SMALL - HEADER_BYTES - TAG_BYTES
WHOLE = SMALL - TAG_BYTES
EDGES = [
    0,
    1,
    FIRST - 1,
    FIRST,
    FIRST + 1,
    FIRST + WHOLE - 1,
    FIRST + WHOLE,
    FIRST + WHOLE + 1,
    5 * WHOLE + 7,
]


def text_of(size: int) -> bytes:
    return bytes((7 * at + at // 251) % 256 for at in range(size))


def seal(text: bytes, *, chunk: int = 50, segment: int = SMALL, bound_to: bytes = BOUND) -> bytes:
    out = bytearray()
    sealer = Sealer(KEY, bound_to, lambda data: out.extend(data), segment=segment)
    for at in range(0, len(text), chunk):
        sealer.update(text[at : at + chunk])
    sealer.finish()
    return bytes(out)


def opener(sealed: bytes, *, key: bytes = KEY, bound_to: bytes = BOUND, segment: int = SMALL) -> Opener:
    return Opener(
        key, bound_to, lambda start, size: sealed[start : start + size], len(sealed), segment=segment
    )


def read(sealed: bytes, **how: bytes) -> bytes:
    """Read all of it as the product does: nothing counts until the end has been seen."""
    found = opener(sealed, **how)  # type: ignore[arg-type]
    text = b"".join(found.part(0, found.size))
    found.check_end()
    return text


def tinks(segment: int = SMALL) -> streaming_aead.StreamingAead:
    """Tink's own cipher with our key."""
    streaming_aead.register()
    params = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingParams(
        ciphertext_segment_size=segment, derived_key_size=32, hkdf_hash_type=common_pb2.SHA256
    )
    key = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKey(version=0, params=params, key_value=KEY)
    keyset = tink_pb2.Keyset(primary_key_id=1)
    keyset.key.append(
        tink_pb2.Keyset.Key(
            key_data=tink_pb2.KeyData(
                type_url="type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey",
                value=key.SerializeToString(),
                key_material_type=tink_pb2.KeyData.SYMMETRIC,
            ),
            status=tink_pb2.ENABLED,
            key_id=1,
            output_prefix_type=tink_pb2.RAW,
        )
    )
    handle = tink.proto_keyset_format.parse(keyset.SerializeToString(), secret_key_access.TOKEN)
    return handle.primitive(streaming_aead.StreamingAead)


class Kept(io.BytesIO):
    """Tink closes what it writes to; what was written stays here."""

    def close(self) -> None:
        self.written = self.getvalue()
        super().close()


@pytest.mark.parametrize("size", EDGES)
def test_what_is_sealed_here_tink_opens(size: int) -> None:
    sealed = seal(text_of(size))

    with tinks().new_decrypting_stream(io.BytesIO(sealed), BOUND) as stream:
        assert stream.read() == text_of(size)


@pytest.mark.parametrize("size", EDGES)
def test_what_tink_sealed_opens_here(size: int) -> None:
    kept = Kept()
    with tinks().new_encrypting_stream(kept, BOUND) as stream:
        stream.write(text_of(size))

    assert read(kept.written) == text_of(size)


@pytest.mark.parametrize("more", [-1, 0, 1, streaming.SEGMENT_BYTES])
def test_tink_opens_what_is_sealed_in_segments_of_our_size(more: int) -> None:
    text = text_of(streaming.SEGMENT_BYTES - HEADER_BYTES - TAG_BYTES + more)

    sealed = seal(text, chunk=100_000, segment=streaming.SEGMENT_BYTES)

    with tinks(streaming.SEGMENT_BYTES).new_decrypting_stream(io.BytesIO(sealed), BOUND) as stream:
        assert stream.read() == text


@pytest.mark.parametrize("size", EDGES)
@pytest.mark.parametrize("chunk", [1, FIRST, WHOLE, SMALL, 3 * SMALL + 1])
def test_however_it_comes_it_opens_and_is_as_long_as_foretold(size: int, chunk: int) -> None:
    sealed = seal(text_of(size), chunk=chunk)

    assert read(sealed) == text_of(size)
    assert len(sealed) == streaming.sealed_size(size, SMALL)


def test_any_part_opens_without_the_rest() -> None:
    text = text_of(4 * WHOLE)
    sealed = seal(text)
    fetched: list[tuple[int, int]] = []

    def fetch(start: int, size: int) -> bytes:
        fetched.append((start, size))
        return sealed[start : start + size]

    found = Opener(KEY, BOUND, fetch, len(sealed), segment=SMALL)
    for start in range(0, len(text), 13):
        for end in (start, start + 1, start + WHOLE, len(text), len(text) + 5):
            assert b"".join(found.part(start, end)) == text[start:end]

    fetched.clear()
    assert b"".join(found.part(WHOLE, WHOLE + 3)) == text[WHOLE : WHOLE + 3]
    assert fetched == [(SMALL, SMALL)]


@pytest.mark.parametrize("size", [0, 3 * WHOLE])
def test_a_flipped_bit_anywhere_is_noticed_and_nothing_of_its_segment_is_given_out(size: int) -> None:
    text = text_of(size)
    sealed = seal(text)

    for at in range(len(sealed)):
        spoilt = bytearray(sealed)
        spoilt[at] ^= 1 << at % 8
        given: list[bytes] = []
        with pytest.raises(SealError) as refused:
            read_into(given, bytes(spoilt))
        assert refused.type in (SealFormat, SealTampered)
        assert text.startswith(b"".join(given))


def read_into(given: list[bytes], sealed: bytes) -> None:
    found = opener(sealed)
    given.extend(iter_until_error(found))
    found.check_end()


def iter_until_error(found: Opener) -> Iterator[bytes]:
    yield from found.part(0, found.size)


@pytest.mark.parametrize("size", [1, 2 * WHOLE, 2 * WHOLE + 5])
def test_a_file_cut_short_anywhere_is_noticed(size: int) -> None:
    sealed = seal(text_of(size))

    for length in range(len(sealed)):
        with pytest.raises((SealFormat, SealTampered)):
            read(sealed[:length])


def test_a_file_that_was_added_to_is_noticed() -> None:
    sealed = seal(text_of(2 * WHOLE))

    for more in (b"\0", b"\0" * TAG_BYTES, sealed[-SMALL:], sealed):
        with pytest.raises(SealTampered):
            read(sealed + more)


@pytest.mark.parametrize(
    "order", [[1, 0, 2, 3], [0, 2, 1, 3], [0, 1, 1, 2, 3], [0, 1, 3], [0, 1, 2], [0, 3], [3]]
)
def test_segments_moved_doubled_or_left_out_are_noticed(order: list[int]) -> None:
    sealed = seal(text_of(FIRST + 2 * WHOLE + 10))
    header, rest = sealed[:HEADER_BYTES], sealed[HEADER_BYTES:]
    cut = SMALL - HEADER_BYTES
    segments = [rest[:cut], *(rest[at : at + SMALL] for at in range(cut, len(rest), SMALL))]

    with pytest.raises(SealTampered):
        read(header + b"".join(segments[at] for at in order))


def test_a_segment_of_another_file_under_the_same_key_is_noticed() -> None:
    one, other = seal(text_of(3 * WHOLE)), seal(text_of(3 * WHOLE))

    with pytest.raises(SealTampered):
        read(one[:SMALL] + other[SMALL : 2 * SMALL] + one[2 * SMALL :])
    with pytest.raises(SealTampered):
        read(other[:HEADER_BYTES] + one[HEADER_BYTES:])


def test_another_key_or_another_place_does_not_open_it() -> None:
    sealed = seal(b"a letter")

    with pytest.raises(SealTampered):
        read(sealed, key=os.urandom(32))
    with pytest.raises(SealTampered):
        read(sealed, bound_to=b"another file's place")
    with pytest.raises(SealFormat):
        read(sealed, key=b"short")


def test_a_file_that_shrinks_while_it_is_read_is_noticed() -> None:
    sealed = bytearray(seal(text_of(3 * WHOLE)))
    found = Opener(
        KEY, BOUND, lambda start, size: bytes(sealed[start : start + size]), len(sealed), segment=SMALL
    )
    del sealed[2 * SMALL :]

    with pytest.raises(SealTampered, match="cut short"):
        b"".join(found.part(0, found.size))


def test_two_sealings_of_one_text_have_nothing_in_common() -> None:
    one, other = seal(b"x" * 40), seal(b"x" * 40)

    assert one[1:] != other[1:]
    assert one[HEADER_BYTES:] != other[HEADER_BYTES:]


@pytest.mark.parametrize(
    "size, padded",
    [(0, 4096), (1, 4096), (4096, 4096), (4097, 4352), (10_000_000, 10_223_616), (2**20, 2**20)],
)
def test_lengths_are_hidden_as_padme_does(size: int, padded: int) -> None:
    assert streaming.padded_size(size) == padded


def test_padding_costs_at_most_an_eighth() -> None:
    for size in range(4096, 3_000_000, 997):
        assert size <= streaming.padded_size(size) <= size * 1.12


def test_nothing_printed_shows_a_key() -> None:
    sealer = Sealer(KEY, BOUND, lambda data: None)

    assert repr(sealer) == "‹sealer›"
    assert repr(opener(seal(b""))) == "‹opener›"
