"""Changing and destroying keys: 50,000 wrapped anew, and one client purged among 10,000."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial
from typing import Final
from uuid import uuid4

from benchmarks import invented, tables
from benchmarks.invented import NOW, Invented
from benchmarks.timing import Table, Took, mid, milli, percentile, took, verdict
from caseapp.access import wall
from caseapp.matters.models import Assignment, Matter, Note
from caseapp.retention import services as retention
from caseapp.retention.models import Purge
from caseapp.vault import keyring, rotation
from caseapp.vault.models import SubjectKey
from caseapp.vault.router import KEYRING

MOST_TO_REWRAP: Final = 1.0
MOST_TO_PURGE: Final = 100.0
LONG_AFTER: Final = datetime(2060, 1, 5, 16, 0, tzinfo=NOW.tzinfo)
NOTES: Final = 20


def run(quick: bool) -> list[Table]:
    keys, people, rounds = (50, 60, 2) if quick else (50_000, 10_000, 7)
    try:
        return [_rewrap(keys, rounds), _purge(people, 3 if quick else 30)]
    finally:
        wall.leave()


def _rewrap(count: int, rounds: int) -> Table:
    clinic = invented.make_clinic()
    for start in range(0, count, invented.BATCH):
        invented.make_subject_keys(clinic.id, [uuid4() for _ in range(start, min(start + 1000, count))])
    tables.settle()
    found: dict[str, list[Took]] = {}
    for number in range(rounds):
        at = NOW + timedelta(weeks=number)
        keyring.drop_all()
        found.setdefault("a new generation, all wrapped anew", []).append(
            took(partial(rotation.new_generation, clinic.id, at=at))
        )
    newest = SubjectKey.objects.using(KEYRING).filter(clinic_id=clinic.id, generation=rounds + 1)
    # One more is the clinic's own.
    if newest.count() != count + 1:
        raise RuntimeError("Not every key was wrapped anew.")
    table = _table(f"A new clinic key: {count:,} subjects' keys wrapped anew", found)
    table.notes.append(
        f"{rounds} weeks in turn, each with its commits to a disk: the root key opened, a generation made,"
        " every key opened, checked and wrapped by the new one, the old one retired."
    )
    taken = mid([each.wall for each in found["a new generation, all wrapped anew"]])
    table.verdicts.append(verdict(f"{count:,} keys wrapped anew,", taken, MOST_TO_REWRAP, "s"))
    return table


def _purge(people: int, rounds: int) -> Table:
    house = invented.make_house(people)
    matters = _closed(house, rounds)
    tables.settle()
    purges = [
        retention.propose_purge(matter, by=house.attorney, at=LONG_AFTER, today=LONG_AFTER.date())
        for matter in matters
    ]
    found: dict[str, list[Took]] = {}
    for purge in purges:
        found.setdefault("approve, destroy keys, remove rows", []).append(
            took(partial(retention.approve_purge, purge, by=house.director, at=LONG_AFTER))
        )
    for purge in purges:
        purge.refresh_from_db()
        if (purge.state, purge.keys_destroyed) != (Purge.State.DONE, 3):
            raise RuntimeError("A purge did not go through.")
    table = _table(f"Purging one matter, of a client and a relative, among {people:,} people", found)
    table.notes.append(
        f"{rounds} purges, each of three keys, two people, a matter and {NOTES} notes, with the check for"
        " holds, tombstones, the audit trail and the commits of both databases."
    )
    walls = [each.wall for each in found["approve, destroy keys, remove rows"]]
    table.verdicts.append(verdict("a purge, p95,", percentile(walls, 0.95) * 1e3, MOST_TO_PURGE, "ms"))
    return table


def _closed(house: Invented, count: int) -> list[Matter]:
    """Close so many of the attorney's matters, each with its notes."""
    theirs = Assignment.objects.filter(user=house.attorney).values("matter")
    matters = list(Matter.objects.filter(pk__in=theirs).order_by("pk")[:count])
    keyring.preload(house.clinic.id, [matter.id for matter in matters])
    for matter in matters:
        Note.objects.bulk_create(
            Note(
                clinic=house.clinic, matter=matter, author=house.attorney, text="Called. " * n, written_at=NOW
            )
            for n in range(1, NOTES + 1)
        )
        retention.close_matter(
            matter, by=house.attorney, on=date(2026, 6, 3), at=NOW, outcome="Granted", kept_as="FULL"
        )
        matter.refresh_from_db()
    return matters


def _table(title: str, found: dict[str, list[Took]]) -> Table:
    table = Table(title, ("", "median ms", "CPU ms", "slowest ms"))
    for name, taken in found.items():
        walls = [each.wall for each in taken]
        table.rows.append(
            (name, milli(mid(walls)), milli(mid([each.cpu for each in taken])), milli(max(walls)))
        )
    return table
