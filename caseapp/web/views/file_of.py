"""What the pages about one client or one matter show, gathered once for the screen and for paper."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from caseapp.access.models import User
from caseapp.audit.models import Entry
from caseapp.deadlines import notices, review
from caseapp.deadlines import queries as deadlines
from caseapp.documents import queries as documents
from caseapp.filings import queries as filings
from caseapp.matters import queries as matters
from caseapp.matters.kinds import kind as kind_of
from caseapp.matters.models import Matter, Party
from caseapp.people import ages, numbers, queries
from caseapp.people.models import Person, SafeContact
from caseapp.retention import queries as retention

MASKED = "••••••••"


@dataclass(frozen=True)
class Member:
    """Someone on the matter besides the client: what they are to the client, and when they age out."""

    person: Person
    kind: str
    age: int | None
    turns_21_on: date | None


@dataclass(frozen=True)
class Stage:
    """A step of the stage bar: "past", "here" or "ahead"."""

    label: str
    place: str


def the_matter(user: User, matter: Matter, *, today: date) -> dict[str, Any]:
    """Return everything the matter's page shows to everyone on it."""
    parties = matters.parties_of(matter)
    client = next(party.person for party in parties if party.role == Party.Role.PRINCIPAL)
    people = [party.person for party in parties]
    queries.open_together(user.clinic_id, people)
    said = {relation.relative_id: relation.kind for relation in queries.family_of(user, client)}
    kind, dates = kind_of(matter.kind), deadlines.deadlines_of(matter)
    return {
        "matter": matter,
        "kind": kind,
        "stages": stages(matter, kind.stages),
        "client": client,
        "client_age": age(client, today),
        "parties": parties,
        "members": [member(person, said, today) for person in people if person != client],
        "contacts": contacts(client),
        "team": matters.team_of(matter),
        "deadlines": dates,
        "next_deadline": next((each for each in dates if each.is_open), None),
        "to_review": len(review.differences_of(dates)),
        "check_again": review.rules_to_check_again(dates, today=today),
        "open_count": sum(each.is_open for each in dates),
        "waiting": deadlines.waiting_of(matter),
        "notices": notices.waiting_on(matter) if matter.closed_on is None else [],
        "filings": filings.filings_of(matter),
        "documents": documents.documents_of(matter),
        "notes": matters.notes_of(matter),
        "keeping": retention.keeping_of(matter),
        "on_hold": retention.holds_on(matter).exists(),
        "today": today,
    }


def stages(matter: Matter, names: Iterable[str]) -> list[Stage]:
    """Return the stage bar. A closed matter stands at its end, with only the stages it reached behind it."""
    bar: list[Stage] = []
    place = "past"
    for name in names:
        here = name == matter.stage
        bar.append(Stage(name, "here" if here and matter.closed_on is None else place))
        place = "ahead" if here else place
    return bar


def member(person: Person, said: dict[UUID, str], today: date) -> Member:
    born = person.birth_date
    turns = ages.turns_21_on(born) if born else None
    ahead = turns if turns is not None and turns > today else None
    return Member(person, said.get(person.id, ""), age(person, today), ahead)


def age(person: Person, today: date) -> int | None:
    return ages.age_on(person.birth_date, today) if person.birth_date else None


def contacts(person: Person) -> list[tuple[SafeContact, str]]:
    """Return the safe ways to reach someone, each with what stands for its address while it is masked."""
    return [(contact, mask(contact)) for contact in queries.contacts_of(person)]


def mask(contact: SafeContact) -> str:
    """Return enough of an address to tell two numbers apart, no more."""
    if not contact.address:
        return ""
    return numbers.mask_phone(contact.address) if contact.address.startswith("+") else MASKED


def trail_rows(entries: Iterable[Entry], staff: Iterable[User]) -> list[tuple[Entry, str, str]]:
    """Return each entry with who did it and, if it was done to a colleague, to whom."""
    names = {colleague.id: colleague.name for colleague in staff}

    def name(user_id: UUID | None) -> str:
        return names.get(user_id, "") if user_id else ""

    return [(entry, name(entry.actor_id), name(entry.object_id)) for entry in entries]
