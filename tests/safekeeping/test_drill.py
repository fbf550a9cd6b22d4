"""The restore drill restores elsewhere, notices what is wrong, records how it went, and leaves nothing."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections

from caseapp import clock
from caseapp.access import queries as access
from caseapp.audit import anchors
from caseapp.safekeeping import drill, queries, restoring
from caseapp.safekeeping.dumps import Database, NotWhole
from config.embedded import Cluster
from tests.audit.keys import make_signing_key
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


# By itself


@pytest.fixture
def set_up(shelf: Shelf, settings: Any) -> Shelf:
    """Backups as an operator sets them up: the server has the recipients and no identity."""
    settings.BACKUP_DIR = shelf.directory
    settings.BACKUP_RECIPIENT = shelf.recipient("data")
    settings.KEYRING_BACKUP_RECIPIENT = shelf.recipient("keyring")
    return shelf


def drill_when_due(shelf: Shelf) -> str:
    said = StringIO()
    call_command("restore_drill", directory=shelf.directory, due=True, stdout=said)
    return said.getvalue()


def forget_drills(house: House) -> None:
    house.rows("DELETE FROM caseapp_check WHERE kind = 'restore-drill'")


def kept_files() -> Iterator[Path]:
    """Yield every file under the state directory but the databases' own, which come and go as others test."""
    for directory, inner, names in os.walk(settings.STATE_DIR):
        inner[:] = [name for name in inner if name != "pg"]
        yield from (Path(directory, name) for name in names if Path(directory, name).is_file())


def test_without_an_identity_it_makes_backups_opens_them_and_keeps_what_opened_them_nowhere(
    house: House, set_up: Shelf
) -> None:
    forget_drills(house)

    said = drill_when_due(set_up)

    assert "The drill went well." in said
    assert newest_check(house) == [(True, "")]
    assert not (settings.STATE_DIR / "drill").exists()
    assert [path.name.split("-")[1] for path in set_up.files()] == ["data", "keyring"]
    assert not [path for path in kept_files() if b"AGE-SECRET-KEY" in path.read_bytes()]
    # Whom they are meant for can open them all the same.
    call_command(
        "restore_drill", directory=set_up.directory, identity=both_identities(set_up), stdout=StringIO()
    )


def test_it_runs_when_it_is_due_and_after_a_failure_not_before_the_next_day(
    house: House, set_up: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_drills(house)
    at = clock.now().replace(microsecond=0)
    tried: list[timedelta] = []

    def no_room(*_: object) -> None:
        tried.append(clock.now() - at)
        raise NotWhole("There is no room.", code="no-room")

    monkeypatch.setattr(drill, "check_room", no_room)

    for hours in (0, 1, 12, 24, 25, 48):
        monkeypatch.setattr(clock, "now", lambda hours=hours: at + timedelta(hours=hours))
        try:
            drill_when_due(set_up)
        except CommandError:
            pass

    assert [int(each.total_seconds()) // 3600 for each in tried] == [0, 24, 48]
    assert newest_check(house) == [(False, "no-room")]
    assert queries.state(at)[2].said == "the last try failed"
    forget_drills(house)


def test_before_there_is_a_clinic_nothing_is_due(
    house: House, set_up: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_drills(house)
    monkeypatch.setattr(access, "every_clinic", lambda: iter(()))

    assert drill_when_due(set_up) == ""
    assert set_up.files() == []


def test_where_there_is_no_room_nothing_is_begun(
    house: House, set_up: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))

    with pytest.raises(CommandError, match=r"needs \d+ MB on the disk of .* and 0 MB are free"):
        call_command("restore_drill", directory=set_up.directory, stdout=StringIO())

    assert newest_check(house) == [(False, "no-room")]
    assert set_up.files() == []


def test_one_that_takes_too_long_is_cut_off_recorded_and_thrown_away(
    house: House, set_up: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drill, "LONGEST_SECONDS", 1.5)
    monkeypatch.setattr(restoring, "carry_tombstones", lambda *_, **__: time.sleep(20))
    began = time.monotonic()

    with pytest.raises(CommandError, match="took more than"):
        call_command("restore_drill", directory=set_up.directory, stdout=StringIO())

    assert time.monotonic() - began < 15
    assert newest_check(house) == [(False, "too-long")]
    assert not (settings.STATE_DIR / "drill").exists()
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_disk_that_fills_up_fails_the_drill_and_touches_nothing_else(
    house: House, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL may write files of 200 kB only, as on a disk with no more room than that."""
    shelf.back_up()
    before = house.rows("SELECT count(*), max(at) FROM caseapp_entry")
    begun = Cluster.provision

    def with_no_room_left(cluster: Cluster, **more: Any) -> None:
        begun(cluster, **more)
        postmaster = cluster.postmaster()
        assert postmaster is not None
        resource.prlimit(postmaster, resource.RLIMIT_FSIZE, (200_000, 200_000))

    monkeypatch.setattr(Cluster, "provision", with_no_room_left)

    with pytest.raises(CommandError, match="PostgreSQL did not take the backup in"):
        call_command(
            "restore_drill", directory=shelf.directory, identity=both_identities(shelf), stdout=StringIO()
        )

    assert newest_check(house) == [(False, "not-taken-in")]
    assert not (settings.STATE_DIR / "drill").exists()
    assert house.rows("SELECT count(*), max(at) FROM caseapp_entry") == before


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


def test_a_trail_that_parts_from_todays_is_said(house: House, copies: dict[str, Database]) -> None:
    assert drill.parted_trails(copies["default"], house.live["default"]) == []
    execute(
        house,
        copies["default"],
        "ALTER TABLE caseapp_entry DISABLE TRIGGER USER;"
        " UPDATE caseapp_entry SET link = decode(repeat('00', 32), 'hex')"
        f" WHERE clinic_id = '{house.cast.clinic.id}'",
    )

    (said,) = drill.parted_trails(copies["default"], house.live["default"])

    assert str(house.cast.clinic.id) in said


def test_roots_of_later_days_are_no_fault_of_an_older_backup(
    house: House, settings: Any, tmp_path: Path
) -> None:
    make_signing_key(tmp_path, settings)
    clinic, day, aside = house.cast.clinic.id, clock.now().date(), uuid4()
    anchors.anchor(clinic, day=day, at=clock.now())
    anchors.write_down(clinic)
    entries = house.rows(f"SELECT max(seq) FROM caseapp_entry WHERE clinic_id = '{clinic}'")[0][0]
    house.rows("ALTER TABLE caseapp_entry DISABLE TRIGGER USER")
    house.rows(
        f"UPDATE caseapp_entry SET clinic_id = '{aside}' WHERE clinic_id = '{clinic}' AND seq = {entries}"
    )
    try:
        assert any("cut or rolled back" in said for said in anchors.faults(clinic))
        assert list(anchors.faults(clinic, later_ones=False)) == []
    finally:
        house.rows(f"UPDATE caseapp_entry SET clinic_id = '{clinic}' WHERE clinic_id = '{aside}'")


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
