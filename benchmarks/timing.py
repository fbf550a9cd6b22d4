"""Rounds of timing, and tables of what they say."""

from __future__ import annotations

import gc
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds by the clock, and of this process's own CPU."""

    wall: float
    cpu: float


@dataclass
class Table:
    """What one benchmark found. A verdict is a sentence that says whether a target is held."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    verdicts: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        cells = [list(self.columns), *[list(row) for row in self.rows]]
        widths = [max(len(row[at]) for row in cells) for at in range(len(self.columns))]
        lines = [_line(row, widths) for row in cells]
        lines.insert(
            1,
            "|"
            + "|".join("-" * (width + 1) + ("-" if at == 0 else ":") for at, width in enumerate(widths))
            + "|",
        )
        parts = [
            f"## {self.title}",
            "\n".join(lines),
            *self.notes,
            *[f"**{said}**" for said in self.verdicts],
        ]
        return "\n\n".join(parts)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = [
        cell.ljust(width) if at == 0 else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "| " + " | ".join([first, *rest]) + " |"


def took(act: Callable[[], object]) -> Took:
    """Do `act` once, with no garbage left over from what came before.

    Collecting is left on, as in the product; what a benchmark keeps for itself is not looked through.
    """
    gc.collect()
    gc.freeze()
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    return Took(time.perf_counter() - wall, time.process_time() - cpu)


def each_took(act: Callable[[], object], times: int) -> float:
    """Return the seconds by the clock for one `act`, averaged over a short loop."""
    loop = range(times)
    start = time.perf_counter()
    for _ in loop:
        act()
    return (time.perf_counter() - start) / times


def side_by_side(acts: dict[str, Callable[[], object]], *, rounds: int, times: int) -> dict[str, list[float]]:
    """Time short loops of each act in turn, round after round, so that what else runs disturbs all alike.

    What calling an empty function costs in such a loop is taken off.
    """
    found: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(rounds):
        empty = min(each_took(_nothing, times) for _ in range(3))
        for name, act in acts.items():
            found[name].append(each_took(act, times) - empty)
    return found


def _nothing() -> None:
    pass


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]


def micro(seconds: float) -> str:
    return f"{seconds * 1e6:.2f}"


def milli(seconds: float) -> str:
    return f"{seconds * 1e3:.1f}"


def verdict(what: str, found: float, most: float, unit: str) -> str:
    """Say whether a target is held, with what was found and what was asked."""
    held = "held" if found <= most else "missed"
    return f"{held}: {what} {found:.2f} {unit}, at most {most:g} {unit} asked"


def machine() -> str:
    """Return the machine's CPU, cores and Python, and how busy it is now."""
    cpu = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
            break
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{cpu}, {os.cpu_count()} cores, {python}, {load()}"


def load() -> str:
    """Return how many processes wanted to run during the last minute, this one included."""
    return f"load {os.getloadavg()[0]:.2f}"


def mid(values: Sequence[float]) -> float:
    return median(values)


def memory_in_use() -> int:
    """Return the bytes of memory this process holds now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
