"""One sealed column of many rows, read without making objects of the rows and without keeping their keys."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from caseapp.vault import keyring
from caseapp.vault.cache import Loaded
from caseapp.vault.cipher import SealTampered, key_id_of

BATCH: Final = 2000
GONE: Final = object()


def read(rows: QuerySet[Any], name: str) -> Iterator[tuple[UUID, Any]]:
    """Yield the id of each of one clinic's rows with what the sealed column `name` says.

    None where nothing is stored, GONE where the key was destroyed. Raises SealFormat, SealTampered or
    SealLocked. For a roster of thousands; a page reads its rows as they are and preloads their keys.
    """
    model = rows.model
    field: Any = model._meta.get_field(name)
    wanted = rows.values_list("pk", "clinic_id", model.sealed_under, name).iterator(chunk_size=BATCH)
    while batch := list(islice(wanted, BATCH)):
        clinic_id = batch[0][1]
        keys = keyring.load_for_once(clinic_id, [subject for _, _, subject, _ in batch])
        for pk, clinic, subject, box in batch:
            if clinic != clinic_id:
                raise ValueError("Read the rows of one clinic at a time.")
            yield pk, None if box is None else _said(field, keys, pk, subject, box)


def _said(field: Any, keys: dict[bytes, Loaded], pk: UUID, subject: UUID, box: bytes) -> Any:
    loaded = keys.get(key_id_of(box))
    if loaded is None:
        return GONE
    if loaded.subject_id != subject:
        raise SealTampered("This value names a key that is not this record's own.")
    return field.said_by(loaded.key, box, pk.bytes)
