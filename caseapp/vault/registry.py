"""Every column of every table: what it may tell a thief of the database, and why it is there.

A sealed column has two numbers, its model's and its own, which its values are bound to. They are
written in registry.frozen.json as well, and never change or come back: `python -m
caseapp.vault.freeze` adds the new ones there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from django.db import models

from caseapp.vault.declarations import OF_THE_DATA
from caseapp.vault.declared import (
    Declared,
    Kind,
    columns,
    is_sealed,
    label_of,
    merged,
    model,
    pseudonymous,
    public,
)

FROZEN: Final = Path(__file__).with_name("registry.frozen.json")

FIELDS: Final[dict[str, Declared]] = merged(
    *OF_THE_DATA,
    # The keyring
    model(
        "ClinicKey",
        id=public("random"),
        clinic_id=pseudonymous("which clinic's key"),
        generation=public("counts the clinic's keys"),
        wrapped=public("a key, useless without the root key"),
        state=public("whether the key is in use"),
        made_at=pseudonymous("when a clinic began, or changed its key"),
        escrowed=public("a key, useless without two of the officers' shares"),
        retired_at=pseudonymous("when a clinic changed its key"),
        destroyed_at=pseudonymous("when the clinic's old key was destroyed"),
    ),
    model(
        "Officers",
        id=public("always the same"),
        recipient=public("a public key; the private half is on paper only"),
        canary=public("a known text that two shares open"),
        made_at=public("when the recovery kit was made"),
    ),
    model(
        "SubjectKey",
        id=public("random"),
        key_id=public("random"),
        clinic_id=pseudonymous("which clinic the subject belongs to"),
        subject_id=pseudonymous("whose key: the random id of a person or matter"),
        wrapped=public("a key, useless without its clinic's key"),
        salt=public("random; makes the tombstone's pseudonym"),
        generation=public("which of the clinic's keys wraps it"),
        state=public("whether the key is in use"),
        made_at=pseudonymous("when a person or matter was first recorded"),
        retired_at=pseudonymous("when nothing was sealed with it any more, after a change of key"),
    ),
    model(
        "Tombstone",
        id=public("random"),
        key_id=public("random; names a key that no longer exists"),
        clinic_id=pseudonymous("which clinic destroyed it"),
        subject_pseudonym=pseudonymous("names nobody once the salt is gone, which goes with the key"),
        reason=pseudonymous("a code for why it was destroyed"),
        generation=public("which of the clinic's keys had wrapped it"),
        at=pseudonymous("when it was destroyed"),
    ),
    model(
        "Epoch",
        id=public("always the same"),
        number=public("counts the times keys were destroyed"),
        deployment=public("random; the root key's wraps are bound to it"),
    ),
)


def numbers_of(field: models.Field[Any, Any]) -> tuple[int, int]:
    """Return the model's and the field's number. Raises LookupError if it is not declared sealed."""
    label = label_of(field)
    entry = FIELDS.get(label)
    if entry is None or entry.kind is not Kind.SEALED:
        raise LookupError(
            f"{label} is a sealed field that caseapp/vault/registry.py does not declare as sealed."
            " Add it there with a number that was never used."
        )
    return entry.model_id, entry.field_id


def undeclared(of: Iterable[type[models.Model]]) -> list[str]:
    """Return the columns of these models that the registry does not mention."""
    return sorted(label for label in map(label_of, columns(of)) if label not in FIELDS)


def stale(of: Iterable[type[models.Model]]) -> list[str]:
    """Return what the registry declares and these models do not have."""
    return sorted(FIELDS.keys() - set(map(label_of, columns(of))))


def mismatched(of: Iterable[type[models.Model]]) -> list[str]:
    """Return the columns declared sealed that are not, and those that are sealed but declared otherwise."""
    return sorted(
        label_of(field)
        for field in columns(of)
        if label_of(field) in FIELDS and is_sealed(field) != (FIELDS[label_of(field)].kind is Kind.SEALED)
    )


def numbers(fields: Mapping[str, Declared] = FIELDS) -> dict[str, list[int]]:
    """Return the numbers in use."""
    return {
        label: [entry.model_id, entry.field_id]
        for label, entry in sorted(fields.items())
        if entry.kind is Kind.SEALED
    }


def frozen() -> dict[str, list[int]]:
    """Return every number ever used, those of fields that are gone included."""
    read: dict[str, list[int]] = json.loads(FROZEN.read_text(encoding="utf-8"))
    return read


def renumbered(now: Mapping[str, list[int]], ever: Mapping[str, list[int]]) -> list[str]:
    """Return the fields whose numbers changed, or were some other field's before. There must be none."""
    owners = {tuple(pair): label for label, pair in ever.items()}
    return sorted(
        label
        for label, pair in now.items()
        if ever.get(label, pair) != pair or owners.get(tuple(pair), label) != label
    )


def unfrozen(now: Mapping[str, list[int]], ever: Mapping[str, list[int]]) -> list[str]:
    """Return the sealed fields whose numbers are not yet in the committed file."""
    return sorted(now.keys() - ever.keys())
