"""A clinic whose databases are its own and whose rows are committed, so that pg_dump sees them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pyrage
import pytest
from django.conf import settings
from django.core.management import call_command

from caseapp.people import roster
from caseapp.safekeeping import restoring
from caseapp.safekeeping.dumps import Database
from caseapp.vault import keyring
from tests.conftest import Cast, make_cast

ALIASES = ("default", "keyring")


@dataclass
class House:
    """The clinic, where its backups go, and the identities that open them."""

    cast: Cast
    live: dict[str, Database]
    admin: str = field(repr=False)

    def rows(self, query: str, alias: str = "default") -> list[Any]:
        database = self.live[alias]
        with psycopg.connect(database.conninfo(), password=database.password) as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description else []

    def databases(self) -> set[str]:
        """Return what lies on the server beside the two of the clinic."""
        run = self.live["default"].name.removesuffix("amparo")
        with psycopg.connect(self.admin, dbname="postgres") as connection:
            found = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{run}%"])
            return {str(name) for (name,) in found} - {database.name for database in self.live.values()}


@pytest.fixture(scope="session")
def owner() -> Database:
    """Who may make databases on the tests' server, as the tests' owner may."""
    return Database.of(settings.DATABASES["default"])


@pytest.fixture(scope="session")
def admin(owner: Database) -> str:
    return f"host={owner.host} port={owner.port} user={owner.user} password={owner.password}"


def make(admin: str, like: Database, name: str, template: str) -> Database:
    server = restoring.Administrator(admin)
    restoring.drop(server, name)
    with server.connected() as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
    return replace(like, name=name)


def drop_all(admin: str, databases: Iterable[Database]) -> None:
    for database in databases:
        for suffix in ("", restoring.BEFORE, restoring.RESTORING):
            restoring.drop(restoring.Administrator(admin), database.name + suffix)


@pytest.fixture(scope="session")
def empty(owner: Database, admin: str, django_db_blocker: Any) -> Iterator[dict[str, Database]]:
    """The two databases, migrated, with nobody in them: to be copied."""
    run = uuid4().hex[:8]
    made = {alias: make(admin, owner, f"empty_{alias}_{run}", "template1") for alias in ALIASES}
    with django_db_blocker.unblock(), restoring.standing_in(made):
        for alias in ALIASES:
            call_command("migrate", database=alias, interactive=False, verbosity=0)
    yield made
    drop_all(admin, made.values())


@pytest.fixture(scope="module")
def house(owner: Database, admin: str, empty: dict[str, Database], django_db_blocker: Any) -> Iterator[House]:
    """A clinic in databases of its own, in which Django works for the length of a module."""
    run = uuid4().hex[:8]
    live = {
        alias: make(admin, owner, f"{run}_{name}", empty[alias].name)
        for alias, name in {"default": "amparo", "keyring": "keyring"}.items()
    }
    with django_db_blocker.unblock(), restoring.standing_in(live):
        yield House(make_cast(), live, admin)
        keyring.drop_all()
        roster.forget()
    drop_all(admin, live.values())


@dataclass
class Shelf:
    """A directory of backups, and the identities that open the data's and the keyring's."""

    directory: Path
    data: Path
    keyring: Path

    def recipient(self, whose: str) -> str:
        line = (self.data if whose == "data" else self.keyring).read_text().splitlines()[-1]
        return str(pyrage.x25519.Identity.from_str(line).to_public())

    def back_up(self, **more: Any) -> None:
        given = {
            "data_recipient": self.recipient("data"),
            "keyring_recipient": self.recipient("keyring"),
            "directory": self.directory,
        }
        call_command("backup", **(given | more))

    def files(self, kind: str = "*") -> list[Path]:
        return sorted(self.directory.glob(f"amparo-{kind}-*.age"))


def identity_file(path: Path) -> Path:
    """Write what age-keygen writes."""
    path.write_text(f"# created: today\n{pyrage.x25519.Identity.generate()}\n")
    return path


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    made = [identity_file(tmp_path / name) for name in ("data.identity", "keyring.identity")]
    return Shelf(tmp_path / "backups", *made)
