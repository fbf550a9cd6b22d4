"""Every benchmark runs, at tiny sizes, on a house of its own, and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HOUSE = Path(__file__).parents[2]
TABLES = (
    "One field of 200 bytes",
    "rows of six texts through the ORM",
    "A new clinic key: 50 subjects' keys wrapped anew",
    "Purging one matter, of a client and a relative, among 60 people",
    "A file of 2 MiB, from memory to disk and back",
    "The Clients page: 50 of 300 people",
    "Building the roster of 200 people",
    "Building the roster of 300 people",
    "Searching 200 people, warm",
    "The deadline engine",
    "The nightly sweep over open deadlines, without sending",
)


def run(*arguments: str, temporary: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=HOUSE,
        env=os.environ | {"TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
    )


def test_each_prints_its_table_and_cleans_up(tmp_path: Path) -> None:
    done = run("--quick", temporary=tmp_path)

    assert done.returncode == 0, done.stderr
    for table in TABLES:
        assert f"{table}" in done.stdout
    assert not list(tmp_path.iterdir())


def test_a_name_that_is_none_of_them_is_refused(tmp_path: Path) -> None:
    done = run("fieldz", temporary=tmp_path)

    assert done.returncode == 2
    assert "there is no benchmark fieldz" in done.stderr
    assert not list(tmp_path.iterdir())
