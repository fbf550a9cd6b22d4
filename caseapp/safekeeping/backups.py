"""Backup files: what may be in them, where they may lie, how they are called, and how long they are kept."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import psycopg
import pyrage

from caseapp.safekeeping.dumps import Database, Identity, NotWhole, Recipient, dump

DATA: Final = "data"
KEYRING: Final = "keyring"
# How often `backup --due` makes one.
EVERY: Final = {DATA: timedelta(hours=23), KEYRING: timedelta(hours=6)}
_NAME: Final = re.compile(r"amparo-(data|keyring)-(\d{8}T\d{6}Z)\.age")
_STAMP: Final = "%Y%m%dT%H%M%SZ"
# Django keeps its own list of migrations in each database.
_IN_BOTH: Final = {"django_migrations"}


def recipient(given: str | None, whose: str) -> Recipient:
    """Return an age recipient (age1...). Raises NotWhole when it is missing or is not one."""
    if not given:
        raise NotWhole(f"No recipient for the {whose} was given. {_HOW}", code="no-recipient")
    if given.startswith("AGE-SECRET-KEY"):
        raise NotWhole(
            f"For the {whose} a secret key was given. Give its recipient, and keep the key off this machine.",
            code="no-recipient",
        )
    try:
        return pyrage.x25519.Recipient.from_str(given.strip())
    except pyrage.RecipientError:
        raise NotWhole(
            f"The recipient for the {whose} is not one of age's. {_HOW}", code="no-recipient"
        ) from None


_HOW: Final = "age-keygen makes an identity and prints its recipient, age1..."


def identities_in(path: Path) -> list[Identity]:
    """Return the identities in a file that age-keygen wrote, or in several put together. Raises NotWhole."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise NotWhole(f"The identity file {path} cannot be read.", code="no-identity") from None
    secrets = [line.strip() for line in lines if line.startswith("AGE-SECRET-KEY-")]
    try:
        found = [pyrage.x25519.Identity.from_str(secret) for secret in secrets]
    except pyrage.IdentityError:
        found = []
    if not found:
        raise NotWhole(
            f"{path} holds no identity of age's, a line that begins with AGE-SECRET-KEY-1.",
            code="no-identity",
        )
    return found


def check_place(directory: Path, *, state: Path, root_key: Path) -> Path:
    """Return where backups go, a directory of mode 0700. Raises NotWhole for a place beside the root key."""
    place, keys = directory.resolve(), root_key.parent.resolve()
    inside_state = place.is_relative_to(state.resolve()) or state.resolve().is_relative_to(place)
    if inside_state or keys.is_relative_to(place) or place.is_relative_to(keys) or _has_a_key(place):
        raise NotWhole(
            f"{directory} is where the clinic keeps its keys and databases. Backups beside the root key help"
            " nobody but a thief: give another directory, best on another disk.",
            code="unsafe-place",
        )
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise NotWhole(f"{directory} cannot be made: {error.strerror}.", code="unsafe-place") from None
    return place


def _has_a_key(place: Path) -> bool:
    return any((place / name).exists() for name in ("root.key", "root/root.key"))


def check_apart(data: Database, keyring: Database) -> None:
    """Raise NotWhole if a backup of the data would hold the keyring: the same database, or its tables."""
    both = (_tables(data) & _tables(keyring)) - _IN_BOTH
    if both:
        raise NotWhole(
            "The data and the keyring are not apart: a backup of the data would hold keys. Both databases"
            f" have {', '.join(sorted(both)[:3])}. Check DATABASE_URL_OWNER and KEYRING_URL_OWNER.",
            code="keyring-in-data",
        )


def _tables(database: Database) -> set[str]:
    """Return the names of a database's tables, in whatever schema they are."""
    query = (
        "SELECT tablename FROM pg_tables WHERE schemaname NOT LIKE 'pg\\_%'"
        " AND schemaname <> 'information_schema'"
    )
    with psycopg.connect(database.conninfo(), password=database.password) as connection:
        return {str(name) for (name,) in connection.execute(query)}


def make(
    kind: str, database: Database, directory: Path, recipients: Sequence[Recipient], *, at: datetime
) -> Path:
    """Write one backup; return its file, which appears whole or not at all. Raises NotWhole."""
    whole = directory / f"amparo-{kind}-{at.astimezone(UTC):{_STAMP}}.age"
    part = whole.with_suffix(".part")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            dump(database, file, recipients)
            file.flush()
            os.fsync(file.fileno())
        part.rename(whole)
        sync(directory)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise NotWhole(
            f"The backup of the {kind} could not be written: {error.strerror}. Older ones are untouched.",
            code="not-written",
        ) from None
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return whole


def sync(directory: Path) -> None:
    """Make the directory's own changes last."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def found(directory: Path, kind: str) -> list[tuple[datetime, Path]]:
    """Return the whole backups of a kind, oldest first, by the time in their names."""
    backups = []
    for path in directory.iterdir() if directory.is_dir() else ():
        if (parts := _NAME.fullmatch(path.name)) and parts[1] == kind:
            backups.append((datetime.strptime(parts[2], _STAMP).replace(tzinfo=UTC), path))
    return sorted(backups)


def newest(directory: Path, kind: str) -> Path:
    """Return the newest backup of a kind. Raises NotWhole when there is none."""
    backups = found(directory, kind)
    if not backups:
        raise NotWhole(f"There is no backup of the {kind} in {directory}.", code="no-backup")
    return backups[-1][1]


def is_due(directory: Path, kind: str, *, at: datetime) -> bool:
    backups = found(directory, kind)
    return not backups or at - backups[-1][0] >= EVERY[kind]


def forget_old(directory: Path, kind: str, *, at: datetime, kept_days: int) -> list[Path]:
    """Remove the backups of a kind that are past their time, never the newest; return which.

    The keyring's life in backups is part of how long a purge takes to reach all of them, so it is short.
    """
    horizon = at - timedelta(days=kept_days)
    gone = [path for when, path in found(directory, kind)[:-1] if when < horizon]
    _remove(gone, directory)
    return gone


def forget_halves(directory: Path) -> None:
    """Remove what backups that were cut off left behind. The caller holds the lock of the directory."""
    _remove(directory.glob("amparo-*.part"), directory)


def _remove(paths: Iterable[Path], directory: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
    sync(directory)
