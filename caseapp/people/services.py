"""Record clients and their families. Each function is one thing a caseworker does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from caseapp.access.models import Clinic, User
from caseapp.access.rules import Act, check_may
from caseapp.audit import services as audit
from caseapp.audit.models import Entry
from caseapp.errors import Refused
from caseapp.people import numbers
from caseapp.people.models import Person, Relation, SafeContact
from caseapp.vault import keyring


@dataclass(frozen=True, repr=False, kw_only=True)
class Particulars:
    """What is said about a person, as typed. The spelling is kept exactly."""

    given_names: str
    first_surname: str
    second_surname: str = ""
    own_script: str = ""
    other_names: str = ""
    birth_date: date | None = None
    a_number: str = ""
    country: str = ""
    language: str = ""
    interpreter: bool = False


@dataclass(frozen=True, repr=False, kw_only=True)
class Reach:
    """A safe way to reach someone: by which channel, where, at which hours, and what never to do."""

    channel: str
    address: str = ""
    hours: str = ""
    instructions: str = ""


class ImpossibleBirthDate(Refused):
    """Nobody alive was born on that day."""


OLDEST = 120


def record_person(said: Particulars, *, by: User, at: datetime, reach: Reach | None = None) -> Person:
    """Record a client or family member under a key of their own.

    The key is made first, in its own database: should the rest fail, a key that seals nothing is
    left over, never a row without its key.
    """
    check_may(by, Act.RECORD_CLIENT)
    person = Person(clinic_id=by.clinic_id, recorded_by=by, recorded_at=at)
    _say(person, said, today=_day(at, by))
    keyring.make_key(by.clinic_id, person.id)
    with transaction.atomic():
        _save_with_card(person, at=at, contacts=[reach.address] if reach else [])
        if reach is not None and (reach.address or reach.hours or reach.instructions):
            _add_contact(person, reach, at=at)
        audit.record(Entry.Event.CLIENT_RECORDED, clinic_id=by.clinic_id, actor_id=by.id, person_id=person.id)
    return person


@transaction.atomic
def change_person(person: Person, said: Particulars, *, by: User, at: datetime) -> None:
    check_may(by, Act.RECORD_CLIENT)
    _say(person, said, today=_day(at, by))
    _save_with_card(person, at=at)
    audit.record(Entry.Event.CLIENT_CHANGED, clinic_id=by.clinic_id, actor_id=by.id, person_id=person.id)


@transaction.atomic
def add_safe_contact(person: Person, reach: Reach, *, by: User, at: datetime) -> SafeContact:
    check_may(by, Act.RECORD_CLIENT)
    contact = _add_contact(person, reach, at=at)
    _save_with_card(person, at=at)
    audit.record(Entry.Event.CLIENT_CHANGED, clinic_id=by.clinic_id, actor_id=by.id, person_id=person.id)
    return contact


@transaction.atomic
def remove_safe_contact(contact: SafeContact, *, by: User, at: datetime) -> None:
    """Forget a way to reach someone: it stopped being safe, or it is wrong."""
    check_may(by, Act.RECORD_CLIENT)
    person = contact.person
    contact.delete()
    _save_with_card(person, at=at)
    audit.record(Entry.Event.CLIENT_CHANGED, clinic_id=by.clinic_id, actor_id=by.id, person_id=person.id)


class AlreadyRelated(Refused):
    """These two are already recorded as family."""


@transaction.atomic
def relate(person: Person, relative: Person, *, kind: str, by: User) -> Relation:
    """Record that `relative` is the `kind` ("daughter") of `person`."""
    check_may(by, Act.RECORD_CLIENT)
    if Relation.objects.filter(person=person, relative=relative).exists():
        raise AlreadyRelated(_("They are already recorded as family. Change that entry instead."))
    relation = Relation(clinic_id=by.clinic_id, person=person, relative=relative, kind=kind)
    relation.save(force_insert=True)
    audit.record(
        Entry.Event.RELATION_RECORDED,
        clinic_id=by.clinic_id,
        actor_id=by.id,
        person_id=person.id,
        object_id=relation.id,
    )
    return relation


@transaction.atomic
def record_relative(person: Person, said: Particulars, *, kind: str, by: User, at: datetime) -> Relation:
    """Record a member of the family under a key of their own, and what they are to this person."""
    relative = record_person(said, by=by, at=at)
    return relate(person, relative, kind=kind, by=by)


@transaction.atomic
def record_view(person: Person, *, by: User) -> None:
    audit.record(Entry.Event.CLIENT_VIEWED, clinic_id=by.clinic_id, actor_id=by.id, person_id=person.id)


def record_list_view(*, by: User) -> None:
    audit.record_look(Entry.Event.CLIENTS_LISTED, clinic_id=by.clinic_id, actor_id=by.id)


@transaction.atomic
def record_search(*, by: User) -> None:
    """Record that a search answered with names. What was looked for is not kept."""
    audit.record(Entry.Event.SEARCHED, clinic_id=by.clinic_id, actor_id=by.id)


@transaction.atomic
def show_a_number(person: Person, *, by: User) -> str:
    """Return the A-number in full, and record that it was shown."""
    audit.record(Entry.Event.VALUE_SHOWN, clinic_id=by.clinic_id, actor_id=by.id, person_id=person.id)
    return numbers.show_a_number(person.a_number)


@transaction.atomic
def show_contact(contact: SafeContact, *, by: User) -> str:
    """Return the number or address of a safe contact, and record that it was shown."""
    audit.record(
        Entry.Event.VALUE_SHOWN,
        clinic_id=by.clinic_id,
        actor_id=by.id,
        person_id=contact.person_id,
        object_id=contact.id,
    )
    return contact.address


@transaction.atomic
def remember_number(person: Person, number: str, *, at: datetime) -> None:
    """Let search find this person by a receipt number of one of their filings."""
    card: dict[str, Any] = dict(person.search_card)
    if number and number not in card["receipts"]:
        _save_with_card(person, at=at, receipts=[*card["receipts"], number])


def _day(at: datetime, by: User) -> date:
    """Return the day it is at the clinic."""
    return at.astimezone(ZoneInfo(by.clinic.time_zone)).date()


def _say(person: Person, said: Particulars, *, today: date) -> None:
    if said.birth_date and not today.year - OLDEST <= said.birth_date.year <= today.year:
        raise ImpossibleBirthDate(_("Check the year of birth: write what the paper says, or leave it empty."))
    if said.birth_date and said.birth_date > today:
        raise ImpossibleBirthDate(_("That birth date has not come yet. Write what the paper says."))
    person.given_names = said.given_names
    person.first_surname = said.first_surname
    person.second_surname = said.second_surname
    person.own_script = said.own_script
    person.other_names = said.other_names
    person.birth_date = said.birth_date
    person.a_number = numbers.a_number(said.a_number) if said.a_number else ""
    person.country = said.country
    person.language = said.language
    person.interpreter = said.interpreter


def _add_contact(person: Person, reach: Reach, *, at: datetime) -> SafeContact:
    contact = SafeContact(
        clinic_id=person.clinic_id,
        person=person,
        channel=SafeContact.Channel(reach.channel).value,
        address=reach.address,
        hours=reach.hours,
        instructions=reach.instructions,
        recorded_at=at,
    )
    contact.save(force_insert=True)
    return contact


def _save_with_card(
    person: Person,
    *,
    at: datetime,
    receipts: Iterable[str] | None = None,
    contacts: Iterable[str] | None = None,
) -> None:
    """Save the person with a fresh search card, placed after every card the clinic's rosters have seen.

    The counter's row stays locked until this transaction ends, so places become visible in order.
    """
    is_new = person._state.adding
    if receipts is None:
        receipts = [] if is_new else person.search_card["receipts"]
    if contacts is None:
        contacts = [contact.address for contact in person.safe_contacts.all()]
    names = (person.name, person.own_script, *person.other_names.split(";"))
    person.card_seq = next_place(person.clinic_id)
    person.search_card = {
        "names": [name.strip() for name in names if name.strip()],
        "surnames": [name for name in (person.first_surname, person.second_surname) if name],
        "born": person.birth_date.isoformat() if person.birth_date else None,
        "a_number": person.a_number,
        "contacts": [address for address in contacts if address],
        "receipts": list(receipts),
    }
    person.changed_at = at
    person.save(force_insert=is_new)


def next_place(clinic_id: UUID) -> int:
    """Count one change to the clinic's people, and return its number."""
    Clinic.objects.filter(pk=clinic_id).update(people_seq=F("people_seq") + 1)
    return Clinic.objects.values_list("people_seq", flat=True).get(pk=clinic_id)
