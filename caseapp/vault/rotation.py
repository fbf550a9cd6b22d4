"""New keys in place of old ones: a clinic's key each week, a subject's on demand.

Each is a chain of steps, of which each commits by itself and may be run again: whoever is cut off
leaves everything readable, and the next run goes on from there. No step trusts that it is alone.
docs/keys.md says what becomes of the old keys.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connections, transaction
from django.db.models import Exists, OuterRef, QuerySet

from caseapp.vault import keyring, resealing
from caseapp.vault.cipher import SealError, SealKeyGone, SealTampered, WrappingKey
from caseapp.vault.models import ClinicKey, Epoch, KeyState, SubjectKey
from caseapp.vault.router import KEYRING

log = logging.getLogger(__name__)

EVERY: Final = timedelta(days=7)
# A page that sealed with the old key just before the change has long ended by then.
LAST_WRITERS: Final = timedelta(hours=1)
KEYS_AT_ONCE: Final = 10_000
_TURN: Final = 0x53463101  # names the lock that one process at a time holds while it rotates


class StillNamed(SealError):
    """A key cannot be retired: something is still wrapped or sealed with it. Run the rotation again."""


class Wrapping(NamedTuple):
    """The key of one subject, as stored."""

    key_id: bytes
    subject: bytes
    wrapped: bytes


# A clinic's key


def new_generation(clinic_id: UUID, *, at: datetime) -> int:
    """Give the clinic a new key, wrap every live key of its subjects with it, and retire the old one.

    A change that was cut off is finished instead. Returns the generation in use. Needs the root key;
    raises SealKeyGone if the clinic has no key, SealLocked, or SealTampered if a stored key does not
    open, after all others were wrapped: the old generation then stays until that key is put right.
    """
    if not unfinished(clinic_id):
        _add(clinic_id)
    finish(clinic_id, at=at)
    return keyring.newest_wrapping_key(clinic_id).generation


def clinics() -> list[UUID]:
    """Return the clinics that have a key."""
    return sorted(set(ClinicKey.objects.using(KEYRING).values_list("clinic_id", flat=True)))


def unfinished(clinic_id: UUID) -> bool:
    """Whether a change of the clinic's key was begun and is not at its end."""
    return _of(clinic_id).filter(state__in=[KeyState.ADDED, KeyState.RETIRING]).exists()


def _of(clinic_id: UUID) -> QuerySet[ClinicKey]:
    return ClinicKey.objects.using(KEYRING).filter(clinic_id=clinic_id).order_by("-generation")


def finish(clinic_id: UUID, *, at: datetime) -> None:
    """Take a change of the clinic's key that was begun to its end. Raises as new_generation does."""
    _activate(clinic_id)
    for old in _of(clinic_id).filter(state=KeyState.RETIRING):
        rewrap(clinic_id, old.generation)
        retire(clinic_id, old.generation, at=at)


def _add(clinic_id: UUID) -> None:
    """Make the next generation, which wraps nothing yet. Does nothing if another process just did."""
    with transaction.atomic(using=KEYRING, durable=True):
        # In the order in which a recovery kit takes them, which seals every clinic key.
        epoch = Epoch.objects.using(KEYRING).select_for_update().get(id=Epoch.ONLY)
        newest = _of(clinic_id).first()
        if newest is None:
            raise SealKeyGone("This clinic has no key. It was never set up.")
        if newest.state == KeyState.ACTIVE and not unfinished(clinic_id):
            row = keyring.new_clinic_key(epoch, clinic_id, newest.generation + 1, KeyState.ADDED)
            row.save(using=KEYRING, force_insert=True)


def _activate(clinic_id: UUID) -> None:
    """Let the added generation wrap from now on, once the root key has shown that it opens."""
    added = _of(clinic_id).filter(state=KeyState.ADDED).first()
    if added is None:
        return
    keyring.load_wrapping_key(clinic_id, added.generation)
    with transaction.atomic(using=KEYRING, durable=True):
        locked = {row.pk: row for row in _of(clinic_id).select_for_update()}
        if locked[added.pk].state == KeyState.ADDED:
            _of(clinic_id).filter(state=KeyState.ACTIVE).update(state=KeyState.RETIRING)
            _of(clinic_id).filter(pk=added.pk).update(state=KeyState.ACTIVE)


def rewrap(clinic_id: UUID, generation: int) -> int:
    """Wrap every subject's key of an old generation with the active one. Return how many there were.

    In batches, each of which replaces only what it read: a key that was purged meanwhile stays gone.
    """
    new = keyring.newest_wrapping_key(clinic_id)
    old = keyring.load_wrapping_key(clinic_id, generation)
    count, damaged, last = 0, 0, b""
    while batch := _wrapped_by(clinic_id, generation, after=last):
        fresh = [_rewrapped(row, old, new) for row in batch]
        if not _replace(batch, fresh, clinic_id, new.generation):
            new = keyring.newest_wrapping_key(clinic_id)
            continue
        count, damaged, last = count + len(batch), damaged + fresh.count(None), batch[-1].key_id
    if damaged:
        raise SealTampered(f"{damaged} stored keys of this clinic do not open. Its old key is kept for them.")
    return count


def _wrapped_by(clinic_id: UUID, generation: int, *, after: bytes) -> list[Wrapping]:
    with connections[KEYRING].cursor() as cursor:
        cursor.execute(
            "SELECT key_id, uuid_send(subject_id), wrapped FROM caseapp_subjectkey"
            " WHERE clinic_id = %s AND generation = %s AND key_id > %s ORDER BY key_id LIMIT %s",
            [clinic_id, generation, after, KEYS_AT_ONCE],
        )
        return [Wrapping(*map(bytes, row)) for row in cursor.fetchall()]


def _rewrapped(row: Wrapping, old: WrappingKey, new: WrappingKey) -> bytes | None:
    try:
        return old.rewrap(row.wrapped, key_id=row.key_id, subject=UUID(bytes=row.subject), to=new)
    except SealTampered:
        return None


def _replace(batch: list[Wrapping], fresh: list[bytes | None], clinic_id: UUID, generation: int) -> bool:
    """Store the fresh wraps where the old ones still are. Do nothing and say so if theirs is old itself."""
    pairs = [(row, new) for row, new in zip(batch, fresh, strict=True) if new is not None]
    with transaction.atomic(using=KEYRING, durable=True), connections[KEYRING].cursor() as cursor:
        if not keyring.hold_active(clinic_id, generation):
            return False
        cursor.execute(
            "UPDATE caseapp_subjectkey AS k SET wrapped = v.fresh, generation = %s"
            " FROM unnest(%s::bytea[], %s::bytea[], %s::bytea[]) AS v(key_id, old, fresh)"
            " WHERE k.key_id = v.key_id AND k.wrapped = v.old",
            [
                generation,
                [row.key_id for row, _ in pairs],
                [row.wrapped for row, _ in pairs],
                [new for _, new in pairs],
            ],
        )
    return True


def retire(clinic_id: UUID, generation: int, *, at: datetime) -> None:
    """Note that nothing is wrapped by a generation any more. Raises StillNamed if something is."""
    with transaction.atomic(using=KEYRING, durable=True):
        rows = _of(clinic_id).filter(generation=generation, state=KeyState.RETIRING)
        if rows.select_for_update().first() is None:
            return
        if SubjectKey.objects.using(KEYRING).filter(clinic_id=clinic_id, generation=generation).exists():
            raise StillNamed("Keys of this clinic are still wrapped by its old key. It is kept.")
        rows.update(state=KeyState.RETIRED, retired_at=at)


def destroy_generations(*, at: datetime) -> int:
    """Destroy the clinic keys that no backup of the keyring needs any more; return how many.

    Needs no root key and reads no key.
    """
    horizon = at - timedelta(days=settings.KEYRING_BACKUP_DAYS)
    with transaction.atomic(using=KEYRING, durable=True):
        named = SubjectKey.objects.filter(clinic_id=OuterRef("clinic_id"), generation=OuterRef("generation"))
        over = ClinicKey.objects.using(KEYRING).filter(
            ~Exists(named), state=KeyState.RETIRED, retired_at__lte=horizon
        )
        gone = over.update(state=KeyState.DESTROYED, wrapped=None, escrowed=None, destroyed_at=at)
        if gone:
            keyring.raise_epoch()
    return gone


def rekey_due(*, at: datetime) -> list[UUID]:
    """Change the key of each clinic whose key is a week old, and finish what was cut off; return which.

    Costs one query when nothing is due. Does nothing while another process is at it. A clinic whose
    change fails does not hold up the others; the first error is raised at the end.
    """
    if not _due(at):
        return []
    with _turn() as mine:
        return _rekey(_due(at), at) if mine else []


def _rekey(due: list[UUID], at: datetime) -> list[UUID]:
    failed: list[SealError] = []
    for clinic_id in due:
        try:
            new_generation(clinic_id, at=at)
        except SealError as error:
            failed.append(error)
    if failed:
        raise failed[0]
    return due


def _due(at: datetime) -> list[UUID]:
    begun = ClinicKey.objects.using(KEYRING).filter(state__in=[KeyState.ADDED, KeyState.RETIRING])
    old = ClinicKey.objects.using(KEYRING).filter(state=KeyState.ACTIVE, made_at__lte=at - EVERY)
    return sorted(set((begun | old).values_list("clinic_id", flat=True)))


@contextmanager
def _turn() -> Iterator[bool]:
    """Take the turn to rotate if no other process has it. The rest is right without; this saves work."""
    with connections[KEYRING].cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_TURN])
        mine = bool(cursor.fetchone()[0])
        try:
            yield mine
        finally:
            if mine:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_TURN])


# A subject's key


def rotate_subject(clinic_id: UUID, subject_id: UUID, *, at: datetime) -> int:
    """Give a subject a new key and seal with it what the old one sealed; return how many values that was.

    A change that was cut off is finished instead. The old key is then retired; it is destroyed by
    destroy_rotated. Raises SealKeyGone if the subject has no key, SealLocked, or StillNamed if values
    could not be sealed again: one was altered, or its row was being edited. Then run it again.
    """
    if not _old_keys(clinic_id, subject_id).filter(state=KeyState.RETIRING).exists():
        _replace_key(clinic_id, subject_id)
    return _finish_subject(clinic_id, subject_id, at=at)


def _finish_subject(clinic_id: UUID, subject_id: UUID, *, at: datetime) -> int:
    old = [bytes(key) for key in _old_keys(clinic_id, subject_id).values_list("key_id", flat=True)]
    count = resealing.reseal(clinic_id, subject_id, old)
    _retire_keys(clinic_id, subject_id, at=at)
    return count


def finish_subjects(*, at: datetime) -> int:
    """Finish the changes of subjects' keys that were cut off, or that an old page undid in part."""
    old = SubjectKey.objects.using(KEYRING).exclude(state=KeyState.ACTIVE)
    subjects = sorted(set(old.values_list("clinic_id", "subject_id")))
    return sum(_finish_subject(clinic_id, subject_id, at=at) for clinic_id, subject_id in subjects)


def clinic_of(subject_id: UUID) -> UUID | None:
    """Return the clinic that a subject with a key belongs to."""
    rows = SubjectKey.objects.using(KEYRING).filter(subject_id=subject_id)
    return rows.values_list("clinic_id", flat=True).first()


def _old_keys(clinic_id: UUID, subject_id: UUID) -> QuerySet[SubjectKey]:
    keys = SubjectKey.objects.using(KEYRING).filter(clinic_id=clinic_id, subject_id=subject_id)
    return keys.exclude(state=KeyState.ACTIVE)


def _replace_key(clinic_id: UUID, subject_id: UUID) -> None:
    """Let a new key seal for the subject from now on, beside the old one, which still opens."""
    asked_at, epoch = keyring.cache.clock(), None
    while epoch is None:
        wrapping = keyring.newest_wrapping_key(clinic_id)
        with transaction.atomic(using=KEYRING, durable=True):
            if keyring.hold_active(clinic_id, wrapping.generation):
                _swap(wrapping, clinic_id, subject_id)
                epoch = keyring.raise_epoch()
    keyring.cache.heard(epoch, asked_at=asked_at)


def _swap(wrapping: WrappingKey, clinic_id: UUID, subject_id: UUID) -> None:
    keys = SubjectKey.objects.using(KEYRING).filter(clinic_id=clinic_id, subject_id=subject_id)
    old = keys.select_for_update().filter(state=KeyState.ACTIVE).first()
    if old is None:
        raise SealKeyGone("This record has no key: it was destroyed, or never made. There is none to change.")
    keys.filter(pk=old.pk).update(state=KeyState.RETIRING)
    new = keyring.new_subject_key(wrapping, clinic_id, subject_id, salt=bytes(old.salt))
    new.save(using=KEYRING, force_insert=True)


def _retire_keys(clinic_id: UUID, subject_id: UUID, *, at: datetime) -> None:
    old = _old_keys(clinic_id, subject_id)
    ids = [bytes(key) for key in old.values_list("key_id", flat=True)]
    if resealing.still_named(clinic_id, ids):
        raise StillNamed(
            "Some values of this record are still sealed with its old key: they were altered, or being edited"
            " just now. The old key is kept. Run this again."
        )
    old.filter(state=KeyState.RETIRING).update(state=KeyState.RETIRED, retired_at=at)


def destroy_rotated(*, at: datetime) -> int:
    """Destroy the subjects' keys that no backup of the data needs any more; return how many.

    Looks once more that no row names them, in case a page that was open across the change wrote an
    old value back. Needs no root key and reads no key.
    """
    horizon = at - max(timedelta(days=settings.DATA_BACKUP_DAYS), LAST_WRITERS)
    rows = SubjectKey.objects.using(KEYRING).filter(state=KeyState.RETIRED, retired_at__lte=horizon)
    over: dict[UUID, list[bytes]] = {}
    for clinic_id, key_id in rows.values_list("clinic_id", "key_id"):
        over.setdefault(clinic_id, []).append(bytes(key_id))
    return sum(_destroy_unnamed(clinic_id, key_ids) for clinic_id, key_ids in over.items())


def _destroy_unnamed(clinic_id: UUID, key_ids: list[bytes]) -> int:
    named = resealing.still_named(clinic_id, key_ids)
    if named:
        log.error(f"{len(named)} keys that were replaced are still in use. Run: ./run manage rekey --due")
    return keyring.destroy_rotated(clinic_id, [key_id for key_id in key_ids if key_id not in named])
