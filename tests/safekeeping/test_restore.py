"""Restoring: all of it in the running clinic's place, or nothing changed at all."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pyrage
import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections

from caseapp.audit import services as audit
from caseapp.matters.models import Matter
from caseapp.people import services as people
from caseapp.people.models import Person
from caseapp.people.services import Particulars
from caseapp.retention import services as retention
from caseapp.retention.models import Purge
from caseapp.safekeeping import restoring
from caseapp.vault import keyring
from caseapp.vault.models import SubjectKey, Tombstone
from config import embedded
from tests.conftest import NOW, TODAY, as_the_web_process, make_user
from tests.safekeeping.conftest import House, Shelf, identity_file


@pytest.fixture
def backed_up(house: House, shelf: Shelf) -> Shelf:
    shelf.back_up()
    return shelf


@pytest.fixture
def as_it_was(house: House) -> Iterator[Callable[[], None]]:
    """Return what asserts that the clinic was not touched since this was made."""
    before = contents(house)

    def check() -> None:
        assert contents(house) == before
        assert not {name for name in house.databases() if name.endswith(restoring.RESTORING)}

    yield check


def contents(house: House) -> dict[str, Any]:
    """Return what tells one state of the clinic from another: each database's identity and rows."""
    found: dict[str, Any] = {}
    for alias in ("default", "keyring"):
        found[alias] = house.rows("SELECT oid FROM pg_database WHERE datname = current_database()", alias)
    found["rows"] = house.rows(
        "SELECT (SELECT count(*) FROM caseapp_person), (SELECT count(*) FROM caseapp_entry),"
        " (SELECT md5(string_agg(p::text, '|' ORDER BY id)) FROM caseapp_person p)"
    )
    found["keys"] = house.rows("SELECT key_id FROM caseapp_subjectkey ORDER BY key_id", "keyring")
    return found


def restore(house: House, shelf: Shelf, *, keyring: bool = False, **more: Any) -> str:
    said = StringIO()
    given: dict[str, Any] = {
        "data": shelf.files("data")[-1],
        "keyring": shelf.files("keyring")[-1] if keyring else None,
        "identity": shelf.data,
        "admin": house.admin,
    }
    call_command("restore", stdout=said, **(given | more))
    return said.getvalue()


def record_someone(house: House, given: str) -> Person:
    return people.record_person(
        Particulars(given_names=given, first_surname="Later"), by=house.cast.ana, at=NOW
    )


# The whole way


def test_what_was_backed_up_is_there_again_and_opens(house: House, backed_up: Shelf) -> None:
    later = record_someone(house, "Recorded later")

    said = restore(house, backed_up)

    assert Person.objects.get(pk=house.cast.mateo.pk).given_names == "Mateo Q'anil"
    assert not Person.objects.filter(pk=later.pk).exists()
    assert "Restored." in said
    assert list(audit.faults(house.cast.clinic.id)) == []
    events = house.rows("SELECT event FROM caseapp_entry WHERE event = 'clinic:restored'")
    assert len(events) == 2  # one for each clinic
    assert house.rows("SELECT ok FROM caseapp_check WHERE kind = 'restore'") == [(True,)]


def test_the_walls_and_grants_stand_as_before(house: House, backed_up: Shelf) -> None:
    restore(house, backed_up)

    with as_the_web_process(), connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM caseapp_person")
        assert cursor.fetchone() == (0,)  # no clinic was entered
        cursor.execute("SELECT count(*) FROM caseapp_check")
        with pytest.raises(Exception, match="permission denied"):
            cursor.execute("DELETE FROM caseapp_entry")
    for role in ("amparo_web", "amparo_worker"):
        may = house.rows(f"SELECT has_database_privilege('{role}', current_database(), 'CONNECT')")
        assert may == [(True,)]
    assert house.rows("SELECT has_database_privilege('amparo_keyring', current_database(), 'CONNECT')") == [
        (False,)
    ]


def test_what_was_set_aside_can_be_dropped(house: House, backed_up: Shelf) -> None:
    restore(house, backed_up)
    assert house.databases() == {house.live["default"].name + restoring.BEFORE}

    call_command("restore", drop_before=True, admin=house.admin, stdout=StringIO())

    assert house.databases() == set()


# Purges


def closed_long_ago(house: House) -> Matter:
    matter = Matter.objects.get(pk=house.cast.noors_matter.pk)
    Matter.objects.filter(pk=matter.pk).update(
        closed_on=date(2018, 1, 2), kept_as="FULL", keep_until=date(2025, 1, 2)
    )
    matter.refresh_from_db()
    return matter


def purge_noor(house: House) -> None:
    """Two people purge the other clinic's only matter, and with it its client."""
    second = make_user(house.cast.other_clinic, "Flo", "ATTORNEY")
    purge = retention.propose_purge(closed_long_ago(house), by=house.cast.eve, at=NOW, today=TODAY)
    retention.approve_purge(purge, by=second, at=NOW)
    retention.finish_purges(now=NOW)
    assert Purge.objects.get(pk=purge.pk).state == "DONE"
    assert not Person.objects.filter(pk=house.cast.noor.pk).exists()


def test_beside_todays_keyring_and_beside_an_old_one_who_was_purged_stays_gone(
    house: House, shelf: Shelf
) -> None:
    shelf.back_up()
    key = SubjectKey.objects.get(subject_id=house.cast.noor.pk)
    purge_noor(house)

    said = restore(house, shelf)

    assert "2 purged records" in said
    assert not Person.objects.filter(pk=house.cast.noor.pk).exists()
    assert Person.objects.filter(pk=house.cast.mateo.pk).exists()

    # The keyring from before the purge holds her key again; it must not survive being restored.
    said = restore(house, shelf, keyring=True, identity=both_identities(shelf))

    assert "2 keys that were destroyed since" in said
    assert not SubjectKey.objects.filter(key_id=bytes(key.key_id)).exists()
    assert Tombstone.objects.filter(key_id=bytes(key.key_id)).exists()
    assert not Person.objects.filter(pk=house.cast.noor.pk).exists()
    keyring.drop_all()
    assert Person.objects.get(pk=house.cast.mateo.pk).given_names == "Mateo Q'anil"
    assert house.live["keyring"].name + restoring.BEFORE not in house.databases()


def both_identities(shelf: Shelf) -> Path:
    both = shelf.data.with_name("both.identity")
    both.write_text(shelf.data.read_text() + shelf.keyring.read_text())
    return both


def test_an_older_keyring_than_todays_is_refused(
    house: House, backed_up: Shelf, as_it_was: Callable[[], None]
) -> None:
    someone = record_someone(house, "Recorded later")
    try:
        with pytest.raises(CommandError, match="1 keys of clients and matters that this backup of it lacks"):
            restore(house, backed_up, keyring=True, identity=both_identities(backed_up))
    finally:
        someone.delete()
        keyring.destroy(house.cast.clinic.id, [someone.id], reason="test")


# Refusals that change nothing


def test_the_wrong_identity_is_said(house: House, backed_up: Shelf, as_it_was: Callable[[], None]) -> None:
    with pytest.raises(CommandError, match="does not open this backup"):
        restore(house, backed_up, identity=identity_file(backed_up.data.with_name("other")))

    as_it_was()


@pytest.mark.parametrize("left", [0, 100, 2000, 65_536 + 216, 0.5, 0.9, -1])
def test_one_that_is_cut_short_is_said_to_be(
    house: House, backed_up: Shelf, as_it_was: Callable[[], None], left: float
) -> None:
    whole = backed_up.files("data")[-1]
    data = whole.read_bytes()
    end = int(len(data) * left) if isinstance(left, float) else left
    whole.write_bytes(data[:end])

    with pytest.raises(CommandError, match="damaged or cut short"):
        restore(house, backed_up)

    as_it_was()


def test_one_changed_byte_anywhere_is_noticed(
    house: House, backed_up: Shelf, as_it_was: Callable[[], None]
) -> None:
    whole = backed_up.files("data")[-1]
    data = bytearray(whole.read_bytes())
    data[-40] ^= 1
    whole.write_bytes(data)

    with pytest.raises(CommandError, match="damaged or cut short"):
        restore(house, backed_up)

    as_it_was()


def test_a_file_that_is_no_backup_of_ours_is_refused(
    house: House, backed_up: Shelf, as_it_was: Callable[[], None]
) -> None:
    whole = backed_up.files("data")[-1]
    recipient = pyrage.x25519.Recipient.from_str(backed_up.recipient("data"))
    whole.write_bytes(pyrage.encrypt(b"not a dump at all" * 100, [recipient]))

    with pytest.raises(CommandError, match="PostgreSQL did not take the backup in"):
        restore(house, backed_up)

    as_it_was()


def test_the_keyring_given_as_the_data_is_refused(
    house: House, backed_up: Shelf, as_it_was: Callable[[], None]
) -> None:
    with pytest.raises(CommandError, match="does not hold the data"):
        restore(house, backed_up, data=backed_up.files("keyring")[-1], identity=backed_up.keyring)

    as_it_was()


def test_a_missing_file_is_said(house: House, backed_up: Shelf, as_it_was: Callable[[], None]) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        restore(house, backed_up, data=backed_up.directory / "nothing.age")
    with pytest.raises(CommandError, match="cannot be read"):
        restore(house, backed_up, identity=backed_up.directory / "nothing")
    with pytest.raises(CommandError, match="no identity"):
        restore(house, backed_up, identity=Path(__file__))

    as_it_was()


def test_a_running_clinic_is_not_restored_over(
    house: House, backed_up: Shelf, as_it_was: Callable[[], None]
) -> None:
    with (
        embedded.sole_holder(settings.STATE_DIR / ".lock", "taken"),
        pytest.raises(CommandError, match="The clinic is running"),
    ):
        restore(house, backed_up)
    live = house.live["default"]
    with (
        psycopg.connect(live.conninfo(), password=live.password),
        pytest.raises(CommandError, match="1 connections to the clinic's databases are open"),
    ):
        restore(house, backed_up)

    as_it_was()


def test_someone_who_connects_while_it_restores_stops_the_swap(
    house: House, backed_up: Shelf, as_it_was: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    live = house.live["default"]
    guest = psycopg.connect(live.conninfo(), password=live.password)
    monkeypatch.setattr(restoring, "guests_in", lambda *_: 0)

    with guest, pytest.raises(CommandError, match="still connected"):
        restore(house, backed_up)

    as_it_was()


def test_a_disk_that_fills_up_leaves_the_clinic_as_it_was(
    house: House, backed_up: Shelf, as_it_was: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL has no quota to fill, so the fresh database refuses a table midway, as a full disk does."""
    real = restoring.restore_into

    def onto_a_full_disk(file: Path, identity: Any, database: Any) -> None:
        with psycopg.connect(database.conninfo(), password=database.password) as connection:
            connection.execute("CREATE TABLE public.caseapp_matter (only_this integer)")
        real(file, identity, database)

    monkeypatch.setattr(restoring, "restore_into", onto_a_full_disk)

    with pytest.raises(CommandError, match="PostgreSQL did not take the backup in"):
        restore(house, backed_up)

    as_it_was()


CUT_OFF = """
import os, signal, sys
from pathlib import Path
import django
from django.conf import settings
django.setup()
from django.core.management import call_command
from django.db import connections
from caseapp.safekeeping import dumps
default, keyring, data, identity, admin, where = sys.argv[1:]
for alias, name in (("default", default), ("keyring", keyring)):
    connections[alias].settings_dict["NAME"] = name
class Dying:
    def __init__(self, file): self.file, self.wrote = file, 0
    def write(self, some):
        self.wrote += len(some)
        if self.wrote > 20_000: os.kill(os.getpid(), signal.SIGKILL)
        return self.file.write(some)
    def flush(self): self.file.flush()
if where == "reading":
    whole = dumps.pyrage.decrypt_io
    dumps.pyrage.decrypt_io = lambda reader, writer, whom: whole(reader, Dying(writer), whom)
else:
    from caseapp.safekeeping import restoring
    restoring.swap = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
call_command("restore", data=Path(data), identity=Path(identity), admin=admin)
"""


@pytest.mark.parametrize("where", ["reading", "before the swap"])
def test_killed_midway_nothing_was_changed_and_it_can_be_run_again(
    house: House, backed_up: Shelf, where: str
) -> None:
    before = contents(house)
    command = [sys.executable, "-c", CUT_OFF, house.live["default"].name, house.live["keyring"].name]
    command += [str(backed_up.files("data")[-1]), str(backed_up.data), house.admin, where]

    connections.close_all()
    killed = subprocess.run(command, env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"})

    assert killed.returncode == -9
    assert contents(house) == before
    restore(house, backed_up)
    assert not {name for name in house.databases() if name.endswith(restoring.RESTORING)}
    assert Person.objects.get(pk=house.cast.mateo.pk).given_names == "Mateo Q'anil"
