"""A clinic of invented people with real keys, names as common as they are in the US Census of 2020."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Final
from uuid import UUID, uuid4

from allauth.mfa.models import Authenticator

from caseapp.access import wall
from caseapp.access.models import Clinic, User
from caseapp.matters.models import Assignment, Matter, Party
from caseapp.people.models import Person
from caseapp.vault import cipher, keyring
from caseapp.vault.models import SubjectKey
from caseapp.vault.router import KEYRING

NOW: Final = datetime(2026, 6, 3, 16, 0, tzinfo=UTC)
BATCH: Final = 1000
PEOPLE_OF_THE_ATTORNEY: Final = 120
OWN_SCRIPT: Final = (
    "محمد احمدی",
    "فاطمه رحیمی",
    "王小明",
    "Олександр Коваленко",
    "ተስፋዬ ገብረመድህን",
    "सीता थापा",
)
LANGUAGES: Final = (
    "Spanish",
    "Q'anjob'al",
    "Mam",
    "K'iche'",
    "Haitian Creole",
    "Dari",
    "Portuguese",
    "Tigrinya",
)


@dataclass(frozen=True)
class Invented:
    """The clinic, its director, who sees everyone, and an attorney, who sees 120 people."""

    clinic: Clinic
    director: User
    attorney: User
    people: list[Person]


@cache
def _names() -> dict[str, tuple[list[str], list[int]]]:
    """Return each kind of name with its running total of bearers."""
    kinds: dict[str, tuple[list[str], list[int]]] = {}
    with Path(__file__).with_name("names.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            names, counts = kinds.setdefault(row["kind"], ([], []))
            names.append(row["name"])
            counts.append(int(row["count"]))
    return {kind: (names, list(accumulate(counts))) for kind, (names, counts) in kinds.items()}


def _name(random: Random, kind: str) -> str:
    names, totals = _names()[kind]
    return random.choices(names, cum_weights=totals)[0]


def make_subject_keys(clinic_id: UUID, subjects: Sequence[UUID]) -> None:
    """Make many keys as the vault makes one, in few statements."""
    wrapping = keyring.newest_wrapping_key(clinic_id)
    rows = []
    for subject in subjects:
        key_id = os.urandom(cipher.KEY_ID_BYTES)
        wrapped = wrapping.wrap(os.urandom(cipher.KEY_BYTES), key_id=key_id, subject=subject)
        salt = os.urandom(keyring.SALT_BYTES)
        rows.append(
            SubjectKey(
                key_id=key_id,
                clinic_id=clinic_id,
                subject_id=subject,
                wrapped=wrapped,
                salt=salt,
                generation=wrapping.generation,
            )
        )
    SubjectKey.objects.using(KEYRING).bulk_create(rows, batch_size=BATCH)


def make_clinic() -> Clinic:
    """Make a clinic with its keys, and enter it."""
    clinic = Clinic(id=uuid4(), name="Clínica del Río", made_at=NOW)
    keyring.make_clinic_key(clinic.id)
    keyring.make_key(clinic.id, clinic.id)
    wall.enter(clinic.id)
    clinic.save(force_insert=True)
    return clinic


def _staff(clinic: Clinic, name: str, role: str) -> User:
    user = User(clinic=clinic, email=f"{name}@{clinic.id}.example", name=name, role=role, joined_at=NOW)
    user.set_unusable_password()
    user.save(force_insert=True)
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "unused"})
    return user


def make_house(people: int) -> Invented:
    """Make a clinic of so many people, two to a matter, and one in eleven on none."""
    random = Random(7)
    clinic = make_clinic()
    director, attorney = _staff(clinic, "Dee", User.Role.DIRECTOR), _staff(clinic, "Ana", User.Role.ATTORNEY)
    everyone = []
    for start in range(0, people, BATCH):
        numbers = range(start, min(start + BATCH, people))
        batch = [_person(random, clinic, director, number) for number in numbers]
        make_subject_keys(clinic.id, [person.id for person in batch])
        keyring.preload(clinic.id, [person.id for person in batch])
        everyone += Person.objects.bulk_create(batch)
    Clinic.objects.filter(pk=clinic.id).update(people_seq=people)
    pairs = [everyone[at : at + 2] for at in range(0, people - people // 11, 2)]
    for at in range(0, len(pairs), BATCH):
        _open_matters(clinic, director, attorney, pairs[at : at + BATCH], first=at)
    keyring.drop_all()
    return Invented(clinic, director, attorney, everyone)


def _person(random: Random, clinic: Clinic, by: User, number: int) -> Person:
    latin = random.random() < 0.7
    surname, name = ("latin surnames", "latin names") if latin else ("other surnames", "other names")
    if not latin and random.random() < 0.4:
        surname = "asian surnames"
    born = date(random.randrange(1950, 2020), random.randrange(1, 13), random.randrange(1, 29))
    at = NOW - timedelta(minutes=number)
    person = Person(
        clinic=clinic,
        given_names=" ".join(dict.fromkeys((_name(random, name), _name(random, name)))),
        first_surname=_name(random, surname),
        second_surname=_name(random, surname) if latin else "",
        own_script=random.choice(OWN_SCRIPT) if random.random() < 0.15 else "",
        other_names="",
        birth_date=born,
        a_number=f"{random.randrange(10**9):09d}",
        country="Guatemala" if latin else "",
        language=random.choice(LANGUAGES),
        interpreter=random.random() < 0.5,
        card_seq=number + 1,
        recorded_by=by,
        recorded_at=at,
        changed_at=at,
    )
    person.search_card = {
        "names": [name for name in (person.name, person.own_script) if name],
        "surnames": [name for name in (person.first_surname, person.second_surname) if name],
        "born": born.isoformat(),
        "a_number": person.a_number,
        "contacts": [f"+1{random.randrange(2 * 10**9, 10**10)}"],
        "receipts": [f"IOE{random.randrange(10**10):010d}"] if random.random() < 0.6 else [],
    }
    return person


def _open_matters(
    clinic: Clinic, director: User, attorney: User, pairs: Sequence[Sequence[Person]], *, first: int
) -> None:
    """Open a matter for each family; the attorney gets every so manieth, the director the others."""
    matters = list(_matters(clinic, director, len(pairs), first=first))
    make_subject_keys(clinic.id, [matter.id for matter in matters])
    keyring.preload(clinic.id, [matter.id for matter in matters])
    Matter.objects.bulk_create(matters)
    roles = (Party.Role.PRINCIPAL, Party.Role.DERIVATIVE)
    Party.objects.bulk_create(
        Party(clinic=clinic, matter=matter, person=person, role=role)
        for matter, pair in zip(matters, pairs, strict=True)
        for person, role in zip(pair, roles, strict=False)
    )
    theirs = PEOPLE_OF_THE_ATTORNEY // 2
    Assignment.objects.bulk_create(
        Assignment(
            clinic=clinic,
            matter=matter,
            user=attorney if at < theirs else director,
            role=Assignment.Role.ATTORNEY,
        )
        for at, matter in enumerate(matters, first)
    )


def _matters(clinic: Clinic, by: User, count: int, *, first: int) -> Iterator[Matter]:
    for number in range(first, first + count):
        yield Matter(
            clinic=clinic,
            code=f"HERON-{number}",
            kind="asylum-defensive",
            stage="Merits",
            detained=False,
            outcome="",
            opened_on=date(2026, 1, 5),
            opened_by=by,
            changed_at=NOW,
        )
