"""Sealed files as a stream of segments: Tink's AES256_GCM_HKDF format, with bytes and keys in, bytes out.

A file is a header and segments, each encrypted by itself and bound to its place and to whether it is
the last: any part can be read without the rest, and a file cut short, reordered or joined of others does
not open. Nothing here knows of Django, of databases or of where files lie. docs/sf1.md has it in prose.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from caseapp.vault.cipher import KEY_BYTES, TAG_BYTES, SealFormat, SealTampered, padded_length

SEGMENT_BYTES: Final = 128 * 1024
SALT_BYTES: Final = KEY_BYTES
PREFIX_BYTES: Final = 7
HEADER_BYTES: Final = 1 + SALT_BYTES + PREFIX_BYTES
MOST_SEGMENTS: Final = 2**32
# What is shorter is padded to this, so that short letters all look alike.
SHORTEST: Final = 4096

Read = Callable[[int, int], bytes]
Write = Callable[[bytes | memoryview], object]


def padded_size(size: int) -> int:
    """Return what a file of `size` bytes is padded to before it is sealed: Padmé, at most 12 % more."""
    return max(SHORTEST, padded_length(size))


def sealed_size(size: int, segment: int = SEGMENT_BYTES) -> int:
    """Return how long the stream of `size` bytes is."""
    return HEADER_BYTES + size + TAG_BYTES * _count(size, segment)


def _count(size: int, segment: int) -> int:
    """Return how many segments hold `size` bytes. The header takes its place from the first."""
    return max(1, -(-(size + HEADER_BYTES) // (segment - TAG_BYTES)))


def _cipher(key: bytes, salt: bytes, bound_to: bytes) -> AESGCM:
    if len(key) != KEY_BYTES:
        raise SealFormat("A file's key is 32 bytes.")
    return AESGCM(HKDF(SHA256(), KEY_BYTES, salt, bound_to).derive(key))


def _nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + (b"\x01" if last else b"\x00")


class Sealer:
    """Seals one file as its bytes come, and gives each sealed segment to `write`, which keeps no part of it.

    A segment goes out once a byte of the next has come. `bound_to` is the associated data: whoever opens
    the file must know it as well.
    """

    def __init__(self, key: bytes, bound_to: bytes, write: Write, *, segment: int = SEGMENT_BYTES) -> None:
        salt = os.urandom(SALT_BYTES)
        self._prefix = os.urandom(PREFIX_BYTES)
        self._encrypt_into = _cipher(key, salt, bound_to).encrypt_into
        self._write = write
        self._sealed = memoryview(bytearray(segment))
        self._held = memoryview(bytearray(segment))
        self._holds = 0
        self._whole = segment - TAG_BYTES
        self._room = self._whole - HEADER_BYTES
        self._number = 0
        write(bytes((HEADER_BYTES,)) + salt + self._prefix)

    def __repr__(self) -> str:
        return "‹sealer›"

    def update(self, data: bytes | memoryview) -> None:
        """Take the next bytes."""
        view = memoryview(data)
        while self._holds + len(view) > self._room:
            taken = self._room - self._holds
            if self._holds:
                self._hold(view[:taken])
                self._seal(self._held[: self._holds], last=False)
                self._holds = 0
            else:
                self._seal(view[:taken], last=False)
            view = view[taken:]
        self._hold(view)

    def finish(self) -> None:
        """Write the end of the stream. Without it nothing opens as whole."""
        self._seal(self._held[: self._holds], last=True)

    def _hold(self, data: memoryview) -> None:
        self._held[self._holds : self._holds + len(data)] = data
        self._holds += len(data)

    def _seal(self, data: memoryview, *, last: bool) -> None:
        if self._number >= MOST_SEGMENTS:
            raise SealFormat("A sealed file cannot be that long.")
        sealed = self._sealed[: len(data) + TAG_BYTES]
        self._encrypt_into(_nonce(self._prefix, self._number, last), data, None, sealed)
        self._write(sealed)
        self._number += 1
        self._room = self._whole


class Opener:
    """Opens a stream of `length` bytes, any part of it. `read(start, size)` fetches sealed bytes.

    Each segment is authenticated before any of it is given out. Raises SealFormat for what is no such
    stream, SealTampered for one that was altered, cut short, or belongs elsewhere.
    """

    def __init__(
        self, key: bytes, bound_to: bytes, read: Read, length: int, *, segment: int = SEGMENT_BYTES
    ) -> None:
        if length < HEADER_BYTES + TAG_BYTES:
            raise SealFormat("This is not a sealed file: it is too short.")
        self._read, self._length, self._segment = read, length, segment
        header = self._fetch(0, HEADER_BYTES)
        if header[0] != HEADER_BYTES:
            raise SealFormat("This is not a sealed file: it does not begin like one.")
        self._prefix = header[1 + SALT_BYTES :]
        self._decrypt = _cipher(key, header[1 : 1 + SALT_BYTES], bound_to).decrypt
        self._segments = -(-length // segment)
        if length - (self._segments - 1) * segment < TAG_BYTES:
            raise SealTampered("This file was cut short or added to.")
        self.size = length - HEADER_BYTES - TAG_BYTES * self._segments

    def __repr__(self) -> str:
        return "‹opener›"

    def _fetch(self, start: int, size: int) -> bytes:
        found = self._read(start, size)
        if len(found) != size:
            raise SealTampered("This file was cut short while it was read.")
        return found

    def _open(self, number: int) -> bytes:
        start = number * self._segment if number else HEADER_BYTES
        end = min((number + 1) * self._segment, self._length)
        nonce = _nonce(self._prefix, number, number == self._segments - 1)
        try:
            return self._decrypt(nonce, self._fetch(start, end - start), None)
        except InvalidTag:
            raise SealTampered("This file was altered, cut short, or is not where it belongs.") from None

    def part(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the plaintext from `start` up to `end`, a segment at a time, and fetch nothing else."""
        end = min(end, self.size)
        whole = self._segment - TAG_BYTES
        at = start
        while at < end:
            number = (at + HEADER_BYTES) // whole
            first = number * whole - HEADER_BYTES if number else 0
            data = self._open(number)
            upto = min(end, first + len(data))
            yield data if at == first and upto == first + len(data) else data[at - first : upto - first]
            at = upto

    def check_end(self) -> None:
        """Raise SealTampered unless the stream ends where it ended when it was sealed."""
        self._open(self._segments - 1)
