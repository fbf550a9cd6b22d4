"""Sealed files: sealed into the storage as they come, opened from it part by part.

Each file has a random key of its own, which its row keeps wrapped (file_keys.py), and a random name,
which is its row's id: a file put in another's place does not open.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from typing import Any, Final
from uuid import UUID, uuid4

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from caseapp.vault import selftest, streaming
from caseapp.vault.cipher import KEY_BYTES, FileKey, SealFormat, SealTampered
from caseapp.vault.storage import FileMissing, Storage, StorageDown, Stored

__all__ = ["Damaged", "FileKey", "FileMissing", "Incoming", "OpenFile", "StorageDown", "Stored", "storage"]

# What the errors of a file that was altered have in common.
Damaged: Final = (SealFormat, SealTampered)

_ZEROS: Final = bytes(streaming.SEGMENT_BYTES)
_KINDS: Final = {
    "local": "caseapp.vault.storage.LocalStorage",
    "s3": "caseapp.vault.storage_s3.of_settings",
}


def storage() -> Storage:
    """Return where this house keeps its files."""
    try:
        place: Storage = _made(settings.FILES_STORAGE, settings.FILES_DIR)
    except ModuleNotFoundError as missing:
        raise ImproperlyConfigured(
            f"AMPARO_FILES_S3_BUCKET needs the package {missing.name}, which is not installed here. Start"
            " with ./run, which then installs it, or: pip install --require-hashes -r requirements/core.txt"
            " -r requirements/aws.txt"
        ) from None
    return place


@cache
def _made(kind: str, home: Any) -> Any:
    make = import_string(_KINDS[kind])
    return make(home) if kind == "local" else make()


def bound_to(name: UUID) -> bytes:
    """Return the associated data of a file's stream."""
    return b"SF1 file" + name.bytes


class Incoming:
    """A file on its way in. Nothing of it is kept readable, in memory longer than a segment or on a disk.

    Give it bytes, finish it, and save a row with its `name` as id and its `key`; or discard it.
    """

    def __init__(self) -> None:
        selftest.run()
        self.name = uuid4()
        self.key = FileKey(os.urandom(KEY_BYTES))
        self.size = 0
        self._whole = False
        self._writing = storage().create(self.name)
        try:
            self._sealer = streaming.Sealer(self.key, bound_to(self.name), self._writing.write)
        except StorageDown:
            self.discard()
            raise

    def __repr__(self) -> str:
        return "‹incoming file›"

    def write(self, data: bytes | memoryview) -> None:
        """Take the next bytes. Raises StorageDown."""
        self._sealer.update(data)
        self.size += len(data)

    def finish(self) -> None:
        """Hide the length, and let the storage have it whole. Raises StorageDown."""
        rest = streaming.padded_size(self.size) - self.size
        while rest:
            some = min(rest, len(_ZEROS))
            self._sealer.update(memoryview(_ZEROS)[:some])
            rest -= some
        self._sealer.finish()
        self._writing.commit()
        self._whole = True

    def discard(self) -> None:
        """Leave nothing behind. What cannot be removed now, the nightly sweep does."""
        try:
            if self._whole:
                storage().remove(self.name)
            else:
                self._writing.abort()
        except StorageDown:
            pass


class OpenFile:
    """A sealed file to be read. Raises FileMissing, StorageDown, SealFormat or SealTampered from the start
    if it is not as long as what was sealed, or its first part was altered.
    """

    def __init__(self, name: UUID, key: FileKey, size: int) -> None:
        self.name, self.size = name, size
        place = storage()
        length = place.size(name)
        padded = streaming.padded_size(size)
        if length != streaming.sealed_size(padded):
            raise SealTampered("This file is not as long as when it was sealed.")
        self._opener = streaming.Opener(
            key, bound_to(name), lambda start, count: place.read(name, start, count), length
        )
        next(self._opener.part(0, 1))

    def __repr__(self) -> str:
        return "‹open file›"

    def part(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the bytes from `start` up to `end`. The last of all is held back until the end is sure."""
        end = self.size if end is None else min(end, self.size)
        pieces = self._opener.part(start, end)
        held = b""
        for piece in pieces:
            if held:
                yield held
            held = piece
        if end == self.size:
            self._opener.check_end()
        if held:
            yield held
