"""The databases and roles of the house, made by a PostgreSQL administrator; safe to run again.

Nobody here is a superuser and nobody bypasses row-level security. What each role may do with which table
is granted by the migrations.
"""

import sys
from collections.abc import Mapping
from typing import LiteralString

import psycopg
from django.core.exceptions import ImproperlyConfigured
from psycopg import sql

from config import env

OWNER = "amparo_owner"
# Who may enter which database, besides the owner of both.
GUESTS = {"amparo": ("amparo_web", "amparo_worker"), "keyring": ("amparo_keyring", "amparo_shredder")}
ROLES = (OWNER, *GUESTS["amparo"], *GUESTS["keyring"])

Admin = psycopg.Connection[tuple[object, ...]]


def provision(admin: str, passwords: Mapping[str, str], *, for_tests: bool = False) -> None:
    """Make what is missing. `admin` is the connection string of a superuser; `passwords` has every role's.

    `for_tests` also lets the owner make databases and act as each of the other roles.
    """
    with psycopg.connect(admin, dbname="postgres", autocommit=True) as connection:
        for role in ROLES:
            _make_role(connection, role, passwords[role])
        for name, guests in GUESTS.items():
            _make_database(connection, name, guests)
        _run(connection, "REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC")
        if for_tests:
            _open_for_tests(connection)
    for name, guests in GUESTS.items():
        with psycopg.connect(admin, dbname=name, autocommit=True) as connection:
            _close_schema(connection, guests)


def _run(connection: Admin, statement: LiteralString, *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _make_role(connection: Admin, role: str, password: str) -> None:
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone() is None:
        _run(connection, "CREATE ROLE {}", role)
    # The server sees only the verifier, so that the password can stand in no log and no activity view.
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    connection.execute(
        sql.SQL(
            "ALTER ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT"
            " PASSWORD {}"
        ).format(sql.Identifier(role), sql.Literal(verifier))
    )


def _make_database(connection: Admin, name: str, guests: tuple[str, ...]) -> None:
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
        _run(connection, "CREATE DATABASE {} OWNER {}", name, OWNER)
    _run(connection, "ALTER DATABASE {} OWNER TO {}", name, OWNER)
    _run(connection, "REVOKE ALL ON DATABASE {} FROM PUBLIC", name)
    for role in guests:
        _run(connection, "GRANT CONNECT ON DATABASE {} TO {}", name, role)


def _close_schema(connection: Admin, guests: tuple[str, ...]) -> None:
    _run(connection, "ALTER SCHEMA public OWNER TO {}", OWNER)
    _run(connection, "REVOKE ALL ON SCHEMA public FROM PUBLIC")
    for role in guests:
        _run(connection, "GRANT USAGE ON SCHEMA public TO {}", role)


def _open_for_tests(connection: Admin) -> None:
    _run(connection, "ALTER ROLE {} CREATEDB", OWNER)
    _run(connection, "GRANT CONNECT ON DATABASE postgres TO {}", OWNER)
    for role in ROLES:
        if role != OWNER:
            _run(connection, "GRANT {} TO {}", role, OWNER)


def main(arguments: list[str]) -> int:
    """Provision a server that is not ours: its administrator's connection string is the only argument."""
    if len(arguments) != 1:
        print('Usage: python -m config.provision "host=... user=postgres"', file=sys.stderr)
        return 2
    try:
        passwords = {role: env.text(f"{role.upper()}_PASSWORD") for role in ROLES}
        provision(arguments[0], passwords)
    except (ImproperlyConfigured, psycopg.Error) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
