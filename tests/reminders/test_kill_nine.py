"""kill -9 of the worker and of PostgreSQL, with a durable cluster and a real mail server.

Each is killed at the worst moment: the mail server has accepted a message, and nobody was told.
AMPARO_KILL_ROUNDS=20 does it twenty times, each time at another message.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import psycopg
import pytest

from config import places
from config.embedded import Cluster
from tests.reminders.sink import Sink, free_port, sink_on

ROUNDS = int(os.environ.get("AMPARO_KILL_ROUNDS", "1"))
NOON = datetime(2026, 6, 25, 16, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PEOPLE = 4

# One clinic, four people on a matter, a fatal date on 2 July; told in a process that holds the key.
SEED = f"""
import django; django.setup()
from datetime import UTC, date, datetime
from uuid import uuid4
from caseapp.access import wall
from caseapp.access.models import Clinic, User
from caseapp.deadlines import services as deadlines
from caseapp.matters import services as matters
from caseapp.people import services as people
from caseapp.people.services import Particulars
from caseapp.vault import keyring
at, day = datetime(2026, 6, 3, 16, tzinfo=UTC), date(2026, 6, 3)
clinic = Clinic(id=uuid4(), name="Clinic", made_at=at)
wall.enter(clinic.id)
keyring.make_clinic_key(clinic.id); keyring.make_key(clinic.id, clinic.id)
clinic.save(force_insert=True)
staff = []
for n in range({PEOPLE}):
    user = User(clinic=clinic, email=f"p{{n}}@clinic.example", name="P", role="ATTORNEY", joined_at=at)
    user.set_unusable_password(); user.save(force_insert=True); staff.append(user)
client = people.record_person(Particulars(given_names="A", first_surname="B"), by=staff[0], at=at)
matter = matters.open_matter(client, kind="asylum-defensive", by=staff[0], on=day, at=at)
for user in staff[1:]:
    matters.assign(matter, user, role="ATTORNEY", by=staff[0], today=day)
deadlines.record_printed_date(
    matter, title="Brief", due=date(2026, 7, 2), notice_on=day, severity="fatal", note="", by=staff[0], at=at)
"""
REMIND = """
import sys, django; django.setup()
from datetime import datetime
from caseapp.reminders import services
for moment in sys.argv[1:]:
    services.remind(now=datetime.fromisoformat(moment))
"""


@dataclass
class Machine:
    """A durable cluster, a mail server, and workers that come and go."""

    state: Path
    cluster: Cluster
    sink: Sink
    port: int

    def environment(self, role: str) -> dict[str, str]:
        own = ("AMPARO_", "DATABASE_URL", "KEYRING_URL", "BROKER_URL", "PYTEST", "DJANGO_SETTINGS_MODULE")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        return kept | {
            "AMPARO_STATE": str(self.state),
            "AMPARO_ROLE": role,
            "AMPARO_SMTP_URL": f"smtp://127.0.0.1:{self.port}",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }

    def start(self, role: str, code: str, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            cwd=places.HOUSE,
            env=self.environment(role),
            stderr=subprocess.PIPE,
        )

    def run(self, role: str, code: str, *arguments: str) -> None:
        process = self.start(role, code, *arguments)
        _nothing, complaint = process.communicate(timeout=120)
        assert process.returncode == 0, complaint.decode()

    def remind(self, *moments: datetime) -> None:
        self.run("worker", REMIND, *(moment.isoformat() for moment in moments))

    def kill_the_worker_at(self, moment: datetime, *, message: int) -> None:
        """Remind, and kill -9 the process when the mail server has accepted that many of its messages."""
        process = self.start("worker", REMIND, moment.isoformat())
        self._at_arrival(message, lambda: process.send_signal(signal.SIGKILL))
        process.communicate(timeout=120)
        assert process.returncode == -signal.SIGKILL

    def kill_postgres_at(self, moment: datetime, *, message: int) -> None:
        """Remind, and kill -9 all of PostgreSQL when that many messages were accepted; start it again."""
        server = self.cluster.process
        assert server is not None
        process = self.start("worker", REMIND, moment.isoformat())
        self._at_arrival(message, self._kill_postgres)
        process.communicate(timeout=120)
        assert process.returncode == 1
        server.wait(30)
        self.cluster.launch()

    def _kill_postgres(self) -> None:
        """Kill each of its processes: one that still ran might bring its transaction to an end."""
        postmaster = self.cluster.postmaster()
        assert postmaster is not None
        whole = psutil.Process(postmaster)
        for process in [whole, *whole.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    def _at_arrival(self, message: int, act: object) -> None:
        assert callable(act)
        after = len(self.sink.arrived) + message

        def look() -> None:
            if len(self.sink.arrived) == after:
                act()

        self.sink.on_arrival = look

    def rewind(self) -> None:
        """Forget every reminder, and let the date be looked at anew."""
        owner = psycopg.connect(
            host=str(self.cluster.sockets), user="amparo_owner", dbname="amparo",
            password=(self.cluster.home / "passwords" / "amparo_owner").read_text(),
        )  # fmt: skip
        with owner:
            owner.execute("TRUNCATE caseapp_reminder, caseapp_dispatch")
            owner.execute("UPDATE caseapp_deadline SET remind_on = '2026-06-03'")
        self.sink.arrived.clear()
        self.sink.on_arrival = lambda: None


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    # Short, because a socket's path may have 107 bytes only.
    state = tmp_path_factory.mktemp("k") / "var"
    state.mkdir(mode=0o700)
    cluster, port = Cluster(state / "pg"), free_port()
    cluster.initialise()
    cluster.start()
    try:
        cluster.provision()
        with sink_on(port) as sink:
            machine = Machine(state, cluster, sink, port)
            prepare = [sys.executable, "manage.py", "prepare"]
            subprocess.run(
                prepare, cwd=places.HOUSE, env=machine.environment("owner"), check=True, capture_output=True
            )
            machine.run("web", SEED)
            yield machine
    finally:
        cluster.stop()


def told(machine: Machine, days: int) -> dict[str, Counter[str]]:
    """Return how often each Message-ID came to each person that says so many days are left."""
    found: dict[str, Counter[str]] = {}
    for message in machine.sink.arrived:
        payload = message.get_payload(decode=True)
        assert isinstance(payload, bytes)
        if f" {days} days left to act" in payload.decode():
            found.setdefault(str(message["To"]), Counter())[str(message["Message-ID"])] += 1
    return found


def test_killed_a_week_before_everyone_is_told_and_nobody_twice_in_a_day(machine: Machine) -> None:
    for number in range(ROUNDS):
        machine.rewind()
        machine.kill_the_worker_at(NOON, message=1 + number % PEOPLE)
        machine.kill_postgres_at(NOON + HOUR / 4, message=1)
        machine.remind(NOON + HOUR, NOON + 2 * HOUR, NOON + 6 * HOUR)
        that_day = told(machine, 7)
        machine.remind(NOON + DAY)

        assert len(that_day) == PEOPLE
        assert all(ids.total() == 1 for ids in that_day.values())
        assert len(told(machine, 6)) == 2, "what was cut off after it was accepted is told again the next day"


def test_killed_two_days_before_a_fatal_date_everyone_is_told_that_day_as_one_message(
    machine: Machine,
) -> None:
    near = NOON + 5 * DAY
    for number in range(ROUNDS):
        machine.rewind()
        machine.kill_the_worker_at(near, message=1 + number % PEOPLE)
        machine.kill_postgres_at(near + HOUR / 4, message=1)
        machine.remind(near + HOUR, near + 2 * HOUR)

        that_day = told(machine, 2)
        assert len(that_day) == PEOPLE
        assert all(len(ids) == 1 and ids.total() <= 2 for ids in that_day.values())
