"""Search by name among 10,000 people: what building the roster costs, and what a search then takes."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable
from random import Random
from typing import Any, Final

from benchmarks import invented, tables
from benchmarks.invented import Invented
from benchmarks.timing import Table, Took, memory_in_use, mid, milli, percentile, took, verdict
from caseapp.access import wall
from caseapp.people import roster
from caseapp.people.index import Card, Index
from caseapp.people.models import Person
from caseapp.vault import columns, keyring

MOST_MS: Final = 50.0
MANY: Final = 50_000
MOST_TO_BUILD: Final = 0.5
NOBODY: Final = "zzqx"


def run(quick: bool) -> list[Table]:
    people, rounds, asked = (200, 2, 5) if quick else (10_000, 7, 100)
    many, times = (300, 1) if quick else (50_000, 5)
    return [*_of(people, rounds, asked), *_of(many, times, None)]


def _of(people: int, rounds: int, asked: int | None) -> list[Table]:
    """Measure building the roster of so many people and, if asked, searches in it."""
    house = invented.make_house(people)
    tables.settle()
    wall.enter(house.clinic.id)
    try:
        built = _build(house, rounds)
        return [built] if asked is None else [built, _search(house, asked)]
    finally:
        wall.leave()
        roster.forget()


def _build(house: Invented, rounds: int) -> Table:
    """Take the build as a whole, from nothing, and then its parts by themselves."""
    parts: dict[str, list[Took]] = {}
    for _ in range(rounds):
        for name, part in _round(house).items():
            parts.setdefault(name, []).append(part)
    table = Table(
        f"Building the roster of {len(house.people):,} people", ("", "median ms", "CPU ms", "slowest ms")
    )
    for name, took_ in parts.items():
        walls = [each.wall for each in took_]
        cpus = [each.cpu for each in took_]
        table.rows.append((name, milli(mid(walls)), milli(mid(cpus)), milli(max(walls))))
    table.notes.append(f"{rounds} rounds. {_memory(house)}")
    if len(house.people) >= MANY:
        whole = mid([each.wall for each in parts["the whole, from nothing in memory"]])
        table.verdicts.append(verdict("the roster of 50,000, cold,", whole, MOST_TO_BUILD, "s"))
    return table


def _round(house: Invented) -> dict[str, Took]:
    roster.forget()
    keyring.drop_all()
    whole = took(lambda: _ask(house, NOBODY))
    keyring.drop_all()
    cards: list[Card] = []
    return {
        "the whole, from nothing in memory": whole,
        "fetching rows and keys, unwrapping, opening the cards": took(lambda: cards.extend(_cards(house))),
        "indexing": took(lambda: Index().replace_all(cards)),
    }


def _cards(house: Invented) -> list[Card]:
    said = columns.read(Person.objects.filter(clinic_id=house.clinic.id), "search_card")
    with roster.nothing_collected():
        return [card for pk, each in said if (card := roster.card_of(pk, each)) is not None]


def _memory(house: Invented) -> str:
    """Say what the roster holds, counted by Python and by the system."""
    roster.forget()
    keyring.drop_all()
    cards = _cards(house)
    gc.collect()
    tracemalloc.start()
    index = Index()
    index.replace_all(cards)
    gc.collect()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del index, cards
    gc.collect()
    before = memory_in_use()
    _ask(house, NOBODY)
    gc.collect()
    grown = memory_in_use() - before
    return (
        f"The index holds {held / 1e6:.1f} MB by Python's count; the process grew by {grown / 1e6:.1f} MB"
        " as it built it once more (what earlier rounds gave back is used again)."
    )


def _ask(house: Invented, text: str) -> list[Any]:
    return roster.search(house.clinic.id, text)


def _search(house: Invented, asked: int) -> Table:
    kinds = _searches(house, asked)
    _ask(house, NOBODY)
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    cpus: dict[str, list[float]] = {kind: [] for kind in kinds}
    for at in range(asked):
        for kind, texts in kinds.items():
            began, cpu = time.perf_counter(), time.process_time()
            _ask(house, texts[at])
            times[kind].append(time.perf_counter() - began)
            cpus[kind].append(time.process_time() - cpu)
    table = Table(
        f"Searching {len(house.people):,} people, warm",
        ("what is typed", "p50 ms", "p95 ms", "slowest ms", "slowest CPU ms"),
    )
    everything = [each for taken in times.values() for each in taken]
    every_cpu = [each for taken in cpus.values() for each in taken]
    for kind, taken, cpu_taken in [
        *[(kind, times[kind], cpus[kind]) for kind in kinds],
        ("all of these", everything, every_cpu),
    ]:
        table.rows.append(
            (
                kind,
                milli(percentile(taken, 0.5)),
                milli(percentile(taken, 0.95)),
                milli(max(taken)),
                milli(max(cpu_taken)),
            )
        )
    table.notes.append(
        f"{asked} searches of each kind, for people drawn at random, in turn, each with its look at whether"
        " the roster is behind (one query). What the searcher may not see is dropped afterwards, which is not"
        " in these figures."
    )
    table.verdicts.append(verdict("a search, p95,", percentile(everything, 0.95) * 1e3, MOST_MS, "ms"))
    table.verdicts.append(verdict("a search, the slowest,", max(everything) * 1e3, MOST_MS, "ms"))
    return table


def _searches(house: Invented, asked: int) -> dict[str, list[str]]:
    """Return so many texts of each kind that people type: whole, in part, misspelt, and numbers."""
    chosen = Random(11).choices(house.people, k=asked)
    kinds: dict[str, Callable[[Person], str]] = {
        "the name in full": lambda p: p.name,
        "a given name": lambda p: p.given_names.split()[0],
        "a surname": lambda p: p.first_surname,
        "surname and given name": lambda p: f"{p.first_surname} {p.given_names.split()[0]}",
        "four letters": lambda p: p.first_surname[:4],
        "two letters": lambda p: p.first_surname[:2],
        "one letter": lambda p: p.first_surname[:1],
        "a surname with a letter left out": lambda p: p.first_surname[:2] + p.first_surname[3:],
        "a name in its own script": lambda p: p.own_script or "محمد احمدي",
        "an A-number": lambda p: f"A{p.a_number[:3]}-{p.a_number[3:6]}-{p.a_number[6:]}",
        "a telephone's last four": lambda p: str(p.search_card["contacts"][0])[-4:],
        "a birth date": lambda p: str(p.birth_date),
        "nobody's name": lambda p: p.first_surname[::-1] + "qz",
    }
    keyring.preload(house.clinic.id, [person.id for person in chosen])
    return {kind: [typed(person) for person in chosen] for kind, typed in kinds.items()}
