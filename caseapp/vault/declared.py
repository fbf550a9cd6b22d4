"""What a field registry is made of, and how it is compared with the models there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.db import models


class Kind(Enum):
    """What a column may tell a thief of the database."""

    SEALED = "opens only in its own row, with its subject's key"
    PSEUDONYMOUS = "about someone, without saying whom"
    PUBLIC = "about nobody"


@dataclass(frozen=True, slots=True)
class Declared:
    """One column: its kind and why. A sealed one has the two numbers it is bound to, which never change."""

    kind: Kind
    why: str
    model_id: int = 0
    field_id: int = 0


def sealed(number: int, purpose: str) -> Declared:
    """A sealed column; `number` is its own within the model and is never used again."""
    return Declared(Kind.SEALED, purpose, field_id=number)


def pseudonymous(why: str) -> Declared:
    return Declared(Kind.PSEUDONYMOUS, why)


def public(why: str) -> Declared:
    return Declared(Kind.PUBLIC, why)


def model(name: str, number: int | None = None, /, **fields: Declared) -> dict[str, Declared]:
    """Declare a model's columns. `number` is needed when one is sealed, and is never used again.

    A model of another app is named "app_label.Model".
    """
    declared = {}
    for field, entry in fields.items():
        if entry.kind is Kind.SEALED:
            if not number or not entry.field_id:
                raise ValueError(f"{name}.{field} is sealed: give it and its model a number.")
            entry = Declared(Kind.SEALED, entry.why, number, entry.field_id)
        declared[f"{name}.{field}"] = entry
    return declared


def merged(*declared: Mapping[str, Declared]) -> dict[str, Declared]:
    """Put the models together. Raises ValueError if two share a name or two columns a pair of numbers."""
    fields: dict[str, Declared] = {}
    owners: dict[int, str] = {}
    for one in declared:
        for label, entry in one.items():
            name = label.rpartition(".")[0]
            if label in fields:
                raise ValueError(f"{label} is declared twice.")
            if entry.model_id and owners.setdefault(entry.model_id, name) != name:
                raise ValueError(f"{name} and {owners[entry.model_id]} have the same number.")
            fields[label] = entry
    pairs = [(entry.model_id, entry.field_id) for entry in fields.values() if entry.kind is Kind.SEALED]
    for label, entry in fields.items():
        if pairs.count((entry.model_id, entry.field_id)) > 1:
            raise ValueError(f"{label} shares its number with another field. Give one of them a new number.")
    return fields


def label_of(field: models.Field[Any, Any]) -> str:
    """Return a field's name in the registry: "Person.notes", or "auth.Group.name" for another app's."""
    options = field.model._meta
    prefix = "" if options.app_label == "caseapp" else f"{options.app_label}."
    return f"{prefix}{options.object_name}.{field.name}"


def columns(of: Iterable[type[models.Model]]) -> Iterator[models.Field[Any, Any]]:
    """Yield each column that has a place in the database, once."""
    for one in of:
        if not one._meta.abstract and not one._meta.proxy:
            yield from one._meta.local_concrete_fields


def is_sealed(field: models.Field[Any, Any]) -> bool:
    return bool(getattr(field, "is_sealed", False))
