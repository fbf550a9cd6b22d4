"""A whole clinic, started as a person would start it, on a state directory of its own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime
from email.message import Message
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler

from config.embedded import postgres_binary

REPOSITORY = Path(__file__).parents[2]
CLINIC_ZONE = ZoneInfo("America/New_York")
START_SECONDS = 150


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Mailbox(MessageHandler):
    """A real SMTP server's end: it keeps what arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived: list[Message] = []

    def handle_message(self, message: Message) -> None:
        self.arrived.append(message)


@dataclass
class House:
    """`./run` on a state directory, with a mailbox beside it and a clock the test can set."""

    state: Path
    port: int = field(default_factory=free_port)
    mailbox: Mailbox = field(default_factory=Mailbox)
    printed: list[str] = field(default_factory=list)
    extra: dict[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None
    _smtp: Any = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The test process's own environment, less what the test plugin set for itself."""
        own = ("AMPARO_", "DATABASE_URL", "KEYRING_URL", "BROKER_URL", "PYTEST")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        return (
            kept
            | {
                "DJANGO_SETTINGS_MODULE": "tests.e2e.settings",
                "AMPARO_STATE": str(self.state),
                "AMPARO_BIND": f"127.0.0.1:{self.port}",
                "AMPARO_URL": self.address,
                "AMPARO_SMTP_URL": f"smtp://127.0.0.1:{self._smtp.port}",
                "AMPARO_TEST_CLOCK": str(self.state.parent / "clock"),
            }
            | self.extra
        )

    def open_mailbox(self) -> None:
        self._smtp = Controller(self.mailbox, hostname="127.0.0.1", port=free_port())
        self._smtp.start()

    def start(self, until: str = "Ctrl-C stops it") -> str:
        """Start everything; return what it printed up to `until`. AssertionError if it never says so."""
        if self._smtp is None:
            self.open_mailbox()
        log = self.state.parent / "printed.log"
        before = log.stat().st_size if log.exists() else 0
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "serve"],
                cwd=REPOSITORY,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            said = log.read_bytes()[before:].decode()
            if until in said and self._answers():
                return said
            assert self._process.poll() is None, f"it stopped:\n{said}"
            time.sleep(0.1)
        raise AssertionError(f"it did not start:\n{log.read_bytes()[before:].decode()}")

    def _answers(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def start_new(self) -> str:
        """Start on an empty state; return the one-time set-up link that was printed."""
        said = self.start(until="/set-up/")
        found = re.search(r"http://\S+/set-up/\S+", said)
        assert found, f"no set-up link in:\n{said}"
        return found[0]

    def stop(self) -> int:
        """Stop it as Ctrl-C does; return the exit code."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGINT)
        code = self._process.wait(60)
        self._process = None
        return code

    def kill(self) -> None:
        """kill -9 the supervisor: nothing it could do about it."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait(10)
        self._process = None

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.stop()
        if self._smtp is not None:
            self._smtp.stop()

    # --- the clock

    def set_clock(self, moment: str) -> None:
        """Make it `moment` ("2026-06-03 12:00") where the clinic is, from now on."""
        told = datetime.fromisoformat(moment).replace(tzinfo=CLINIC_ZONE)
        moved = told.timestamp() - time.time()
        clock = self.state.parent / "clock"
        fresh = clock.with_suffix(".new")
        fresh.write_text(str(moved))
        fresh.rename(clock)

    # --- looking inside, as an operator or a thief could

    def connect(self, database: str) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(**self._as_owner(database), autocommit=True)

    def _as_owner(self, database: str) -> dict[str, Any]:
        return {
            "host": str(self.state / "pg" / "run"),
            "user": "amparo_owner",
            "password": (self.state / "pg" / "passwords" / "amparo_owner").read_text(),
            "dbname": database,
        }

    def dump(self, database: str, *options: str) -> bytes:
        """Return what pg_dump gives of a database."""
        owner = self._as_owner(database)
        return subprocess.run(
            [postgres_binary("pg_dump"), "-h", owner["host"], "-U", owner["user"], *options, database],
            env=os.environ | {"PGPASSWORD": owner["password"]},
            check=True,
            capture_output=True,
        ).stdout

    def restore(self, dump: bytes, database: str) -> None:
        """Replace a database's content with a dump's, as an operator would after a fire."""
        with self.connect(database) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
        owner = self._as_owner(database)
        subprocess.run(
            [
                postgres_binary("psql"),
                "-q",
                "-h",
                owner["host"],
                "-U",
                owner["user"],
                "-v",
                "ON_ERROR_STOP=1",
                database,
            ],
            env=os.environ | {"PGPASSWORD": owner["password"]},
            input=dump,
            check=True,
            capture_output=True,
        )

    def manage(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run an operator's command against the running clinic."""
        return subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=REPOSITORY,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
