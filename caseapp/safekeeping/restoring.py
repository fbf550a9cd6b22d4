"""A backup into a database of its own, made ready there, and put in the running one's place by its name.

Until that last step, which is one transaction, the running databases are only read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, LiteralString
from uuid import UUID

import psycopg
from django.db import connections
from psycopg import sql

from caseapp.safekeeping.dumps import Database, Identity, NotWhole, restore

Connection = psycopg.Connection[tuple[object, ...]]

RESTORING: Final = "_restoring"
BEFORE: Final = "_before"
# Who may enter which, besides its owner.
_GUESTS: Final = {
    "default": ("amparo_web", "amparo_worker"),
    "keyring": ("amparo_keyring", "amparo_shredder"),
}


_TELLING: Final = {"default": ("caseapp_clinic", "data"), "keyring": ("caseapp_clinickey", "keyring")}


@dataclass(frozen=True)
class Administrator:
    """Someone who may make, rename and drop databases on the server, by connection string."""

    conninfo: str

    @contextmanager
    def connected(self, database: str = "postgres", *, autocommit: bool = True) -> Iterator[Connection]:
        try:
            connection = psycopg.connect(self.conninfo, dbname=database, autocommit=autocommit)
        except psycopg.OperationalError:
            raise NotWhole(
                "The administrator's connection to PostgreSQL was refused. Give --admin as for"
                " config.provision, and the password in PGPASSWORD.",
                code="no-admin",
            ) from None
        with connection:
            yield connection


def into_a_fresh_one(
    file: Path, identities: Sequence[Identity], alias: str, target: Database, admin: Administrator
) -> Database:
    """Restore `file` into a new database beside `target` and return it. Raises NotWhole, leaving nothing."""
    fresh = replace(target, name=target.name + RESTORING)
    drop(admin, fresh.name)
    with admin.connected() as connection:
        _run(connection, "CREATE DATABASE {} OWNER {}", fresh.name, target.user)
        _run(connection, "REVOKE ALL ON DATABASE {} FROM PUBLIC", fresh.name)
        for guest in _GUESTS[alias]:
            _run(connection, "GRANT CONNECT ON DATABASE {} TO {}", fresh.name, guest)
    try:
        restore_into(file, identities, fresh)
        _check_it_is(alias, fresh, file)
    except BaseException:
        drop(admin, fresh.name)
        raise
    return fresh


def restore_into(file: Path, identities: Sequence[Identity], database: Database) -> None:
    """Restore a backup into an empty database. Raises NotWhole."""
    try:
        sealed = file.open("rb")
    except OSError as error:
        raise NotWhole(f"{file} cannot be read: {error.strerror}.", code="no-backup") from None
    with sealed:
        restore(sealed, identities, database)


def _check_it_is(alias: str, database: Database, file: Path) -> None:
    """Raise NotWhole when the keyring was given for the data, or the data for the keyring."""
    table, kind = _TELLING[alias]
    with _entered(database) as connection:
        if not _has(connection, table):
            raise NotWhole(f"{file.name} does not hold the {kind}. Nothing was changed.", code="wrong-kind")


def drop(admin: Administrator, name: str) -> None:
    """Drop a database, and send whoever is still in it away. It may be absent."""
    with admin.connected() as connection:
        try:
            # By itself this waits for autovacuum, which only a superuser could send away.
            _run(connection, "DROP DATABASE IF EXISTS {}", name)
        except psycopg.errors.ObjectInUse:
            _run(connection, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def guests_in(admin: Administrator, names: Sequence[str]) -> int:
    """Return how many connections there are to these databases."""
    with admin.connected() as connection:
        counted = connection.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = ANY(%s) AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
            [list(names)],
        ).fetchone()
    return int(str(counted[0])) if counted else 0


def swap(admin: Administrator, pairs: Mapping[str, str]) -> None:
    """Put each fresh database (key) under the name of the one it replaces (value), all or none.

    Those they replace stay, as NAME_before. Raises NotWhole if someone is connected to one of them.
    """
    for name in pairs.values():
        drop(admin, name + BEFORE)
    try:
        with admin.connected(autocommit=False) as connection:
            _run(connection, "SET LOCAL lock_timeout = '15s'")
            for fresh, name in pairs.items():
                if _exists(connection, name):
                    _run(connection, "ALTER DATABASE {} RENAME TO {}", name, name + BEFORE)
                _run(connection, "ALTER DATABASE {} RENAME TO {}", fresh, name)
    except psycopg.Error:
        raise NotWhole(
            "Someone is still connected to the clinic's databases, so nothing was changed."
            " Stop the clinic, and whatever else is connected, and run it again.",
            code="in-use",
        ) from None


def _exists(connection: Connection, name: str) -> bool:
    query = "SELECT 1 FROM pg_database WHERE datname = %s"
    return connection.execute(query, [name]).fetchone() is not None


def _run(connection: Connection, statement: LiteralString, *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def files_named(database: Database) -> list[UUID]:
    """Return the names of the sealed files that the rows of a restored database need."""
    with _entered(database) as connection:
        if not _has(connection, "caseapp_version"):
            return []
        return [UUID(str(name)) for (name,) in connection.execute("SELECT id FROM caseapp_version")]


# What today's keyring knows and an older one does not

_NEWER_KEYS: Final = {
    "clinic keys": "SELECT clinic_id::text || generation FROM caseapp_clinickey WHERE state <> 'DESTROYED'",
    "keys of clients and matters": "SELECT encode(key_id, 'hex') FROM caseapp_subjectkey",
}
_STONES: Final = "key_id, clinic_id, subject_pseudonym, reason, generation, at"


def carry_tombstones(today: Database, older: Database, *, losing_keys: bool = False) -> int:
    """Destroy in the `older` keyring what `today`'s says is destroyed; return how many keys that was.

    Raises NotWhole when the older one lacks keys that today's has, for nothing sealed since would open;
    a drill, which replaces nothing, is `losing_keys`.
    """
    with _entered(today) as now, _entered(older) as then:
        if not _has(now, "caseapp_tombstone"):
            return 0
        if not losing_keys:
            _refuse_to_lose_keys(now, then)
        with then.cursor() as cursor:
            for row in now.execute(f"SELECT id, {_STONES} FROM caseapp_tombstone"):  # noqa: S608 (constant)
                cursor.execute(
                    f"INSERT INTO caseapp_tombstone (id, {_STONES})"  # noqa: S608 (constant)
                    " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                    row,
                )
            cursor.execute(
                "DELETE FROM caseapp_subjectkey WHERE key_id IN (SELECT key_id FROM caseapp_tombstone)"
            )
            destroyed = cursor.rowcount
            # Whoever still holds a copy of a key drops it on seeing the number rise.
            risen = now.execute("SELECT coalesce(max(number), 0) FROM caseapp_epoch").fetchone()
            cursor.execute("UPDATE caseapp_epoch SET number = greatest(number, %s) + 1", risen)
    return destroyed


def _refuse_to_lose_keys(now: Connection, then: Connection) -> None:
    for what, query in _NEWER_KEYS.items():
        buried = {row[0] for row in then.execute("SELECT encode(key_id, 'hex') FROM caseapp_tombstone")}
        lost = set(now.execute(query)) - set(then.execute(query)) - buried
        if lost:
            raise NotWhole(
                f"Today's keyring has {len(lost)} {what} that this backup of it lacks: what they sealed could"
                " not be opened again. Restore the data alone, without --keyring. Nothing was changed.",
                code="older-keyring",
            )


def _has(connection: Connection, table: str) -> bool:
    found = connection.execute("SELECT to_regclass(%s)", [table]).fetchone()
    return found is not None and found[0] is not None


@contextmanager
def _entered(database: Database) -> Iterator[Connection]:
    with psycopg.connect(database.conninfo(), password=database.password) as connection:
        yield connection


@contextmanager
def standing_in(databases: Mapping[str, Database]) -> Iterator[None]:
    """Let this process work on other databases than its settings name, by Django's alias."""
    kept = {alias: dict(connections[alias].settings_dict) for alias in databases}
    try:
        for alias, database in databases.items():
            connections[alias].close()
            connections[alias].settings_dict |= {
                "NAME": database.name,
                "USER": database.user,
                "PASSWORD": database.password,
                "HOST": database.host,
                "PORT": database.port,
                "OPTIONS": dict(database.options),
            }
        yield
    finally:
        for alias, settings in kept.items():
            connections[alias].close()
            connections[alias].settings_dict |= settings
