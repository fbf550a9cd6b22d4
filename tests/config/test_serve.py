"""The whole clinic from one command: any process may be killed, and nothing is lost."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from config.embedded import Cluster
from config.places import HOUSE

PATIENCE = 180


class Clinic:
    """A running `manage.py serve`, in a state directory of its own."""

    def __init__(self, state: Path) -> None:
        self.state = state
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.printed = state.with_suffix(".out")
        self.start()

    def start(self) -> None:
        ours = ("AMPARO_", "DATABASE_URL", "KEYRING_URL", "BROKER_URL", "DJANGO_SETTINGS_MODULE")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        with self.printed.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "serve", "--bind", f"127.0.0.1:{self.port}"],
                env=clean | {"AMPARO_STATE": str(self.state)},
                cwd=HOUSE,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.wait_until(lambda: "Amparo is at" in self.output())

    def output(self) -> str:
        return self.printed.read_text()

    def wait_until(self, ready: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not ready():
            assert self.process.poll() is None, self.output()
            assert time.monotonic() < end, self.output()
            time.sleep(0.1)

    def answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def child(self, command: str) -> int | None:
        """Return the supervisor's own child whose command line holds `command`."""
        pid = self.process.pid
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            if command in Path(f"/proc/{child}/cmdline").read_text().replace("\0", " "):
                return int(child)
        return None

    def processes(self) -> list[str]:
        """Return the command of every process that was told of our state directory, by word or by place."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                told = f"AMPARO_STATE={self.state}\0".encode() in (entry / "environ").read_bytes()
                if told and int(entry.name) != self.process.pid:
                    found.append((entry / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
        return [command for command in found if command]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    clinic = Clinic(tmp_path_factory.mktemp("serve") / "var")
    yield clinic
    if clinic.process.poll() is None:
        clinic.stop()


def remember(clinic: Clinic, number: int) -> None:
    with psycopg.connect(Cluster(clinic.state / "pg").admin(), dbname="postgres") as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (id int)")
        connection.execute("INSERT INTO kept VALUES (%s)", [number])


def remembered(clinic: Clinic) -> set[object]:
    with psycopg.connect(Cluster(clinic.state / "pg").admin(), dbname="postgres") as connection:
        return {row[0] for row in connection.execute("SELECT id FROM kept").fetchall()}


def test_the_first_start_prints_one_link_that_makes_the_clinic(clinic: Clinic) -> None:
    clinic.wait_until(lambda: "once:" in clinic.output())

    link = re.search(rf"http://localhost:{clinic.port}/\S+\n", clinic.output().partition("once:")[2])

    assert clinic.answers()
    assert link is not None, clinic.output()


def test_nobody_else_on_the_machine_can_look_in(clinic: Clinic) -> None:
    for path in [clinic.state, *clinic.state.rglob("*")]:
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            continue
        assert path.is_symlink() or path.is_socket() or mode & 0o077 == 0, path


def test_a_second_clinic_on_the_same_state_is_refused_in_one_line(clinic: Clinic) -> None:
    second = subprocess.run(
        [sys.executable, "manage.py", "serve", "--bind", "127.0.0.1:1"],
        env=os.environ | {"AMPARO_STATE": str(clinic.state), "DJANGO_SETTINGS_MODULE": "config.settings"},
        cwd=HOUSE,
        capture_output=True,
        text=True,
    )

    assert second.returncode == 1
    assert "already running" in second.stderr
    assert second.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "command",
    [
        "gunicorn",
        "celery -A config.celery worker",
        "celery -A config.celery beat",
        "valkey-server",
        "postgres -D",
    ],
)
def test_what_was_killed_comes_back(clinic: Clinic, command: str) -> None:
    remember(clinic, len(command))
    before = clinic.child(command)
    assert before is not None

    os.kill(before, signal.SIGKILL)
    clinic.wait_until(lambda: clinic.child(command) not in {None, before})
    clinic.wait_until(clinic.answers)

    assert len(command) in remembered(clinic)


def test_after_the_supervisor_is_killed_everything_goes_and_the_next_start_has_it_all(clinic: Clinic) -> None:
    remember(clinic, 1)
    clinic.process.kill()
    clinic.process.wait()

    end = time.monotonic() + 60
    while (left := clinic.processes()) and time.monotonic() < end:
        time.sleep(0.1)
    assert left == []
    clinic.start()

    assert clinic.answers()
    assert 1 in remembered(clinic)


def test_after_the_supervisor_is_killed_the_next_start_need_not_wait(clinic: Clinic) -> None:
    remember(clinic, 2)
    clinic.process.kill()
    clinic.process.wait()

    clinic.start()

    assert clinic.answers()
    assert 2 in remembered(clinic)


def test_an_operators_command_uses_the_running_database_or_starts_it_for_a_moment(clinic: Clinic) -> None:
    command = [sys.executable, "-m", "config.operate", "showmigrations", "--plan"]
    environment = os.environ | {
        "AMPARO_STATE": str(clinic.state),
        "AMPARO_ROLE": "owner",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }

    beside = subprocess.run(command, env=environment, cwd=HOUSE, capture_output=True, text=True)
    assert clinic.answers()
    clinic.stop()
    alone = subprocess.run(command, env=environment, cwd=HOUSE, capture_output=True, text=True)

    assert beside.returncode == alone.returncode == 0, beside.stderr + alone.stderr
    assert "[X]  caseapp.0001_initial" in beside.stdout
    assert beside.stdout == alone.stdout
    assert Cluster(clinic.state / "pg").processes() == set()
    clinic.start()


def test_ctrl_c_stops_everything_cleanly(clinic: Clinic) -> None:
    code = clinic.stop()

    assert code == 0
    assert clinic.output().rstrip().endswith("Stopped.")
    assert clinic.processes() == []


def test_the_logs_hold_no_trace_of_what_was_written(clinic: Clinic) -> None:
    for log in (clinic.state / "log").iterdir():
        text = log.read_text()
        assert "INSERT INTO" not in text, log
        assert "password" not in text.lower(), log
