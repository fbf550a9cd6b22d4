"""SF1, the format of a sealed value: bytes and keys in, bytes out.

Nothing here knows of Django, of databases or of clients. docs/sf1.md says the same in prose, for
whoever has to open a value without this program.
"""

import hmac
import os
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV

VERSION: Final = 0xC1
SUITE_GCM_SIV: Final = 1
SUITE_GCM: Final = 2  # for sites that must use AES-GCM; a nonce that repeats costs more than with suite 1

# A field key is of one suite only: what keys the cipher is derived under a label of its own.
_FIELD_CIPHERS: Final[dict[int, tuple[bytes, type[AESGCM] | type[AESGCMSIV]]]] = {
    SUITE_GCM_SIV: (b"SF1 field", AESGCMSIV),
    SUITE_GCM: (b"SF1 field GCM", AESGCM),
}
SUITES: Final = tuple(_FIELD_CIPHERS)

PREFIX: Final = bytes((VERSION, SUITE_GCM_SIV))
HEADER_BYTES: Final = 10
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
BODY_AT: Final = HEADER_BYTES + NONCE_BYTES
BLOCK_BYTES: Final = 32
BLOCKS_UP_TO: Final = 1024
SHORTEST_BOX: Final = BODY_AT + BLOCK_BYTES + TAG_BYTES
KEY_BYTES: Final = 32
KEY_ID_BYTES: Final = 8
COMMITMENT_BYTES: Final = 16
WRAPPED_FILE_BYTES: Final = BODY_AT + KEY_BYTES + COMMITMENT_BYTES + TAG_BYTES
WRAPPED_BYTES: Final = 4 + NONCE_BYTES + KEY_BYTES + COMMITMENT_BYTES + TAG_BYTES

EMPTY: Final = 0  # nothing, sealed so that it cannot be told from something
TEXT: Final = 1
DATE: Final = 2
JSON: Final = 3


class SealError(Exception):
    """A sealed value could not be opened or made. The message never holds a value."""


class SealFormat(SealError):
    """These bytes are not a sealed value this build understands."""


class SealKeyGone(SealError):
    """The key of this value does not exist: it was destroyed, and the value with it."""


class SealLocked(SealError):
    """The key exists, but this process cannot reach it now."""


class SealTampered(SealError):
    """The value was altered, moved from another place, or sealed under another key."""


def padded_length(length: int) -> int:
    """Return what `length` bytes are padded to: blocks of 32 up to 1 KiB, then Padmé (at most 12 % more)."""
    if length <= BLOCKS_UP_TO:
        return -(-length // BLOCK_BYTES) * BLOCK_BYTES
    exponent = length.bit_length() - 1
    mask = (1 << (exponent - exponent.bit_length())) - 1
    return (length + mask) & ~mask


def field_place(model_id: int, field_id: int) -> bytes:
    """Return the eight bytes that name a column in the associated data."""
    return model_id.to_bytes(4, "big") + field_id.to_bytes(4, "big")


def key_id_of(box: bytes) -> bytes:
    """Return the id of the key a box names. Raises SealFormat if it is not a box of this version."""
    if len(box) < SHORTEST_BOX:
        raise SealFormat("This is not a sealed value: it is too short.")
    if box[0] != VERSION:
        raise SealFormat("This is not a sealed value: it does not begin like one.")
    if box[1] not in SUITES:
        raise SealFormat("This value is sealed with a cipher suite that this build does not have.")
    return box[2:HEADER_BYTES]


def subkey(key: bytes, label: bytes) -> bytes:
    """Derive the key for one use: the first block of HKDF-Expand, since `key` is uniformly random."""
    return hmac.digest(key, label + b"\x01", "sha256")


def commitment(key: bytes, bound_to: bytes) -> bytes:
    """Return what ties a stored key to its name, which GCM-SIV alone does not."""
    return hmac.digest(key, b"SF1 commit" + bound_to, "sha256")[:COMMITMENT_BYTES]


class FileKey(bytes):
    """The key of one sealed file. Printing or logging it shows nothing."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "‹file key›"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "‹file key›"

    def __reduce__(self) -> str:
        raise TypeError(
            "A file's key stays in the process that made or opened it. Pass the file's id instead."
        )


class DataKey:
    """The key of one subject, ready to seal with one suite, and to open that subject's values of any."""

    __slots__ = ("_bound_to", "_decrypt", "_encrypt", "_header", "_of", "_others", "key_id")

    def __init__(
        self, key: bytes, *, key_id: bytes, clinic: UUID, subject: UUID, suite: int = SUITE_GCM_SIV
    ) -> None:
        if len(key) != KEY_BYTES or len(key_id) != KEY_ID_BYTES:
            raise SealFormat("A data key is 32 bytes and its id 8.")
        label, algorithm = _FIELD_CIPHERS[suite]
        cipher = algorithm(subkey(key, label))
        self.key_id = key_id
        self._header = bytes((VERSION, suite)) + key_id
        self._bound_to = b"SF1" + self._header + clinic.bytes + subject.bytes
        self._encrypt = cipher.encrypt
        self._decrypt = cipher.decrypt
        self._of = key, clinic, subject
        self._others: dict[int, DataKey] | None = None

    def __repr__(self) -> str:
        return "‹data key›"

    def __reduce__(self) -> str:
        raise TypeError("A data key stays in the process that loaded it. Pass the subject's id instead.")

    def seal(self, value: bytes, kind: int, place: bytes, row: bytes) -> bytes:
        """Return `value` sealed for the column `place` (see field_place) of the row `row` (16 bytes)."""
        text = bytes((kind,)) + value + b"\x80"
        nonce = os.urandom(NONCE_BYTES)
        padded = text.ljust(padded_length(len(text)), b"\x00")
        return self._header + nonce + self._encrypt(nonce, padded, self._bound_to + place + row)

    def open(self, box: bytes, kind: int, place: bytes, row: bytes) -> bytes | None:
        """Return what was sealed, or None if that was the sealed empty value.

        Raises SealFormat, SealKeyGone (the box names another key) or SealTampered.
        """
        # Slices, not methods: this runs for every value on every page, and calling a method costs more.
        if box[:10] != self._header:
            return self._for(box).open(box, kind, place, row)
        try:
            text = self._decrypt(box[10:22], box[22:], self._bound_to + place + row).rstrip(b"\x00")
        except (InvalidTag, ValueError):
            key_id_of(box)
            raise SealTampered("This value was altered, or does not belong where it was found.") from None
        if text[-1:] == b"\x80" and text[0] == kind:
            return text[1:-1]
        if text == b"\x00\x80":
            return None
        raise SealTampered("This value is authentic but is not of the kind this column holds.")

    def wrap_file(self, file_key: FileKey, place: bytes, row: bytes) -> bytes:
        """Return a file's key, wrapped for a column and row as `seal` takes them: 86 bytes.

        Keys are wrapped with suite 1 whatever seals values.
        """
        header = PREFIX + self.key_id
        nonce = os.urandom(NONCE_BYTES)
        inside = file_key + commitment(file_key, row)
        return header + nonce + self._file_cipher().encrypt(nonce, inside, self._file_bound(place, row))

    def unwrap_file(self, box: bytes, place: bytes, row: bytes) -> FileKey:
        """Return a file's key. Raises SealFormat, SealKeyGone (another key wraps it) or SealTampered."""
        if key_id_of(box) != self.key_id:
            raise SealKeyGone("This file's key is wrapped by a key other than the one offered.")
        if len(box) != WRAPPED_FILE_BYTES or box[1] != SUITE_GCM_SIV:
            raise SealFormat("This is not a wrapped file key.")
        try:
            bound_to = self._file_bound(place, row)
            inside = self._file_cipher().decrypt(box[HEADER_BYTES:BODY_AT], box[BODY_AT:], bound_to)
        except InvalidTag:
            raise SealTampered("A file's key was altered, or does not belong where it was found.") from None
        key = FileKey(inside[:KEY_BYTES])
        if not hmac.compare_digest(inside[KEY_BYTES:], commitment(key, row)):
            raise SealTampered("A file's key does not match the row it is stored in.")
        return key

    def _file_cipher(self) -> AESGCMSIV:
        return AESGCMSIV(subkey(self._of[0], b"SF1 file"))

    def _file_bound(self, place: bytes, row: bytes) -> bytes:
        _, clinic, subject = self._of
        return b"SF1" + PREFIX + self.key_id + clinic.bytes + subject.bytes + place + row

    def _for(self, box: bytes) -> "DataKey":
        """Return this key for the suite that a box names. Raises SealFormat or SealKeyGone."""
        if key_id_of(box) != self.key_id:
            raise SealKeyGone("This value names a key other than the one offered.")
        key, clinic, subject = self._of
        if self._others is None:
            self._others = {}
        suite = box[1]
        if suite not in self._others:
            self._others[suite] = DataKey(
                key, key_id=self.key_id, clinic=clinic, subject=subject, suite=suite
            )
        return self._others[suite]


class WrappingKey:
    """One generation of a clinic's key. It wraps the keys of the clinic's subjects and nothing else."""

    __slots__ = ("_cipher", "_clinic", "generation")

    def __init__(self, key: bytes, *, clinic: UUID, generation: int) -> None:
        self.generation = generation
        self._clinic = clinic.bytes
        self._cipher = AESGCMSIV(key)

    def __repr__(self) -> str:
        return "‹wrapping key›"

    def __reduce__(self) -> str:
        raise TypeError("A wrapping key stays in the process that loaded it. Pass the clinic's id instead.")

    def wrap(self, key: bytes, *, key_id: bytes, subject: UUID) -> bytes:
        """Return 80 bytes: generation (4), nonce (12), key and commitment encrypted (48), tag (16)."""
        generation = self.generation.to_bytes(4, "big")
        nonce = os.urandom(NONCE_BYTES)
        bound_to = b"SF1 wrap" + self._clinic + subject.bytes + key_id + generation
        return generation + nonce + self._cipher.encrypt(nonce, key + commitment(key, key_id), bound_to)

    def unwrap(self, wrapped: bytes, *, key_id: bytes, subject: UUID) -> bytes:
        """Return the 32-byte key. Raises SealTampered if it is not this clinic's, subject's and id's own."""
        if len(wrapped) != WRAPPED_BYTES:
            raise SealFormat("A wrapped key is 80 bytes.")
        bound_to = b"SF1 wrap" + self._clinic + subject.bytes + key_id + wrapped[:4]
        try:
            opened = self._cipher.decrypt(wrapped[4:16], wrapped[16:], bound_to)
        except InvalidTag:
            raise SealTampered("A stored key does not open under its clinic's key.") from None
        key = opened[:KEY_BYTES]
        if not hmac.compare_digest(opened[KEY_BYTES:], commitment(key, key_id)):
            raise SealTampered("A stored key does not match the name it is stored under.")
        return key

    def rewrap(self, wrapped: bytes, *, key_id: bytes, subject: UUID, to: "WrappingKey") -> bytes:
        """Return the key in `wrapped`, which this key wraps, wrapped by another. Raises as unwrap does."""
        return to.wrap(self.unwrap(wrapped, key_id=key_id, subject=subject), key_id=key_id, subject=subject)
