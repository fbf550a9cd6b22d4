"""The keys of clinics and of the people in them: making, loading, destroying.

With rotation.py and recovery.py the only module that reads the keyring's tables. Every key loaded
comes in one query with the epoch it was read at, so that a key destroyed meanwhile, here or in another
process, is never kept.
"""

import hmac
import os
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, IntegrityError, connections, transaction
from django.db.models import BooleanField, Model, QuerySet, Subquery
from django.db.models.expressions import RawSQL

from caseapp.vault import recovery, root, selftest
from caseapp.vault.cache import KeyCache, Loaded
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
# The reason in the tombstone of a key that another took over from: its subject lives on.
ROTATED: Final = "rotated"

cache: Final = KeyCache()
os.register_at_fork(after_in_child=cache.drop_all)


class Gone(NamedTuple):
    """A key that was just destroyed."""

    key_id: bytes
    subject_id: UUID
    salt: bytes
    generation: int


class _Stored(NamedTuple):
    """A subject's key as the keyring holds it, with the epoch its query saw."""

    key_id: bytes
    clinic_id: UUID
    subject_id: UUID
    wrapped: bytes
    generation: int
    state: str
    epoch: int


class KeyExists(RuntimeError):
    """A key was asked for a second time. Keys are made once, beside the thing they belong to."""


def make_clinic_key(clinic_id: UUID) -> None:
    """Make generation 1 of a clinic's key. Commits at once.

    Raises KeyExists, or SealLocked if the root key cannot be used.
    """
    selftest.run()
    with transaction.atomic(using=KEYRING, durable=True):
        epoch, _ = Epoch.objects.get_or_create(id=Epoch.ONLY)
        row = new_clinic_key(epoch, clinic_id, 1, KeyState.ACTIVE)
        _insert(row, "This clinic has a key already.")


def new_clinic_key(epoch: Epoch, clinic_id: UUID, generation: int, state: KeyState) -> ClinicKey:
    """Return a new generation of a clinic's key, to be saved in the transaction that this is called in."""
    context = root.Context(epoch.deployment, clinic_id, generation)
    key = os.urandom(KEY_BYTES)
    return ClinicKey(
        clinic_id=clinic_id,
        generation=generation,
        wrapped=root.provider().wrap(key, context),
        escrowed=recovery.escrow(key, context),
        state=state,
    )


def make_key(clinic_id: UUID, subject_id: UUID) -> None:
    """Make the key of a new subject: a person, a matter, or the clinic itself for its own affairs.

    Commits at once, before the data that it will seal; a key whose subject never came to be is harmless.
    Raises KeyExists, SealKeyGone if the clinic has no key, or SealLocked.
    """
    made = False
    while not made:
        wrapping = newest_wrapping_key(clinic_id)
        row = new_subject_key(wrapping, clinic_id, subject_id, salt=os.urandom(SALT_BYTES))
        with transaction.atomic(using=KEYRING, durable=True):
            made = hold_active(clinic_id, wrapping.generation)
            if made:
                _insert(row, "This subject has a key already. Keys are made once, when the subject is.")


def new_subject_key(wrapping: WrappingKey, clinic_id: UUID, subject_id: UUID, *, salt: bytes) -> SubjectKey:
    """Return a new key of a subject, to be saved while `hold_active` says that the clinic's key wraps."""
    key, key_id = os.urandom(KEY_BYTES), os.urandom(KEY_ID_BYTES)
    return SubjectKey(
        key_id=key_id,
        clinic_id=clinic_id,
        subject_id=subject_id,
        wrapped=wrapping.wrap(key, key_id=key_id, subject=subject_id),
        salt=salt,
        generation=wrapping.generation,
    )


def hold_active(clinic_id: UUID, generation: int) -> bool:
    """Whether this is still the clinic's active key, which it then stays until the transaction ends."""
    table = connections[KEYRING].ops.quote_name(ClinicKey._meta.db_table)
    with connections[KEYRING].cursor() as cursor:
        cursor.execute(
            f"SELECT 1 FROM {table} WHERE clinic_id = %s AND generation = %s AND state = %s FOR SHARE",  # noqa: S608
            [clinic_id, generation, KeyState.ACTIVE],
        )
        return cursor.fetchone() is not None


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
        _load(clinic_id, _of_subjects(clinic_id, wanted))


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


def load_for_once(clinic_id: UUID, subject_ids: Iterable[UUID]) -> dict[bytes, Loaded]:
    """Return all keys of these subjects by their ids, to be used at once: this process does not hold them.

    So reading thousands of rows does not push out the keys of the pages people have open.
    """
    keys, _, _ = _ask(clinic_id, _of_subjects(clinic_id, list(subject_ids)))
    return {loaded.key.key_id: loaded for loaded in keys}


def _of_subjects(clinic_id: UUID, subjects: list[UUID]) -> QuerySet[SubjectKey]:
    # One array: as many parameters as subjects would take longer than unwrapping their keys.
    among = RawSQL("subject_id = ANY(%s)", [subjects], output_field=BooleanField())
    return SubjectKey.objects.filter(among, clinic_id=clinic_id)


def _load(clinic_id: UUID, rows: QuerySet[SubjectKey], subject_id: UUID | None = None) -> list[DataKey]:
    """Fetch, unwrap and hold keys. With `subject_id`, a row that is not that subject's is SealTampered."""
    found, epoch, asked_at = _ask(clinic_id, rows, subject_id)
    if epoch is not None:
        cache.put_all(found, clinic=clinic_id, epoch=epoch, asked_at=asked_at)
    return [loaded.key for loaded in found]


def _ask(
    clinic_id: UUID, rows: QuerySet[SubjectKey], subject_id: UUID | None = None
) -> tuple[list[Loaded], int | None, float]:
    """Fetch and unwrap keys; return them with the epoch of the query, if it found any, and when it began."""
    if not cache.holds_clinic(clinic_id):
        root.provider().check()
    asked_at = cache.clock()
    # Tuples and not rows of the ORM, which would cost as much again as unwrapping.
    found = [_Stored(*row) for row in _fetch(rows, *_Stored._fields)]
    if not found:
        return [], None, asked_at
    if any(row.clinic_id != clinic_id or subject_id not in (None, row.subject_id) for row in found):
        raise SealTampered("This value names a key that is not this record's own.")
    epoch = found[0].epoch
    cache.heard(epoch, asked_at=asked_at)
    return _unwrap(clinic_id, found), epoch, asked_at


def _fetch(rows: QuerySet[Any], *columns: str) -> list[Any]:
    """Run a keyring query, with the epoch and deployment it saw; as tuples of columns if any are named."""
    epoch = Epoch.objects.filter(id=Epoch.ONLY)
    seen = rows.annotate(
        epoch=Subquery(epoch.values("number")), deployment=Subquery(epoch.values("deployment"))
    )
    try:
        return list((seen.values_list(*columns) if columns else seen).using(KEYRING))
    except DatabaseError as error:
        raise SealLocked("The keyring database does not answer, or lets no keys be read here.") from error


def _unwrap(clinic_id: UUID, found: Iterable[_Stored]) -> list[Loaded]:
    suite = settings.SEAL_SUITE
    by_generation: dict[int, WrappingKey] = {}
    keys = []
    for key_id, _, subject, wrapped, generation, state, _ in found:
        wrapping = by_generation.get(generation)
        if wrapping is None:
            wrapping = by_generation[generation] = _wrapping_key(clinic_id, generation)
        opened = wrapping.unwrap(wrapped, key_id=key_id, subject=subject)
        key = DataKey(opened, key_id=key_id, clinic=clinic_id, subject=subject, suite=suite)
        keys.append(Loaded(subject, key, state == KeyState.ACTIVE))
    return keys


def _wrapping_key(clinic_id: UUID, generation: int) -> WrappingKey:
    held = cache.wrapping_key(clinic_id, generation)
    return load_wrapping_key(clinic_id, generation) if held is None else held


def load_wrapping_key(clinic_id: UUID, generation: int) -> WrappingKey:
    """Open one generation of a clinic's key. Raises SealKeyGone if it was destroyed, or SealLocked."""
    rows = ClinicKey.objects.filter(clinic_id=clinic_id, generation=generation)
    return _load_wrapping_key(rows.exclude(state=KeyState.DESTROYED))


def newest_wrapping_key(clinic_id: UUID) -> WrappingKey:
    """Open the generation that wraps new keys now. Raises as load_wrapping_key does."""
    root.provider().check()
    return _load_wrapping_key(ClinicKey.objects.filter(clinic_id=clinic_id, state=KeyState.ACTIVE))


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
        gone = []
        # Once more after each that found any: a key may have been rotated while the first waited for it.
        while batch := _delete_keys(clinic_id, subject_ids):
            gone += batch
        _bury(clinic_id, gone, reason)
        epoch = raise_epoch() if gone else None
    if epoch is not None:
        cache.heard(epoch, asked_at=asked_at)
    return len(gone)


def destroy_rotated(clinic_id: UUID, key_ids: Sequence[bytes]) -> int:
    """Destroy keys that were rotated out and that no row names any more; return how many. As destroy()."""
    asked_at = cache.clock()
    with transaction.atomic(using=KEYRING, durable=True):
        gone = _delete_where(
            "clinic_id = %s AND key_id = ANY(%s) AND state = %s", [clinic_id, list(key_ids), KeyState.RETIRED]
        )
        _bury(clinic_id, gone, ROTATED)
        epoch = raise_epoch() if gone else None
    if epoch is not None:
        cache.heard(epoch, asked_at=asked_at)
    return len(gone)


def _bury(clinic_id: UUID, gone: Iterable[Gone], reason: str) -> None:
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


def any_left(clinic_id: UUID, subject_ids: Sequence[UUID]) -> bool:
    """Whether a key of any of these subjects still exists. Reads no key, so every process may ask."""
    return SubjectKey.objects.filter(clinic_id=clinic_id, subject_id__in=subject_ids).exists()


def tombstones(clinic_id: UUID) -> frozenset[bytes]:
    """Return the ids of the destroyed keys whose subject was purged. Reads no key.

    A key that was only rotated out is among them once its subject is purged too, and not before: the
    rows it once sealed live on under the next key. The two share a salt, and so a pseudonym.
    """
    buried = Tombstone.objects.filter(clinic_id=clinic_id)
    purged = buried.exclude(reason=ROTATED).values("subject_pseudonym")
    ids = buried.filter(subject_pseudonym__in=purged).values_list("key_id", flat=True)
    return frozenset(map(bytes, ids))


def _delete_keys(clinic_id: UUID, subject_ids: Sequence[UUID]) -> list[Gone]:
    return _delete_where("clinic_id = %s AND subject_id = ANY(%s::uuid[])", [clinic_id, list(subject_ids)])


def _delete_where(condition: str, values: list[Any]) -> list[Gone]:
    table = connections[KEYRING].ops.quote_name(SubjectKey._meta.db_table)
    with connections[KEYRING].cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE {condition} RETURNING key_id, subject_id, salt, generation",  # noqa: S608
            values,
        )
        return [Gone(bytes(key_id), *rest) for key_id, *rest in cursor.fetchall()]


def raise_epoch() -> int:
    """Tell every process to drop its keys, which it does within five seconds. Return the new number."""
    table = connections[KEYRING].ops.quote_name(Epoch._meta.db_table)
    with connections[KEYRING].cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET number = number + 1 RETURNING number")  # noqa: S608
        return int(cursor.fetchone()[0])


def drop_all() -> None:
    """Forget every key this process holds."""
    cache.drop_all()
