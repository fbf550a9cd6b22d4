"""The restore drill restores elsewhere, notices what is wrong, records how it went, and leaves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections

from caseapp import clock
from caseapp.safekeeping import drill, queries, restoring
from caseapp.safekeeping.dumps import Database
from tests.safekeeping.conftest import House, Shelf, make


def both_identities(shelf: Shelf) -> Path:
    both = shelf.data.with_name("both.identity")
    both.write_text(shelf.data.read_text() + shelf.keyring.read_text())
    return both


def newest_check(house: House) -> list[Any]:
    return house.rows(
        "SELECT ok, code FROM caseapp_check WHERE kind = 'restore-drill' ORDER BY at DESC LIMIT 1"
    )


def test_a_drill_restores_looks_records_and_throws_away(house: House, shelf: Shelf) -> None:
    shelf.back_up()
    said = StringIO()

    call_command("restore_drill", directory=shelf.directory, identity=both_identities(shelf), stdout=said)

    assert "The drill went well." in said.getvalue()
    assert newest_check(house) == [(True, "")]
    assert not (settings.STATE_DIR / "drill").exists()
    assert house.databases() == set()


def test_a_drill_that_cannot_open_the_backup_is_recorded_as_failed(house: House, shelf: Shelf) -> None:
    shelf.back_up()

    with pytest.raises(CommandError, match="does not open this backup"):
        call_command("restore_drill", directory=shelf.directory, identity=shelf.data, stdout=StringIO())

    assert newest_check(house) == [(False, "wrong-identity")]
    assert not (settings.STATE_DIR / "drill").exists()


def test_without_a_backup_or_an_identity_the_drill_says_so(house: House, shelf: Shelf) -> None:
    shelf.directory.mkdir()

    with pytest.raises(CommandError, match="no backup of the data"):
        call_command("restore_drill", directory=shelf.directory, identity=shelf.data)
    with pytest.raises(CommandError, match="Give --directory and --identity"):
        call_command("restore_drill", directory=shelf.directory)


def test_due_runs_it_once_in_four_weeks(house: House, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    last = queries.last_good("restore-drill")
    assert last is not None
    shelf.directory.mkdir()
    given = {"directory": shelf.directory, "identity": shelf.data, "due": True}

    monkeypatch.setattr(clock, "now", lambda: last + timedelta(days=27))
    call_command("restore_drill", **given)
    call_command("restore_drill", directory=shelf.directory, due=True)

    monkeypatch.setattr(clock, "now", lambda: last + timedelta(days=28))
    with pytest.raises(CommandError, match="no backup of the data"):
        call_command("restore_drill", **given)


# What it notices


@pytest.fixture
def copies(house: House, admin: str) -> Iterator[dict[str, Database]]:
    """What a drill would have restored: the running databases once more."""
    run = house.live["default"].name.removesuffix("amparo")
    connections.close_all()
    made = {alias: make(admin, db, f"{run}drilled_{alias}", db.name) for alias, db in house.live.items()}
    yield made
    for database in made.values():
        restoring.drop(restoring.Administrator(admin), database.name)


def execute(house: House, database: Database, statement: str) -> None:
    House(house.cast, {"default": database}, house.admin).rows(statement)


def test_nothing_is_wrong_with_a_faithful_copy(house: House, copies: dict[str, Database]) -> None:
    assert drill.faults(copies, house.live) == []


@pytest.mark.parametrize(
    ("alias", "damage", "said"),
    [
        ("default", "DROP TABLE caseapp_note", "lacks the tables caseapp_note"),
        ("default", "TRUNCATE caseapp_entry", "caseapp_entry is empty"),
        ("default", "CREATE TABLE caseapp_subjectkey (id int)", "tables of the keyring"),
        ("keyring", "DROP TABLE caseapp_epoch", "the keyring lacks the tables caseapp_epoch"),
        ("keyring", "TRUNCATE caseapp_subjectkey", "have no key in the keyring's backup"),
    ],
)
def test_what_is_wrong_is_said(
    house: House, copies: dict[str, Database], alias: str, damage: str, said: str
) -> None:
    execute(house, copies[alias], damage)

    assert any(said in fault for fault in drill.faults(copies, house.live))


def test_a_key_that_came_back_is_said(house: House, copies: dict[str, Database]) -> None:
    bury = (
        "INSERT INTO caseapp_tombstone (id, key_id, clinic_id, subject_pseudonym, reason, generation)"
        " SELECT gen_random_uuid(), key_id, clinic_id, salt, 'test', generation"
        " FROM caseapp_subjectkey LIMIT 1"
    )
    house.rows(bury, "keyring")

    try:
        assert drill.faults(copies, house.live) == ["1 destroyed keys came back"]
    finally:
        house.rows("DELETE FROM caseapp_tombstone", "keyring")
