"""The keys of clinics and of the people in them: making, loading, destroying.

The only module that reads the keyring's tables. Every key loaded comes in one query with the epoch
it was read at, so that a key destroyed meanwhile, here or in another process, is never kept.
"""

import hmac
import os
from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from django.db import DatabaseError, IntegrityError, connections, transaction
from django.db.models import Model, QuerySet, Subquery

from caseapp.vault import root, selftest
from caseapp.vault.cache import KeyCache
from caseapp.vault.cipher import (
    KEY_BYTES,
    KEY_ID_BYTES,
    DataKey,
    SealKeyGone,
    SealLocked,
    SealTampered,
    WrappingKey,
)
from caseapp.vault.models import ClinicKey, Epoch, KeyState, SubjectKey, Tombstone
from caseapp.vault.router import KEYRING

SALT_BYTES: Final = 16

cache: Final = KeyCache()
os.register_at_fork(after_in_child=cache.drop_all)


class KeyExists(RuntimeError):
    """A key was asked for a second time. Keys are made once, beside the thing they belong to."""


def make_clinic_key(clinic_id: UUID) -> None:
    """Make generation 1 of a clinic's key. Commits at once.

    Raises KeyExists, or SealLocked if the root key cannot be used.
    """
    selftest.run()
    with transaction.atomic(using=KEYRING, durable=True):
        epoch, _ = Epoch.objects.get_or_create(id=Epoch.ONLY)
        context = root.Context(epoch.deployment, clinic_id, 1)
        wrapped = root.provider().wrap(os.urandom(KEY_BYTES), context)
        row = ClinicKey(clinic_id=clinic_id, generation=1, wrapped=wrapped)
        _insert(row, "This clinic has a key already.")


def make_key(clinic_id: UUID, subject_id: UUID) -> None:
    """Make the key of a new subject: a person, a matter, or the clinic itself for its own affairs.

    Commits at once, before the data that it will seal; a key whose subject never came to be is harmless.
    Raises KeyExists, SealKeyGone if the clinic has no key, or SealLocked.
    """
    wrapping = _newest_wrapping_key(clinic_id)
    key, key_id = os.urandom(KEY_BYTES), os.urandom(KEY_ID_BYTES)
    row = SubjectKey(
        key_id=key_id,
        clinic_id=clinic_id,
        subject_id=subject_id,
        wrapped=wrapping.wrap(key, key_id=key_id, subject=subject_id),
        salt=os.urandom(SALT_BYTES),
        generation=wrapping.generation,
    )
    with transaction.atomic(using=KEYRING, durable=True):
        _insert(row, "This subject has a key already. Keys are made once, when the subject is.")


def _insert(row: Model, if_there: str) -> None:
    try:
        with transaction.atomic(using=KEYRING):
            row.save(force_insert=True)
    except IntegrityError:
        raise KeyExists(if_there) from None


def preload(clinic_id: UUID, subject_ids: Iterable[UUID]) -> None:
    """Load the keys of many subjects in one query, so that a page of them opens without more.

    A subject without a key is passed over; opening its values says that they are gone.
    """
    wanted = [subject for subject in dict.fromkeys(subject_ids) if cache.newest(clinic_id, subject) is None]
    if wanted:
        _load(clinic_id, SubjectKey.objects.filter(clinic_id=clinic_id, subject_id__in=wanted))


def field_key(clinic_id: UUID, subject_id: UUID) -> DataKey:
    """Return the key that seals for this subject now. Raises SealKeyGone or SealLocked."""
    held = cache.newest(clinic_id, subject_id)
    if held is not None:
        return held
    rows = SubjectKey.objects.filter(clinic_id=clinic_id, subject_id=subject_id, state=KeyState.ACTIVE)
    for key in _load(clinic_id, rows):
        return key
    raise SealKeyGone("This record has no key: it was destroyed, or never made. Nothing can be sealed.")


def key_by_id(clinic_id: UUID, subject_id: UUID, key_id: bytes) -> DataKey:
    """Return the key with this id for opening.

    Raises SealKeyGone if it was destroyed, SealTampered if it is another subject's, or SealLocked.
    """
    held = cache.get(clinic_id, subject_id, key_id)
    if held is not None:
        return held
    for key in _load(clinic_id, SubjectKey.objects.filter(key_id=key_id), subject_id):
        return key
    raise SealKeyGone("The key of this value was destroyed, and the value with it.")


def _load(clinic_id: UUID, rows: QuerySet[SubjectKey], subject_id: UUID | None = None) -> list[DataKey]:
    """Fetch and unwrap keys. With `subject_id`, a row that is not that subject's is SealTampered."""
    if not cache.holds_clinic(clinic_id):
        root.provider().check()
    asked_at = cache.clock()
    keys = []
    for row in _fetch(rows):
        if row.clinic_id != clinic_id or subject_id not in (None, row.subject_id):
            raise SealTampered("This value names a key that is not this record's own.")
        cache.heard(row.epoch, asked_at=asked_at)
        key = _unwrap(row)
        seals = row.state == KeyState.ACTIVE
        cache.put(
            key, clinic=row.clinic_id, subject=row.subject_id, epoch=row.epoch, asked_at=asked_at, seals=seals
        )
        keys.append(key)
    return keys


def _fetch(rows: QuerySet[Any]) -> list[Any]:
    """Run a keyring query, with the epoch and deployment it saw."""
    epoch = Epoch.objects.filter(id=Epoch.ONLY)
    seen = rows.annotate(
        epoch=Subquery(epoch.values("number")), deployment=Subquery(epoch.values("deployment"))
    )
    try:
        return list(seen.using(KEYRING))
    except DatabaseError as error:
        raise SealLocked("The keyring database does not answer, or lets no keys be read here.") from error


def _unwrap(row: SubjectKey) -> DataKey:
    wrapping = _wrapping_key(row.clinic_id, row.generation)
    key_id = bytes(row.key_id)
    key = wrapping.unwrap(bytes(row.wrapped), key_id=key_id, subject=row.subject_id)
    return DataKey(key, key_id=key_id, clinic=row.clinic_id, subject=row.subject_id)


def _wrapping_key(clinic_id: UUID, generation: int) -> WrappingKey:
    held = cache.wrapping_key(clinic_id, generation)
    if held is not None:
        return held
    return _load_wrapping_key(ClinicKey.objects.filter(clinic_id=clinic_id, generation=generation))


def _newest_wrapping_key(clinic_id: UUID) -> WrappingKey:
    root.provider().check()
    rows = ClinicKey.objects.filter(clinic_id=clinic_id, state=KeyState.ACTIVE).order_by("-generation")
    return _load_wrapping_key(rows[:1])


def _load_wrapping_key(rows: QuerySet[ClinicKey]) -> WrappingKey:
    selftest.run()
    asked_at = cache.clock()
    for row in _fetch(rows):
        context = root.Context(row.deployment, row.clinic_id, row.generation)
        key = root.provider().unwrap(bytes(row.wrapped), context)
        wrapping = WrappingKey(key, clinic=row.clinic_id, generation=row.generation)
        cache.heard(row.epoch, asked_at=asked_at)
        cache.put_wrapping_key(wrapping, clinic=row.clinic_id, epoch=row.epoch, asked_at=asked_at)
        return wrapping
    raise SealKeyGone("The clinic's key does not exist. It was destroyed, or the clinic was never set up.")


def check_clinic_keys() -> None:
    """Open every generation of every clinic's key with the root key. Raises SealLocked if one stays shut."""
    root.provider().check()
    for row in _fetch(ClinicKey.objects.exclude(state=KeyState.DESTROYED)):
        context = root.Context(row.deployment, row.clinic_id, row.generation)
        root.provider().unwrap(bytes(row.wrapped), context)


def destroy(clinic_id: UUID, subject_ids: Sequence[UUID], *, reason: str) -> int:
    """Destroy every key of these subjects and return how many that was. Cannot be undone.

    `reason` is a code, never a name. Needs no root key and reads no key; commits at once, and a
    second call finds nothing left to do. Other processes stop using the keys within five seconds.
    """
    asked_at = cache.clock()
    with transaction.atomic(using=KEYRING, durable=True):
        gone = _delete_keys(clinic_id, subject_ids)
        Tombstone.objects.using(KEYRING).bulk_create(
            Tombstone(
                key_id=key_id,
                clinic_id=clinic_id,
                subject_pseudonym=hmac.digest(salt, subject_id.bytes, "sha256"),
                reason=reason,
                generation=generation,
            )
            for key_id, subject_id, salt, generation in gone
        )
        epoch = _raise_epoch() if gone else None
    if epoch is not None:
        cache.heard(epoch, asked_at=asked_at)
    return len(gone)


def any_left(clinic_id: UUID, subject_ids: Sequence[UUID]) -> bool:
    """Whether a key of any of these subjects still exists. Reads no key, so every process may ask."""
    return SubjectKey.objects.filter(clinic_id=clinic_id, subject_id__in=subject_ids).exists()


def tombstones(clinic_id: UUID) -> frozenset[bytes]:
    """Return the ids of the clinic's keys that were destroyed. Reads no key."""
    return frozenset(
        map(bytes, Tombstone.objects.filter(clinic_id=clinic_id).values_list("key_id", flat=True))
    )


def _delete_keys(clinic_id: UUID, subject_ids: Sequence[UUID]) -> list[tuple[bytes, UUID, bytes, int]]:
    table = connections[KEYRING].ops.quote_name(SubjectKey._meta.db_table)
    with connections[KEYRING].cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE clinic_id = %s AND subject_id = ANY(%s::uuid[])"  # noqa: S608
            " RETURNING key_id, subject_id, salt, generation",
            [clinic_id, list(subject_ids)],
        )
        gone: list[tuple[bytes, UUID, bytes, int]] = cursor.fetchall()
        return gone


def _raise_epoch() -> int:
    table = connections[KEYRING].ops.quote_name(Epoch._meta.db_table)
    with connections[KEYRING].cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET number = number + 1 RETURNING number")  # noqa: S608
        return int(cursor.fetchone()[0])


def drop_all() -> None:
    """Forget every key this process holds."""
    cache.drop_all()
