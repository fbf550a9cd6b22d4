"""`./run mutate [cipher] [streaming]`: how many of a module's broken forms its tests notice.

Each broken form is put in place of the module in a process of its own, and the module's tests run in it
until the first fails. A form that takes too long counts as noticed, as it would be. Fails below 95 %.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from Crypto.Cipher import AES

from tests.mutation.equal import EQUAL
from tests.mutation.operators import Mutant, mutants

HOUSE = Path(__file__).parents[2]
TESTS = {
    "cipher": ("test_wrapped_file_keys.py", "test_cipher.py", "test_collision.py", "test_fuzz.py"),
    "streaming": ("test_streaming.py", "test_fuzz.py"),
}
# The tests of a pure module need no database, and none is started for them.
ALONE = ("-c", os.devnull, "--rootdir", str(HOUSE), "--noconftest", "-p", "no:django", "-p", "no:xdist")
SECONDS = 60
PROCESSES = os.cpu_count() or 1
# Loaded before the forks, which is what makes two hundred of them bearable.
SHARED = (hypothesis, AES)
LEAST = 0.95


def unnoticed(name: str, broken: list[Mutant]) -> Iterator[Mutant]:
    """Yield the mutants in whose place no test fails, trying as many at once as there are processors."""
    running: dict[int, Mutant] = {}
    for mutant in broken:
        if len(running) == PROCESSES:
            yield from _waited_for(running)
        pid = os.fork()
        if pid == 0:
            os._exit(_run_tests(name, mutant))
        running[pid] = mutant
    while running:
        yield from _waited_for(running)


def _waited_for(running: dict[int, Mutant]) -> Iterator[Mutant]:
    pid, status = os.wait()
    mutant = running.pop(pid)
    if status == 0:
        yield mutant


def _run_tests(name: str, mutant: Mutant) -> int:
    signal.alarm(SECONDS)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
    path = HOUSE / "caseapp" / "vault" / f"{name}.py"
    module = f"caseapp.vault.{name}"
    made = importlib.util.module_from_spec(importlib.util.spec_from_file_location(module, path))  # type: ignore[arg-type]
    sys.modules[module] = made
    try:
        exec(compile(mutant.tree, str(path), "exec"), made.__dict__)
    except Exception:
        return 1
    files = [str(HOUSE / "tests" / "vault" / test) for test in TESTS[name]]
    return int(pytest.main(["-x", "-q", *ALONE, "--import-mode=importlib", "-p", "no:cacheprovider", *files]))


def run(name: str) -> bool:
    """Try every mutant of one module, print those that nothing noticed, and say whether enough were."""
    source = (HOUSE / "caseapp" / "vault" / f"{name}.py").read_text()
    if not list(unnoticed(name, [Mutant(0, "as it is", ast.parse(source))])):
        print(f"The tests of {name} fail as it is.")
        return False
    began = time.monotonic()
    broken = [mutant for mutant in mutants(source) if (name, mutant.says) not in EQUAL]
    left = 0
    for mutant in unnoticed(name, broken):
        left += 1
        print(f"caseapp/vault/{name}.py:{mutant.line}: not noticed: {mutant.says}", flush=True)
    killed, total, took = len(broken) - left, len(broken), time.monotonic() - began
    print(f"{name}: {killed} of {total} noticed ({killed / total:.1%}) in {took:.0f} s", flush=True)
    return killed / total >= LEAST


if __name__ == "__main__":
    os.chdir(HOUSE)
    results = [run(name) for name in sys.argv[1:] or TESTS]
    sys.exit(0 if all(results) else 1)
