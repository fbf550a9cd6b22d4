"""The restore drill: the newest backups, in a PostgreSQL made for it, looked over and thrown away."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg

from caseapp.safekeeping.dumps import Database, NotWhole
from config.embedded import Cluster

LONGEST_SECONDS: Final = 60 * 60.0
# What an empty PostgreSQL takes, its write-ahead log included.
ROOM_FOR_ITSELF: Final = 300 << 20

# A sealed value names its key in its third to tenth byte (docs/sf1.md).
_KEYS_NAMED: Final = (
    "SELECT DISTINCT substring({column} from 3 for 8) FROM {table} WHERE length({column}) > 10"
)
_SUBJECTS: Final = {"caseapp_person": "given_names", "caseapp_matter": "kind"}
_NEVER_EMPTY: Final = ("caseapp_clinic", "caseapp_user", "caseapp_entry", "django_migrations")


@contextmanager
def scratch_cluster(home: Path) -> Iterator[dict[str, Database]]:
    """Yield the empty databases, by Django's alias, of a PostgreSQL in `home`, which is gone afterwards."""
    shutil.rmtree(home, ignore_errors=True)
    cluster = Cluster(home, durable=False)
    try:
        cluster.initialise()
        cluster.start()
        cluster.provision()
        yield {
            alias: Database(
                name=name,
                user="amparo_owner",
                host=str(cluster.sockets),
                port="5432",
                password=cluster.password("amparo_owner"),
            )
            for alias, name in {"default": "amparo", "keyring": "keyring"}.items()
        }
    finally:
        cluster.stop()
        shutil.rmtree(home, ignore_errors=True)


@dataclass
class Limit:
    """Why a drill was cut off, if it was: a word for the record, and a sentence."""

    why: str = ""
    said: str = ""


@contextmanager
def at_most(seconds: float) -> Iterator[Limit]:
    """Raise NotWhole inside after so long, or when asked to stop, so that what was made is thrown away.

    The exception may come back as another one, out of code that is not Python: the limit says why.
    """
    limit = Limit()

    def cut_off(number: int, _frame: object) -> None:
        if number == signal.SIGALRM:
            limit.why, limit.said = "too-long", f"The drill took more than {seconds / 60:.0f} minutes."
        else:
            limit.why, limit.said = "stopped", "The drill was stopped."
        raise NotWhole(limit.said, code=limit.why)

    kept = {number: signal.signal(number, cut_off) for number in (signal.SIGALRM, signal.SIGTERM)}
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield limit
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in kept.items():
            signal.signal(number, handler)


def check_room(home: Path, live: dict[str, Database]) -> None:
    """Raise NotWhole unless there is room for the databases once more, and as much again, on this disk."""
    needed = ROOM_FOR_ITSELF
    for database in live.values():
        with _Look(database) as look:
            needed += 2 * int(str(*look.column("SELECT pg_database_size(current_database())")))
    free = shutil.disk_usage(home).free
    if free < needed:
        raise NotWhole(
            f"The drill needs {needed >> 20} MB on the disk of {home}, and {free >> 20} MB are free.",
            code="no-room",
        )


def parted_trails(restored: Database, live: Database) -> list[str]:
    """Return the clinics whose audit trail in the backup is not the beginning of today's."""
    ends = (
        "SELECT DISTINCT ON (clinic_id) clinic_id || ' ' || seq || ' ' || encode(link, 'hex')"
        " FROM caseapp_entry ORDER BY clinic_id, seq DESC"
    )
    with _Look(restored) as then, _Look(live) as now:
        parted = []
        for end in sorted(map(str, then.column(ends))):
            clinic, seq, link = end.split()
            same = now.connection.execute(
                "SELECT encode(link, 'hex') = %s FROM caseapp_entry WHERE clinic_id = %s AND seq = %s",
                [link, clinic, seq],
            ).fetchone()
            if same != (True,):
                parted.append(f"clinic {clinic}: entry {seq} in the backup is not the one in today's trail")
        return parted


def faults(restored: dict[str, Database], live: dict[str, Database]) -> list[str]:
    """Return, in words, what is wrong with the restored databases beside the running ones."""
    data, keyring = _Look(restored["default"]), _Look(restored["keyring"])
    today, todays_keyring = _Look(live["default"]), _Look(live["keyring"])
    with data, keyring, today, todays_keyring:
        return [
            *_missing_tables("data", data, today),
            *_missing_tables("keyring", keyring, todays_keyring),
            *_keys_in_the_data(data, keyring),
            *_too_few_rows(data, today),
            *_rows_without_a_key(data, keyring),
            *_risen(keyring, todays_keyring),
        ]


class _Look:
    """A connection that only reads."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def __enter__(self) -> _Look:
        self.connection = psycopg.connect(
            self.database.conninfo(), password=self.database.password, autocommit=True
        )
        self.connection.read_only = True
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def column(self, query: str) -> set[object]:
        rows = self.connection.execute(query.encode()).fetchall()
        return {bytes(value) if isinstance(value, memoryview) else value for (value,) in rows}

    def tables(self) -> set[object]:
        return self.column("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")

    def count(self, table: str) -> int:
        return int(str(*self.column(f"SELECT count(*) FROM {table}")))  # noqa: S608 (a constant's table)


def _missing_tables(kind: str, restored: _Look, live: _Look) -> list[str]:
    # A backup from before an upgrade lacks what the upgrade adds; the restore migrates it.
    migrations = "SELECT app || '.' || name FROM django_migrations"
    if restored.column(migrations) != live.column(migrations):
        return []
    missing = live.tables() - restored.tables()
    return [f"the {kind} lacks the tables {', '.join(sorted(map(str, missing)))}"] if missing else []


def _keys_in_the_data(data: _Look, keyring: _Look) -> list[str]:
    both = (data.tables() & keyring.tables()) - {"django_migrations"}
    return ["the backup of the data holds tables of the keyring"] if both else []


def _too_few_rows(data: _Look, live: _Look) -> list[str]:
    """The backup may be a day old, so it may hold fewer rows, but not none where there are some."""
    return [
        f"{table} is empty in the backup"
        for table in _NEVER_EMPTY
        if data.count(table) == 0 and live.count(table) > 0
    ]


def _rows_without_a_key(data: _Look, keyring: _Look) -> list[str]:
    """Each client and matter has its key in the keyring's backup, or the tombstone of one."""
    known = keyring.column("SELECT key_id FROM caseapp_subjectkey UNION SELECT key_id FROM caseapp_tombstone")
    lost: set[object] = set()
    for table, column in _SUBJECTS.items():
        lost |= data.column(_KEYS_NAMED.format(table=table, column=column)) - known
    return [f"{len(lost)} clients or matters have no key in the keyring's backup"] if lost else []


def _risen(keyring: _Look, today: _Look) -> list[str]:
    """No key that is destroyed today is back."""
    back = keyring.column("SELECT key_id FROM caseapp_subjectkey") & today.column(
        "SELECT key_id FROM caseapp_tombstone"
    )
    return [f"{len(back)} destroyed keys came back"] if back else []
