"""The kinds of matter a clinic takes: forum, stages, and the forms each usually needs. Pure."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from caseapp.errors import Refused


@dataclass(frozen=True, slots=True)
class MatterKind:
    """One kind of matter. The stages are practice defaults, in order."""

    id: str
    title: str
    forum: str
    stages: tuple[str, ...]
    forms: tuple[str, ...]


class UnknownKind(Refused):
    """No such kind of matter is in the catalogue."""


@lru_cache
def kinds() -> tuple[MatterKind, ...]:
    """Return every kind, in the catalogue's order."""
    rows = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    return tuple(
        MatterKind(row["id"], row["title"], row["forum"], tuple(row["stages"]), tuple(row["forms"]))
        for row in rows
    )


@lru_cache
def kind(kind_id: str) -> MatterKind:
    """Return one kind. Raises UnknownKind."""
    for each in kinds():
        if each.id == kind_id:
            return each
    raise UnknownKind("There is no such kind of matter. Choose one from the list.")
