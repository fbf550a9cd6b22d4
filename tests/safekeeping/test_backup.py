"""Backups: what is in them, who can open them, where they may lie and how long they stay."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyrage
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from caseapp import clock
from caseapp.safekeeping import backups
from caseapp.safekeeping.dumps import Database, NotWhole
from config.embedded import postgres_binary
from tests.conftest import MATEO
from tests.e2e.hunt import Hunt
from tests.safekeeping.conftest import House, Shelf

TYPED = [MATEO.given_names, "Pascual", "A201-555-902", "+1 212 555 0142", "Never call.", "Clínica del Río"]


def test_data_and_keyring_are_written_apart_whole_and_for_nobody_else(house: House, shelf: Shelf) -> None:
    shelf.back_up()

    assert [path.name.split("-")[1] for path in shelf.files()] == ["data", "keyring"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in shelf.files()} == {0o600}
    assert stat.S_IMODE(shelf.directory.stat().st_mode) == 0o700
    assert not list(shelf.directory.glob("*.part"))
    assert {row[0] for row in house.rows("SELECT kind FROM caseapp_check WHERE ok")} >= {
        "backup-data",
        "backup-keyring",
    }


def test_a_backup_holds_nothing_that_was_typed_nor_once_it_is_opened(house: House, shelf: Shelf) -> None:
    shelf.back_up()
    hunt = Hunt(TYPED)

    for kind, identity in (("data", shelf.data), ("keyring", shelf.keyring)):
        sealed = shelf.files(kind)[0].read_bytes()
        opened = opened_by(identity, sealed)

        assert opened.startswith(b"PGDMP")
        assert hunt.look("the file", sealed) == []
        assert b"PGDMP" not in sealed
        assert hunt.look("the dump", in_clear(opened)) == []
    assert hunt.look("a place where it is", b"..." + MATEO.given_names.encode())


def test_the_dump_of_the_data_has_no_table_of_the_keyring(house: House, shelf: Shelf) -> None:
    shelf.back_up()

    data, keyring = (
        in_clear(opened_by(identity, shelf.files(kind)[0].read_bytes()))
        for kind, identity in (("data", shelf.data), ("keyring", shelf.keyring))
    )

    assert b"caseapp_subjectkey" not in data and b"caseapp_person" in data
    assert b"caseapp_subjectkey" in keyring and b"caseapp_person" not in keyring


def test_what_postgresql_does_not_log_is_left_out(house: House, shelf: Shelf) -> None:
    house.rows("CREATE UNLOGGED TABLE scratch_tokens AS SELECT 'unlogged-canary' AS token")

    try:
        shelf.back_up()
    finally:
        house.rows("DROP TABLE scratch_tokens")

    dumped = in_clear(opened_by(shelf.data, shelf.files("data")[0].read_bytes()))
    assert b"scratch_tokens" in dumped and b"unlogged-canary" not in dumped


def opened_by(identity: Path, sealed: bytes) -> bytes:
    opened = io.BytesIO()
    pyrage.decrypt_io(io.BytesIO(sealed), opened, backups.identities_in(identity))
    return opened.getvalue()


def in_clear(dumped: bytes) -> bytes:
    """Return a custom-format dump as the SQL that pg_restore makes of it."""
    made = subprocess.run(
        [postgres_binary("pg_restore"), "-f", "-"], input=dumped, capture_output=True, check=True
    )
    return made.stdout


# Refusals


def test_without_a_recipient_nothing_is_written(house: House, shelf: Shelf) -> None:
    for one in ("data_recipient", "keyring_recipient"):
        with pytest.raises(CommandError, match="No recipient"):
            shelf.back_up(**{one: None})
    with pytest.raises(CommandError, match="secret key"):
        shelf.back_up(data_recipient=shelf.data.read_text().splitlines()[-1])
    with pytest.raises(CommandError, match="not one of age's"):
        shelf.back_up(data_recipient="age1nonsense")

    assert shelf.files() == []


@pytest.mark.parametrize("inside", ["", "root", "root/deeper", "backups", ".."])
def test_a_place_beside_the_keys_is_refused(tmp_path: Path, inside: str) -> None:
    state = tmp_path / "over" / "state"
    (state / "root").mkdir(parents=True)

    with pytest.raises(NotWhole, match="keys and databases"):
        backups.check_place(state / inside, state=state, root_key=state / "root" / "root.key")


def test_a_place_with_a_root_key_in_it_is_refused_wherever_it_is(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "root.key").write_bytes(bytes(32))

    with pytest.raises(NotWhole, match="keys and databases"):
        backups.check_place(
            tmp_path / "elsewhere", state=tmp_path / "state", root_key=tmp_path / "state/root/root.key"
        )


def test_one_database_for_both_is_refused(house: House) -> None:
    with pytest.raises(NotWhole, match="not apart"):
        backups.check_apart(house.live["default"], house.live["default"])


@pytest.mark.parametrize("schema", ["public", "attic"])
def test_a_table_of_the_keyring_among_the_data_is_refused(house: House, shelf: Shelf, schema: str) -> None:
    house.rows(f"CREATE SCHEMA IF NOT EXISTS {schema}; CREATE TABLE {schema}.caseapp_subjectkey (id int)")

    try:
        with pytest.raises(CommandError, match="caseapp_subjectkey"):
            shelf.back_up()
    finally:
        house.rows(f"DROP TABLE {schema}.caseapp_subjectkey")

    assert shelf.files() == []
    newest = house.rows("SELECT ok, code FROM caseapp_check ORDER BY at DESC LIMIT 1")
    assert newest == [(False, "keyring-in-data")]


# When it does not come to its end


def test_a_database_that_is_not_there_leaves_no_file(house: House, shelf: Shelf) -> None:
    shelf.directory.mkdir()
    gone = Database("nowhere_at_all", house.live["default"].user, house.live["default"].host, "5432", "x")
    whom = [backups.recipient(shelf.recipient("data"), "data")]

    with pytest.raises(NotWhole, match="pg_dump stopped"):
        backups.make("data", gone, shelf.directory, whom, at=clock.now())

    assert list(shelf.directory.iterdir()) == []


FULL_DISK = """
import resource, signal, sys, datetime, pathlib
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from caseapp.safekeeping import backups
from caseapp.safekeeping.dumps import Database, NotWhole
name, user, host, port, password, directory, recipient = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
try:
    backups.make("data", Database(name, user, host, port, password), pathlib.Path(directory),
                 [backups.recipient(recipient, "data")], at=datetime.datetime.now(datetime.UTC))
except NotWhole as error:
    print(error.code, error)
"""


def arguments(house: House, shelf: Shelf) -> list[str]:
    live = house.live["default"]
    return [
        *(live.name, live.user, live.host, live.port, live.password),
        *(str(shelf.directory), shelf.recipient("data")),
    ]


def test_a_full_disk_is_said_and_older_backups_stay(house: House, shelf: Shelf) -> None:
    shelf.back_up()
    before = shelf.files()

    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, *arguments(house, shelf)], capture_output=True, text=True
    )

    assert done.stdout.startswith("disk-full The disk is full."), done.stderr
    assert shelf.files() == before
    assert not list(shelf.directory.glob("*.part"))


CUT_OFF = """
import os, signal, sys, datetime, pathlib
from caseapp.safekeeping import backups, dumps
name, user, host, port, password, directory, recipient = sys.argv[1:]
class Dying:
    def __init__(self, file): self.file, self.wrote = file, 0
    def write(self, some):
        self.wrote += len(some)
        if self.wrote > 20_000: os.kill(os.getpid(), signal.SIGKILL)
        return self.file.write(some)
    def flush(self): self.file.flush()
whole = dumps.pyrage.encrypt_io
dumps.pyrage.encrypt_io = lambda reader, writer, whom: whole(reader, Dying(writer), whom)
backups.make("data", dumps.Database(name, user, host, port, password), pathlib.Path(directory),
             [backups.recipient(recipient, "data")], at=datetime.datetime.now(datetime.UTC))
"""


def test_one_that_is_killed_midway_is_no_backup_and_the_next_clears_up(house: House, shelf: Shelf) -> None:
    shelf.directory.mkdir(mode=0o700)

    killed = subprocess.run([sys.executable, "-c", CUT_OFF, *arguments(house, shelf)])

    assert killed.returncode == -9
    assert shelf.files() == []
    assert len(list(shelf.directory.glob("*.part"))) == 1
    shelf.back_up()
    assert len(shelf.files()) == 2
    assert not list(shelf.directory.glob("*.part"))


# How long they stay


NOW = datetime(2026, 6, 3, 2, 0, tzinfo=UTC)


def lay(directory: Path, kind: str, *days_ago: int) -> None:
    directory.mkdir(exist_ok=True)
    for days in days_ago:
        (directory / f"amparo-{kind}-{NOW - timedelta(days=days):%Y%m%dT%H%M%SZ}.age").touch()


@pytest.mark.parametrize(
    ("kind", "kept_days", "left"), [("data", 35, [35, 20, 8, 1, 0]), ("keyring", 7, [1, 0])]
)
def test_those_past_their_time_go(tmp_path: Path, kind: str, kept_days: int, left: list[int]) -> None:
    lay(tmp_path, kind, 0, 1, 8, 20, 35, 36, 400)
    (tmp_path / "a-note.txt").touch()

    backups.forget_old(tmp_path, kind, at=NOW, kept_days=kept_days)

    assert [(NOW - when).days for when, _ in backups.found(tmp_path, kind)] == left
    assert (tmp_path / "a-note.txt").exists()


def test_the_newest_stays_however_old_it_is(tmp_path: Path) -> None:
    lay(tmp_path, "keyring", 90, 80)

    backups.forget_old(tmp_path, "keyring", at=NOW, kept_days=7)

    assert [(NOW - when).days for when, _ in backups.found(tmp_path, "keyring")] == [80]


def test_nothing_is_forgotten_while_the_new_one_is_not_whole(
    house: House, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(shelf.directory, "data", 100, 90)
    monkeypatch.setattr(
        backups, "dump", lambda *_: (_ for _ in ()).throw(NotWhole("no", code="dump-stopped"))
    )

    with pytest.raises(CommandError, match="no"):
        shelf.back_up()

    assert len(shelf.files("data")) == 2


def test_only_what_is_due_is_made_when_asked_so(
    house: House, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = clock.now().replace(microsecond=0)
    made = []
    for later in (timedelta(), timedelta(hours=5), timedelta(hours=7), timedelta(hours=24)):
        monkeypatch.setattr(clock, "now", lambda later=later: at + later)
        before = set(shelf.files())
        shelf.back_up(due=True)
        made.append(sorted(path.name.split("-")[1] for path in set(shelf.files()) - before))

    assert made == [["data", "keyring"], [], ["keyring"], ["data", "keyring"]]


def test_due_says_nothing_where_backups_are_not_set_up(house: House, shelf: Shelf) -> None:
    call_command("backup", due=True)

    assert not shelf.directory.exists()


def test_the_password_is_in_no_argument(house: House) -> None:
    live = house.live["default"]

    assert live.password and live.password not in live.conninfo()
    assert live.password not in repr(live)
    assert live.environment()["PGPASSWORD"] == live.password
    assert "PGPASSWORD" not in os.environ
