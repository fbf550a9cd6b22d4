"""Which keys were destroyed, and whether an old copy could still open them. Reads no key, so all may ask."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from caseapp.vault.models import ClinicKey, SubjectKey, Tombstone


@dataclass(frozen=True, slots=True, order=True)
class Buried:
    """A destroyed key: its id, and the generation of the clinic's key that wrapped it last."""

    key_id: bytes
    generation: int


def buried(clinic_id: UUID, *, reason: str) -> list[Buried]:
    """Return the clinic's keys that were destroyed for this reason, in the order of their ids."""
    found = Tombstone.objects.filter(clinic_id=clinic_id, reason=reason)
    return sorted(Buried(bytes(key_id), gen) for key_id, gen in found.values_list("key_id", "generation"))


def with_ids(clinic_id: UUID, key_ids: Iterable[bytes]) -> list[Buried]:
    """Return those of the clinic's keys that have a tombstone."""
    found = Tombstone.objects.filter(clinic_id=clinic_id, key_id__in=list(key_ids))
    return sorted(Buried(bytes(key_id), gen) for key_id, gen in found.values_list("key_id", "generation"))


def alive(key_ids: Iterable[bytes]) -> set[bytes]:
    """Return those of the ids, of whichever clinic, that a key still has."""
    rows = SubjectKey.objects.filter(key_id__in=list(key_ids)).values_list("key_id", flat=True)
    return set(map(bytes, rows))


def wrapping_destroyed_at(clinic_id: UUID, generation: int) -> datetime | None:
    """Return when the last clinic key that ever wrapped a key of this generation was destroyed, or None.

    A key may have been wrapped by every generation up to its last, and a copy of any of those would do.
    """
    rows = ClinicKey.objects.filter(clinic_id=clinic_id, generation__lte=generation)
    destroyed_at = dict(rows.values_list("generation", "destroyed_at"))
    times = [destroyed_at.get(number) for number in range(1, generation + 1)]
    known = [time for time in times if time is not None]
    return max(known) if times and len(known) == len(times) else None
