"""Where sealed files lie, under random names: a directory of ours, or a bucket of S3's kind.

Knows nothing of keys. What comes here is sealed already, and appears whole or not at all.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from django.utils.translation import gettext as _

from caseapp.errors import Refused
from caseapp.vault.cipher import SealError
from config import places

_NAME: Final = re.compile(r"[0-9a-f]{32}")
PART: Final = ".part"


class StorageDown(Refused):
    """The storage of files does not answer, or did not keep what it was given."""

    def __init__(self) -> None:
        super().__init__(
            _("The storage of files cannot be used just now. Nothing was changed. Try again in a minute.")
        )


class FileMissing(SealError):
    """There is no such file: it was removed, or the storage lost it."""


class Stored(NamedTuple):
    """A file that lies in the storage, and since when."""

    name: UUID
    at: datetime


class Writing(Protocol):
    """A file that is being written. It is there once it is committed. All raise StorageDown."""

    def write(self, data: bytes | memoryview) -> None: ...
    def commit(self) -> None: ...
    def abort(self) -> None: ...


class Storage(Protocol):
    """A place for files. Each method but the last raises StorageDown; size and read, FileMissing."""

    def create(self, name: UUID) -> Writing: ...
    def size(self, name: UUID) -> int: ...
    def read(self, name: UUID, start: int, size: int) -> bytes: ...
    def remove(self, name: UUID) -> None: ...
    def names(self) -> Iterator[Stored]: ...
    def forget_halves(self, *, before: datetime) -> int: ...


class LocalWriting:
    """A file under another name until it is whole and on the disk."""

    def __init__(self, whole: Path) -> None:
        self.whole, self.part = whole, whole.with_suffix(PART)
        try:
            places.private_directory(whole.parent)
            handle = os.open(self.part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except (OSError, places.UnsafePlace) as error:
            raise StorageDown from error
        self.file = os.fdopen(handle, "wb", buffering=0)

    def write(self, data: bytes | memoryview) -> None:
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[self.file.write(rest) :]
        except OSError as error:
            raise StorageDown from error

    def commit(self) -> None:
        try:
            os.fsync(self.file.fileno())
            self.file.close()
            self.part.rename(self.whole)
            _sync(self.whole.parent)
        except OSError as error:
            raise StorageDown from error

    def abort(self) -> None:
        self.file.close()
        self.part.unlink(missing_ok=True)


class LocalStorage:
    """A directory that only this account can read, with one below it for each first two digits."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def _path(self, name: UUID) -> Path:
        return self.home / name.hex[:2] / name.hex

    def create(self, name: UUID) -> LocalWriting:
        try:
            places.private_directory(self.home)
        except (OSError, places.UnsafePlace) as error:
            raise StorageDown from error
        return LocalWriting(self._path(name))

    def size(self, name: UUID) -> int:
        try:
            return self._path(name).stat().st_size
        except FileNotFoundError:
            raise _missing() from None
        except OSError as error:
            raise StorageDown from error

    def read(self, name: UUID, start: int, size: int) -> bytes:
        try:
            with self._path(name).open("rb", buffering=0) as file:
                found = os.pread(file.fileno(), size, start)
                while 0 < len(found) < size:
                    more = os.pread(file.fileno(), size - len(found), start + len(found))
                    if not more:
                        break
                    found += more
                return found
        except FileNotFoundError:
            raise _missing() from None
        except OSError as error:
            raise StorageDown from error

    def remove(self, name: UUID) -> None:
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError as error:
            raise StorageDown from error

    def names(self) -> Iterator[Stored]:
        for path in self._everything():
            if _NAME.fullmatch(path.name):
                yield Stored(UUID(path.name), _changed(path))

    def forget_halves(self, *, before: datetime) -> int:
        """Remove what uploads that were cut off left; return how many."""
        halves = [path for path in self._everything() if path.suffix == PART and _changed(path) < before]
        for path in halves:
            path.unlink(missing_ok=True)
        return len(halves)

    def _everything(self) -> Iterator[Path]:
        try:
            yield from self.home.glob("[0-9a-f][0-9a-f]/*")
        except OSError as error:
            raise StorageDown from error


def _missing() -> FileMissing:
    return FileMissing("This file is not in the storage: it was removed, or lost.")


def _changed(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return datetime.max.replace(tzinfo=UTC) - timedelta(days=1)


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
