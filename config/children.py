"""Child processes that do not outlive us and leave no core dump."""

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _prepare(death_signal: int, parent: int) -> Callable[[], None]:
    """Return what runs in the child before exec: private files, no core dump, a signal when `parent` dies."""

    def prepare() -> None:
        os.umask(0o077)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return prepare


def ends_with_us(death_signal: int = signal.SIGTERM) -> Callable[[], None]:
    """Return a preexec_fn for a child that is to end when we do, however we end."""
    return _prepare(death_signal, os.getpid())


def spawn(
    argv: Sequence[str | Path],
    *,
    output: IO[bytes] | int | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    death_signal: int = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a process in its own session, so that Ctrl-C reaches only us, with both outputs in one place."""
    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        env=env,
        cwd=cwd,
        start_new_session=True,
        preexec_fn=_prepare(death_signal, os.getpid()),
    )


def log_file(path: Path) -> IO[bytes]:
    """Open a log to append to, with mode 0600."""
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab", buffering=0)


def processes_in(directory: Path, *, called: Collection[str]) -> set[int]:
    """Return the processes `called` so whose working directory this is (on Linux; elsewhere none)."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            here = (entry / "cwd").readlink() == directory
            if here and (entry / "comm").read_text().strip() in called:
                found.add(int(entry.name))
        except OSError:
            continue
    return found


def end(processes: Callable[[], set[int]], number: int, seconds: float) -> bool:
    """Send a signal to each of `processes()`, wait until there are none, and say whether that is so."""
    until = time.monotonic() + seconds
    for pid in processes():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
    while (left := processes()) and time.monotonic() < until:
        time.sleep(0.05)
    return not left
