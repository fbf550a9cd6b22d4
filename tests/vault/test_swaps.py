"""Eighty-one ways to put a sealed value where it does not belong, in the clinic's real tables: none opens.

Nine cells that differ in column, row, table, kind, subject and clinic. Each one's bytes are written, by
SQL as the owner of the database, into each other's place (72 moves); and each one's whole row is written
once more under another id (9).
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from django.db import connection, models

from caseapp.documents.models import Document, Version
from caseapp.matters.models import Note
from caseapp.people.models import SafeContact
from caseapp.vault import keyring
from caseapp.vault.cipher import FileKey, SealFormat, SealTampered
from tests.conftest import NOW, Cast


class Cell(NamedTuple):
    """One sealed value: the row it is in, and its column."""

    row: models.Model
    column: str

    def read(self, pk: Any = None) -> Any:
        keyring.drop_all()
        return getattr(type(self.row)._base_manager.get(pk=pk or self.row.pk), self.column)

    def box(self) -> bytes:
        (box,) = _sql(f"SELECT {self.column} FROM {self.row._meta.db_table} WHERE id = %s", self.row.pk)
        return bytes(box)

    def plant(self, box: bytes) -> None:
        _sql(f"UPDATE {self.row._meta.db_table} SET {self.column} = %s WHERE id = %s", box, self.row.pk)

    def copy_row(self) -> Any:
        """Write the whole row once more under an id of its own, by SQL, and return that."""
        table, pk = self.row._meta.db_table, uuid4()
        own = {"id": "%s", "code": "'COPY-1'", "number": "number + 1"}
        columns = [str(field.column) for field in self.row._meta.concrete_fields]
        values = ", ".join(own.get(column, f'"{column}"') for column in columns)
        names = ", ".join(f'"{column}"' for column in columns)
        _sql(f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} WHERE id = %s", pk, self.row.pk)
        return pk


def _sql(statement: str, *values: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone() if cursor.description else None


def cells_of(cast: Cast) -> dict[str, Cell]:
    of_matter = {"clinic": cast.clinic, "matter": cast.matter}
    notes = [
        Note.objects.create(**of_matter, author=cast.ana, text=text, written_at=NOW)
        for text in ("came in", "rang")
    ]
    document = Document.objects.create(
        **of_matter, title="Passport", kind="identity", recorded_by=cast.ana, recorded_at=NOW
    )
    version = Version.objects.create(
        **of_matter,
        document=document,
        number=1,
        file_key=FileKey(os.urandom(32)),
        name="passport.pdf",
        media_type="application/pdf",
        size=1234,
        added_by=cast.ana,
        added_at=NOW,
    )
    return {
        "a client's name": Cell(cast.mateo, "given_names"),
        "another column of the row": Cell(cast.mateo, "first_surname"),
        "another client's": Cell(cast.eulalia, "given_names"),
        "another clinic's client's": Cell(cast.noor, "given_names"),
        "another table under the client's key": Cell(SafeContact.objects.get(person=cast.mateo), "address"),
        "a date": Cell(cast.mateo, "birth_date"),
        "a note of the matter": Cell(notes[0], "text"),
        "another note under the matter's key": Cell(notes[1], "text"),
        "a file's key": Cell(version, "file_key"),
    }


KINDS = [
    "a client's name",
    "another column of the row",
    "another client's",
    "another clinic's client's",
    "another table under the client's key",
    "a date",
    "a note of the matter",
    "another note under the matter's key",
    "a file's key",
]


@pytest.mark.parametrize("here", KINDS)
def test_none_of_nine_values_opens_in_the_place_of_another_nor_in_a_copy_of_its_row(
    cast: Cast, here: str
) -> None:
    cells = cells_of(cast)
    boxes = {name: cell.box() for name, cell in cells.items()}
    written = {name: cell.read() for name, cell in cells.items()}
    target, refused = cells[here], 0

    for there in KINDS:
        pk = None
        if there == here:
            pk = target.copy_row()
        else:
            target.plant(boxes[there])
        with pytest.raises((SealTampered, SealFormat)):
            target.read(pk)
        refused += 1
        target.plant(boxes[here])
        assert target.read() == written[here], "put back, it opens: what refused it was the place"

    assert refused == len(KINDS) == len(cells) == 9
