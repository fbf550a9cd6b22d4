"""The clinic's people, in memory only: what search looks through. Nothing of it is ever on a disk.

Each process builds a clinic's roster at the first search and keeps up by the cards' places. It lives
as long as it is used, fifteen minutes at most in idleness, and goes when the keys go.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import RLock
from typing import Any
from uuid import UUID

from caseapp.access.models import Clinic
from caseapp.people.index import Card, Hit, Index
from caseapp.people.models import Person
from caseapp.vault import columns

IDLE_SECONDS = 900
CANDIDATES = 500


@dataclass(repr=False)
class Roster:
    index: Index = field(default_factory=Index)
    seq: int = 0
    members: set[UUID] = field(default_factory=set)
    used: float = 0.0
    lock: RLock = field(default_factory=RLock)


_rosters: dict[UUID, Roster] = {}
_guard = RLock()


def search(clinic_id: UUID, text: str, *, clock: Callable[[], float] = time.monotonic) -> list[Hit]:
    """Return whoever matches in the clinic, best first. The caller drops what the user may not see."""
    roster = _roster(clinic_id, now=clock())
    with roster.lock:
        _catch_up(clinic_id, roster)
        return roster.index.search(text, limit=CANDIDATES)


def forget(clinic_id: UUID | None = None) -> None:
    """Drop one clinic's roster, or all of them."""
    with _guard:
        if clinic_id is None:
            _rosters.clear()
        else:
            _rosters.pop(clinic_id, None)


def _roster(clinic_id: UUID, *, now: float) -> Roster:
    with _guard:
        for other in [c for c, r in _rosters.items() if now - r.used > IDLE_SECONDS]:
            del _rosters[other]
        roster = _rosters.setdefault(clinic_id, Roster())
        roster.used = now
        return roster


def _catch_up(clinic_id: UUID, roster: Roster) -> None:
    newest = Clinic.objects.values_list("people_seq", flat=True).get(pk=clinic_id)
    if newest == roster.seq:
        return
    changed = Person.objects.filter(clinic_id=clinic_id, card_seq__gt=roster.seq)
    with nothing_collected():
        cards = {pk: card_of(pk, said) for pk, said in columns.read(changed, "search_card")}
        roster.index.replace_all([card for card in cards.values() if card is not None])
    for shut in [person_id for person_id, card in cards.items() if card is None]:
        roster.index.remove(shut)
    # Those whose key is gone count as well, or they would hide that another has vanished.
    roster.members.update(cards)
    _drop_the_gone(clinic_id, roster)
    roster.seq = newest


@contextmanager
def nothing_collected() -> Iterator[None]:
    """Keep Python from looking for cycles, of which a roster has none, among all its new objects."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def card_of(person_id: UUID, said: Any) -> Card | None:
    """Return what someone's search card says they can be found by, or None if its key was destroyed."""
    if said is columns.GONE:
        return None
    return Card(
        person_id=person_id,
        names=tuple(said["names"]),
        surnames=tuple(said["surnames"]),
        numbers=tuple(filter(None, (said["a_number"], *said["contacts"], *said["receipts"]))),
        dob=said["born"],
    )


def _drop_the_gone(clinic_id: UUID, roster: Roster) -> None:
    if Person.objects.filter(clinic_id=clinic_id).count() == len(roster.members):
        return
    there = set(Person.objects.filter(clinic_id=clinic_id).values_list("pk", flat=True))
    for gone in roster.members - there:
        roster.index.remove(gone)
    roster.members &= there
