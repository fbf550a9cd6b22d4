"""PostgreSQL's own dump and restore, with age between them and the disk.

What pg_dump writes goes through a pipe into the encryption, and back the same way: nothing that could be
read lies in a file on the way, not even for a moment.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import pyrage
from psycopg.conninfo import make_conninfo

from caseapp.errors import Refused
from config import children, embedded

Recipient = Any  # pyrage's classes come without types
Identity = Any


class NotWhole(Refused):
    """A backup or a restore did not come to its end. `code` is a word for it, without a value."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Database:
    """Where a database is, and as whom to go there."""

    name: str
    user: str
    host: str
    port: str = ""
    password: str = field(default="", repr=False)
    options: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Database:
        """Return it from an entry of Django's DATABASES."""
        options = {name: str(value) for name, value in settings.get("OPTIONS", {}).items()}
        return cls(
            name=str(settings["NAME"]),
            user=str(settings["USER"]),
            host=str(settings["HOST"]),
            port=str(settings["PORT"]),
            password=str(settings["PASSWORD"]),
            options=options,
        )

    def conninfo(self) -> str:
        """Return the connection string without the password, which goes by the environment."""
        given = {"host": self.host, "port": self.port, "user": self.user, "dbname": self.name}
        return make_conninfo(**{k: v for k, v in given.items() if v}, **dict(self.options))

    def environment(self) -> dict[str, str]:
        return os.environ | {"PGPASSWORD": self.password, "LC_ALL": "C.UTF-8"}


def program(name: str) -> str | Path:
    """Return a program of PostgreSQL: the one that comes with us, or the system's. Raises NotWhole."""
    try:
        return embedded.postgres_binary(name)
    except embedded.EmbeddedServerError:
        found = shutil.which(name)
    if found is None:
        raise NotWhole(f"{name} is missing. Install PostgreSQL's client programs.", code="no-program")
    return found


def dump(database: Database, to: BinaryIO, recipients: Sequence[Recipient]) -> None:
    """Write a whole database to `to`, encrypted to `recipients`. Raises NotWhole, OSError.

    Tables that PostgreSQL does not log are left out: they are made again from the rest.
    """
    command = [program("pg_dump"), "--format=custom", "--no-unlogged-table-data", "--no-owner"]
    command += ["-d", database.conninfo()]
    with _running(command, database, writes=False) as (process, said):
        try:
            pyrage.encrypt_io(process.stdout, to, recipients)
        except pyrage.EncryptError as error:
            raise _not_written(error) from None
        if process.wait() != 0:
            raise NotWhole(f"pg_dump stopped: {said()}", code="dump-stopped")


def restore(sealed: BinaryIO, identities: Sequence[Identity], database: Database) -> None:
    """Decrypt a backup straight into an empty database: all of it or nothing. Raises NotWhole."""
    command = [program("pg_restore"), "--format=custom", "--exit-on-error", "--single-transaction"]
    command += ["--no-owner", "-d", database.conninfo()]
    with _running(command, database, writes=True) as (process, said):
        assert process.stdin is not None
        try:
            pyrage.decrypt_io(sealed, process.stdin, identities)
            process.stdin.close()
        except BrokenPipeError:
            process.wait()
        except (pyrage.DecryptError, OSError) as error:
            raise _not_opened(error) from None
        if process.wait() != 0:
            raise NotWhole(
                f"PostgreSQL did not take the backup in: {said()}. Nothing was changed.", code="not-taken-in"
            )


@contextmanager
def _running(command: Sequence[str | Path], database: Database, *, writes: bool) -> Iterator[Any]:
    """Run a program that ends with us; yield it and what returns the first line of its complaint."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE if writes else subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if writes else subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=database.environment(),
        preexec_fn=children.ends_with_us(),
    )
    heard: list[bytes] = []
    assert process.stderr is not None
    listener = threading.Thread(target=_listen, args=(process.stderr, heard), daemon=True)
    listener.start()

    def said() -> str:
        listener.join(5)
        lines = b"".join(heard).decode(errors="replace").splitlines()
        return next((line for line in lines if "error" in line.lower()), lines[0] if lines else "no word")

    try:
        yield process, said
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        listener.join(5)
        for pipe in (process.stdin, process.stdout, process.stderr):
            _close(pipe)


def _listen(pipe: BinaryIO, heard: list[bytes]) -> None:
    """Take what a program says on its second output, so that it never waits; keep the beginning."""
    while some := pipe.read(4096):
        if len(heard) < 4:
            heard.append(some)


def _close(pipe: Any) -> None:
    try:
        if pipe is not None:
            pipe.close()
    except OSError:
        pass


def _not_written(error: Exception) -> NotWhole:
    """pyrage gives an OSError's text only."""
    if "space left" in str(error) or "quota" in str(error).lower() or "too large" in str(error):
        return NotWhole("The disk is full. No backup was kept; older ones are untouched.", code="disk-full")
    return NotWhole("The backup could not be written. Older ones are untouched.", code="not-written")


def _not_opened(error: Exception) -> NotWhole:
    if "No matching keys" in str(error):
        return NotWhole(
            "This identity does not open this backup. Find the identity whose recipient it was made for."
            " Nothing was changed.",
            code="wrong-identity",
        )
    return NotWhole(
        "The backup is damaged or cut short: it does not decrypt to its end. Use another one."
        " Nothing was changed.",
        code="damaged",
    )
