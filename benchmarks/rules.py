"""The deadline engine: computations in a second. Needs no database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import cycle
from typing import Final

from benchmarks.timing import Table, mid, side_by_side
from caseapp.deadlines.rules import RuleError, compute, rules

APPEAL: Final = "bia-appeal-ij-decision"
FIRST: Final = date(2026, 1, 1)


def run(quick: bool) -> list[Table]:
    rounds, times = (3, 5) if quick else (25, 200)
    days = cycle([FIRST + timedelta(days=day) for day in range(365)])
    everything = list(_everything())
    each = cycle(everything)

    def any_variant() -> None:
        rule_id, name, service = next(each)
        compute(rule_id, next(days), service, name)

    acts: dict[str, Callable[[], object]] = {
        f"{APPEAL}, a different day each": lambda: compute(APPEAL, next(days)),
        f"{len(everything)} variants and ways of service in turn": any_variant,
    }
    found = side_by_side(acts, rounds=rounds, times=times)
    table = Table("The deadline engine", ("computation", "µs each", "a second"))
    table.rows += [(name, f"{mid(took) * 1e6:.0f}", f"{1 / mid(took):,.0f}") for name, took in found.items()]
    table.notes.append(f"Median of {rounds} rounds of {times}, with every step of the count in words.")
    return [table]


def _everything() -> list[tuple[str, str, str]]:
    """Return each rule, variant and service that gives dates for every day of the year."""
    found = []
    for rule in rules():
        for name, variant in rule.variants.items():
            for service in variant.services:
                if _counts(rule.id, name, service):
                    found.append((rule.id, name, service))
    return found


def _counts(rule_id: str, name: str, service: str) -> bool:
    try:
        for day in range(0, 365, 30):
            compute(rule_id, FIRST + timedelta(days=day), service, name)
    except RuleError:
        return False
    return True
