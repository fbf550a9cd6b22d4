"""Keep what a process holds in memory off the disk and from other processes: no core file, no looking in."""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Callable

PR_GET_DUMPABLE = 3
PR_SET_DUMPABLE = 4
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def close_memory() -> None:
    """Leave no core file, and on Linux let no process of the same user attach to this one or read its memory.

    exec() undoes the second half, so each process calls this once it runs; fork() keeps it. Root can still
    look, and what the system swaps out is the system's affair: docs/settings.md has the unit for that.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if _libc is not None:
        _libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def is_closed() -> bool:
    """Whether close_memory() holds in this process."""
    dumpable = _libc.prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) if _libc is not None else 0
    return dumpable == 0 and resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)


def forget_on(number: int, forget: Callable[[], object]) -> None:
    """Call `forget` when the signal comes, and then what was to be done about it before. Main thread only."""
    before = signal.getsignal(number)

    def handle(received: int, frame: object) -> None:
        forget()
        if callable(before):
            before(received, frame)  # type: ignore[arg-type]
        else:
            signal.signal(received, signal.SIG_DFL)
            os.kill(os.getpid(), received)

    signal.signal(number, handle)
