"""Really started processes leave no core file, let nobody read their memory, and forget in time."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config.places import HOUSE

PATIENCE = 60


@contextmanager
def started(tmp_path: Path, *argv: str, **more: str) -> Iterator[subprocess.Popen[str]]:
    """Start a module with core files allowed, so that it is the process itself that forbids them."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AMPARO_")}
    environment = kept | {
        "AMPARO_STATE": str(tmp_path / "var"),
        "AMPARO_ROLE": "worker",
        "BROKER_URL": "memory://",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        **more,
    }
    command = ["sh", "-c", 'ulimit -S -c "$(ulimit -H -c)"; exec "$@"', "sh", sys.executable, "-m", *argv]
    with subprocess.Popen(
        command,
        cwd=HOUSE,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def core_limits(pid: int) -> list[str]:
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    return next(line for line in lines if line.startswith("Max core file size")).split()[4:6]


def test_a_process_is_open_until_it_closes_its_memory() -> None:
    look = "print(memory.is_closed())"
    code = f"from config import memory; {look}; memory.close_memory(); {look}"

    said = subprocess.run([sys.executable, "-c", code], cwd=HOUSE, capture_output=True, text=True, check=True)

    assert said.stdout.split() == ["False", "True"]


@pytest.mark.parametrize(
    "role", [("worker", "-c", "1", "--without-gossip", "--without-mingle"), ("beat", "--pidfile=")]
)
def test_the_worker_and_the_scheduler_close_theirs(tmp_path: Path, role: tuple[str, ...]) -> None:
    if role[0] == "beat":
        role = (*role, f"-s{tmp_path / 'schedule'}")
    with started(tmp_path, "celery", "-A", "tests.config.observed", *role) as process:
        assert process.stdout is not None
        said = next((line for line in process.stdout if "closed=" in line), "nothing was said")
        limits = core_limits(process.pid)

    assert said.strip() == "closed=True"
    assert limits == ["0", "0"]


class Page:
    """A request whose answer comes line by line."""

    def __init__(self, port: int, path: str) -> None:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
                break
            except ConnectionRefusedError:
                assert time.monotonic() < end
                time.sleep(0.1)
        self.socket.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        self.lines = self.socket.makefile("r")

    def close(self) -> None:
        self.lines.close()
        self.socket.close()

    def next(self) -> dict[str, int]:
        found: dict[str, int] = json.loads(next(line for line in self.lines if line.startswith("{")))
        return found


def test_a_web_process_closes_its_memory_and_forgets_its_keys_as_soon_as_it_is_told_to_end(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    gunicorn = ("gunicorn", "-c", "python:config.gunicorn", "tests.config.observed:page")
    with started(tmp_path, *gunicorn, AMPARO_BIND=f"127.0.0.1:{port}", AMPARO_WEB_PROCESSES="1") as process:
        page = Page(port, "/wait")
        first = page.next()
        limits = [core_limits(pid) for pid in (process.pid, first["pid"])]

        os.kill(first["pid"], signal.SIGTERM)

        assert (first["closed"], first["before"]) == (True, 1)
        assert page.next() == {"after": 0}, "while a request was still being answered"
        assert limits == [["0", "0"], ["0", "0"]]
        page.close()
