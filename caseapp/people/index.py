"""Find a person among a clinic's people by any part of a name or number, in memory only.

Words and numbers are held once each, with the places of the people who have them, so that removing a
person leaves nothing of theirs behind. Nothing here prints a value.
"""

import re
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from threading import RLock
from typing import Final
from uuid import UUID

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from caseapp.people import names
from caseapp.people.query import Query, read

@dataclass(frozen=True, slots=True, repr=False)
class Card:
    """What one person can be found by.

    Each of `names` is one way to write the name in full, of any script. `surnames` only lets a hit say
    that it was the surname that matched. `numbers` are A-numbers (7 to 9 digits), receipt numbers, telephones
    (E.164, or ten digits), e-mail addresses, and tracking numbers of any other form. `dob` is an ISO date.
    """

    person_id: UUID
    names: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    dob: str | None = None
    surnames: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "<Card>"


@dataclass(frozen=True, slots=True, repr=False)
class Hit:
    """A person who may be meant, how likely from 0 to 100, and why: phrases of REASONS joined by "; "."""

    person_id: UUID
    score: float
    why: str

    def __repr__(self) -> str:
        return "<Hit>"
