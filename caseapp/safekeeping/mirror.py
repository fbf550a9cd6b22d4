"""The sealed files of documents in the backup: copied as they are, once each, for they never change.

What is gone from the clinic is set aside under another name, and removed when no backup of the data needs
it any more. Nothing here can open a file.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple
from uuid import UUID

from caseapp.safekeeping.backups import sync
from caseapp.safekeeping.dumps import NotWhole
from config import places

FILES: Final = "files"
_NAME: Final = re.compile(r"[0-9a-f]{32}")
_PART: Final = ".part"
_GONE: Final = ".gone"


class Copied(NamedTuple):
    """How many files were new, are gone from the clinic since the last time, and are there in all."""

    new: int
    gone: int
    all: int


def copy(home: Path, place: Path, *, at: datetime, kept_days: int) -> Copied:
    """Bring the copy in `place` up to what is in `home`, each file whole or not at all. Raises NotWhole."""
    try:
        places.private_directory(place)
        here = _names(home)
        new = sum(_take(_path(home, name), _path(place, name)) for name in here)
        gone = _set_aside(place, _names(place) - here, at=at)
        _forget(place, before=at - timedelta(days=kept_days))
    except (OSError, places.UnsafePlace) as error:
        why = getattr(error, "strerror", None) or "the directory is not ours alone"
        raise NotWhole(
            f"The sealed files could not be copied: {why}. What was copied before is untouched.", code="files"
        ) from None
    return Copied(new, gone, len(here))


def bring_back(place: Path, home: Path, names: Iterable[UUID]) -> tuple[int, int]:
    """Copy back the files that `names` and the clinic lacks; return how many came, and how many are lost.

    Raises NotWhole. Nothing that is there is replaced.
    """
    came = lost = 0
    try:
        places.private_directory(home)
        for name in names:
            whole = _path(home, name.hex)
            if whole.exists():
                continue
            found = next((path for path in _copies(place, name.hex) if path.exists()), None)
            if found is None:
                lost += 1
            else:
                came += _take(found, whole)
    except (OSError, places.UnsafePlace):
        raise NotWhole(
            "The sealed files could not be brought back. Nothing was changed.", code="files"
        ) from None
    return came, lost


def missing(place: Path, names: Iterable[UUID]) -> int:
    """Return how many of these files the backup does not have."""
    return sum(not any(path.exists() for path in _copies(place, name.hex)) for name in names)


def _path(home: Path, name: str) -> Path:
    return home / name[:2] / name


def _copies(place: Path, name: str) -> Iterator[Path]:
    whole = _path(place, name)
    yield from (whole, whole.with_suffix(_GONE))


def _names(home: Path) -> set[str]:
    return {path.name for path in home.glob("[0-9a-f][0-9a-f]/*") if _NAME.fullmatch(path.name)}


def _take(source: Path, whole: Path) -> bool:
    """Copy a file to where there is none; return whether one was wanted there. It may be gone meanwhile."""
    if whole.exists():
        return False
    aside = whole.with_suffix(_GONE)
    if aside.exists() and aside != source:
        aside.rename(whole)
        return True
    part = whole.with_suffix(_PART)
    places.private_directory(whole.parent)
    try:
        with source.open("rb") as original, open(_made(part), "wb") as file:
            shutil.copyfileobj(original, file, 1024 * 1024)
            file.flush()
            os.fsync(file.fileno())
        part.rename(whole)
        sync(whole.parent)
    except FileNotFoundError:
        part.unlink(missing_ok=True)
        return False
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return True


def _made(part: Path) -> int:
    return os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)


def _set_aside(place: Path, names: set[str], *, at: datetime) -> int:
    for name in names:
        whole = _path(place, name)
        aside = whole.with_suffix(_GONE)
        whole.rename(aside)
        os.utime(aside, (at.timestamp(), at.timestamp()))
    return len(names)


def _forget(place: Path, *, before: datetime) -> None:
    for path in place.glob("[0-9a-f][0-9a-f]/*"):
        old = datetime.fromtimestamp(path.stat().st_mtime, UTC) < before
        if path.suffix == _PART or (path.suffix == _GONE and old):
            path.unlink()
