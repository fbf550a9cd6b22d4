"""What the supervisor does about each process, without starting the whole clinic."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from config import children, supervisor
from config.supervisor import Supervisor, SupervisorError, Watched

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
# A process with a child of its own that ignores SIGTERM, as a worker's pool may while it works.
STUBBORN_CHILD = """
import os, signal, time
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print(os.getpid(), flush=True)
    time.sleep(60)
time.sleep(60)
"""


def gone(pid: int) -> bool:
    """Return whether a process ended, whether or not its parent has looked."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.parametrize("bind", ["8000", "localhost", "localhost:", "localhost:99999", ":8000", "a:b"])
def test_an_address_that_is_none_is_refused(bind: str) -> None:
    with pytest.raises(SupervisorError, match=r"127\.0\.0\.1:8000"):
        supervisor.address(bind)


def test_addresses() -> None:
    assert supervisor.address("127.0.0.1:8000") == ("127.0.0.1", 8000)
    assert supervisor.address("[::1]:443") == ("::1", 443)


def test_a_port_in_use_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "PORT_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"

        with pytest.raises(SupervisorError, match="Address already in use") as refusal:
            Supervisor(bind=bind, state=tmp_path, demo=False)._wait_for_port()

    assert "\n" not in str(refusal.value)
    assert bind in str(refusal.value)


def test_the_demo_stays_on_this_machine(tmp_path: Path) -> None:
    with pytest.raises(SupervisorError, match="this machine only"):
        Supervisor(bind="0.0.0.0:8000", state=tmp_path, demo=True)


def test_a_worker_is_told_neither_the_root_key_nor_the_passwords_of_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in (
        "DATABASE_URL_OWNER",
        "DATABASE_URL_WEB_FILE",
        "DATABASE_URL_WORKER",
        "KEYRING_URL_WEB",
        "AMPARO_ROOT_KEY_FILE",
        "AMPARO_KMS_KEY_ID_FILE",
        "AWS_SECRET_ACCESS_KEY",
        "CREDENTIALS_DIRECTORY",
    ):
        monkeypatch.setenv(name, "x")

    worker = supervisor.environment("worker")
    web = supervisor.environment("web", root_key=True)

    assert worker["AMPARO_ROLE"] == "worker"
    assert {name for name in worker if worker[name] == "x"} == {"DATABASE_URL_WORKER"}
    assert {name for name in web if web[name] == "x"} == {
        "AMPARO_KMS_KEY_ID_FILE",
        "AMPARO_ROOT_KEY_FILE",
        "AWS_SECRET_ACCESS_KEY",
        "CREDENTIALS_DIRECTORY",
        "DATABASE_URL_WEB_FILE",
        "KEYRING_URL_WEB",
    }


def test_a_process_that_keeps_dying_is_started_ever_more_slowly() -> None:
    watched = Watched("web", lambda: children.spawn([sys.executable, "-c", "raise SystemExit(3)"]))
    pauses = []

    for _ in range(6):
        watched.begin()
        assert watched.process is not None
        watched.process.wait()
        assert watched.died()
        pauses.append(watched.bury())

    assert pauses == [2, 4, 8, 16, 30, 30]


def test_a_process_that_lived_long_starts_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched("web", lambda: children.spawn(["true"]))
    watched.begin()
    assert watched.process is not None
    watched.process.wait()
    watched.pause = 30
    monkeypatch.setattr(supervisor, "STEADY_SECONDS", -1.0)

    assert watched.bury() == 1


def test_what_a_dead_process_left_behind_goes_with_it() -> None:
    watched = Watched(
        "worker", lambda: children.spawn([sys.executable, "-c", STUBBORN_CHILD], output=subprocess.PIPE)
    )
    watched.begin()
    assert watched.process is not None and watched.process.stdout is not None
    left_behind = int(watched.process.stdout.readline())
    os.kill(watched.process.pid, signal.SIGKILL)
    watched.process.wait()

    watched.process.stdout.close()
    watched.bury()

    for _ in range(50):
        if gone(left_behind):
            break
        signal.sigtimedwait([], 0.1)
    assert gone(left_behind)


def test_a_child_leaves_no_core_dump_and_reads_no_terminal() -> None:
    code = "import resource, sys; print(resource.getrlimit(resource.RLIMIT_CORE), sys.stdin.read())"

    with children.spawn([sys.executable, "-c", code], output=subprocess.PIPE) as child:
        assert child.stdout is not None
        printed = child.stdout.read()

    assert printed.decode().split() == ["(0,", "0)"]


def test_a_log_is_ours_alone_and_is_set_aside_when_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "LOG_BYTES", 10)
    log = tmp_path / "web.log"
    kept = []

    with children.log_file(log) as output:
        for number in range(5):
            output.write(b"line %d, long enough\n" % number)
            supervisor.rotate(log)
            kept = sorted(path.name for path in tmp_path.iterdir())
        output.write(b"short")
        supervisor.rotate(log)

    assert kept == ["web.log", "web.log.1", "web.log.2", "web.log.3"]
    assert log.read_bytes() == b"short"
    assert (tmp_path / "web.log.1").read_bytes() == b"line 4, long enough\n"
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
