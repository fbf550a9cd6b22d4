"""Seal again, with a subject's new key, what an old one sealed, in every table that has sealed columns.

Reads the tables as they lie, because a row that is loaded and saved would write its other columns too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Final
from uuid import UUID

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections, transaction

from caseapp.vault import keyring
from caseapp.vault.cipher import DataKey, SealTampered
from caseapp.vault.declared import is_sealed
from caseapp.vault.fields import SealedField
from caseapp.vault.rows import SealedRow

ROWS_AT_ONCE: Final = 500
FIRST: Final = UUID(int=0)


class Table:
    """A table with sealed columns: where its clinic and its subject are, and its names quoted for SQL."""

    def __init__(self, model: type[SealedRow]) -> None:
        quote = connections[DEFAULT_DB_ALIAS].ops.quote_name
        columns = {field.attname: quote(str(field.column)) for field in model._meta.concrete_fields}
        self.fields: list[SealedField[Any, Any]] = [
            field for field in model._meta.concrete_fields if isinstance(field, SealedField)
        ]
        self.columns = [columns[field.attname] for field in self.fields]
        self.name = quote(model._meta.db_table)
        self.id = columns["id"]
        # A clinic's own row is its own clinic.
        self.clinic = columns.get("clinic_id", self.id)
        self.subject = columns[model.sealed_under]
        self.names_one = " OR ".join(
            f"substring({column} from 3 for 8) = ANY(%(keys)s)" for column in self.columns
        )


@cache
def tables() -> list[Table]:
    """Return every table of the house that has a sealed column."""
    return [
        Table(model)
        for model in apps.get_models()
        if issubclass(model, SealedRow) and any(map(is_sealed, model._meta.concrete_fields))
    ]


@contextmanager
def _inside(clinic_id: UUID) -> Iterator[Any]:
    """A transaction that sees this clinic's rows, whatever the process may see by itself."""
    with (
        transaction.atomic(using=DEFAULT_DB_ALIAS),
        connections[DEFAULT_DB_ALIAS].cursor() as cursor,
    ):
        cursor.execute("SELECT current_setting('amparo.clinic', true)")
        before = cursor.fetchone()[0] or ""
        cursor.execute("SELECT set_config('amparo.clinic', %s, true)", [str(clinic_id)])
        yield cursor
        cursor.execute("SELECT set_config('amparo.clinic', %s, true)", [before])


def still_named(clinic_id: UUID, key_ids: Sequence[bytes]) -> frozenset[bytes]:
    """Return which of these keys some value of the clinic is sealed with. Opens nothing."""
    found: set[bytes] = set()
    if not key_ids:
        return frozenset()
    with _inside(clinic_id) as cursor:
        for table in tables():
            for column in table.columns:
                cursor.execute(
                    f"SELECT DISTINCT substring({column} from 3 for 8) FROM {table.name}"  # noqa: S608
                    f" WHERE {table.clinic} = %(clinic)s"
                    f" AND substring({column} from 3 for 8) = ANY(%(keys)s)",
                    {"clinic": clinic_id, "keys": list(key_ids)},
                )
                found.update(bytes(key_id) for (key_id,) in cursor.fetchall())
    return frozenset(found)


def reseal(clinic_id: UUID, subject_id: UUID, old: Sequence[bytes]) -> int:
    """Seal with the subject's active key what is sealed with one of `old`; return how many values.

    A value that does not open is left as it is, and so is a row that someone is editing just now:
    ask still_named. Raises SealKeyGone or SealLocked.
    """
    if not old:
        return 0
    new = keyring.field_key(clinic_id, subject_id)
    keys = {key_id: keyring.key_by_id(clinic_id, subject_id, key_id) for key_id in old}
    return sum(_reseal_table(table, clinic_id, subject_id, keys, new) for table in tables())


def _reseal_table(
    table: Table, clinic_id: UUID, subject_id: UUID, old: dict[bytes, DataKey], new: DataKey
) -> int:
    count, last = 0, FIRST
    while True:
        with _inside(clinic_id) as cursor:
            rows = _rows(cursor, table, clinic_id, subject_id, old, after=last)
            for row_id, *boxes in rows:
                for field, column, box in zip(table.fields, table.columns, boxes, strict=True):
                    fresh = _resealed(field, box, row_id, old, new)
                    if fresh is not None:
                        count += _replace(cursor, table, column, row_id, bytes(box), fresh)
        if len(rows) < ROWS_AT_ONCE:
            return count
        last = rows[-1][0]


def _rows(
    cursor: Any, table: Table, clinic_id: UUID, subject_id: UUID, old: Collection[bytes], *, after: UUID
) -> list[tuple[Any, ...]]:
    """Lock and return rows that name an old key. One that is being edited is left for the next run."""
    cursor.execute(
        f"SELECT {table.id}, {', '.join(table.columns)} FROM {table.name}"  # noqa: S608
        f" WHERE {table.clinic} = %(clinic)s AND {table.subject} = %(subject)s AND {table.id} > %(after)s"
        f" AND ({table.names_one}) ORDER BY {table.id} LIMIT {ROWS_AT_ONCE} FOR NO KEY UPDATE SKIP LOCKED",
        {"clinic": clinic_id, "subject": subject_id, "after": after, "keys": list(old)},
    )
    found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _resealed(
    field: SealedField[Any, Any], box: Any, row_id: UUID, old: dict[bytes, DataKey], new: DataKey
) -> bytes | None:
    """Return the value in the box sealed with the new key, or None if it is not to be replaced."""
    key = None if box is None else old.get(bytes(box)[2:10])
    if key is None:
        return None
    try:
        return field.reseal(bytes(box), row_id.bytes, old=key, new=new)
    except SealTampered:
        return None


def _replace(cursor: Any, table: Table, column: str, row_id: UUID, old: bytes, fresh: bytes) -> int:
    """Put the new box where the old one still is; return 1, or 0 if someone's edit came first."""
    cursor.execute(
        f"UPDATE {table.name} SET {column} = %s WHERE {table.id} = %s AND {column} = %s",  # noqa: S608
        [fresh, row_id, old],
    )
    return int(cursor.rowcount)
