"""The papers that say who a client is, and those about to expire."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.apps import apps
from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from caseapp.access import rules
from caseapp.access.models import User
from caseapp.access.rules import Act, check_may
from caseapp.audit import services as audit
from caseapp.audit.models import Entry
from caseapp.people.models import Paper, Person
from caseapp.vault import keyring


@dataclass(frozen=True, repr=False, kw_only=True)
class Described:
    """What a paper says. `expires_on` is the last day on which it is valid, if it has one."""

    kind: str
    number: str = ""
    expires_on: date | None = None
    note: str = ""


@transaction.atomic
def record(person: Person, said: Described, *, by: User, at: datetime) -> Paper:
    check_may(by, Act.RECORD_CLIENT)
    paper = Paper(clinic_id=person.clinic_id, person=person, recorded_by=by, recorded_at=at)
    _say(paper, said)
    paper.save(force_insert=True)
    _audit(Entry.Event.PAPER_RECORDED, paper, by)
    return paper


@transaction.atomic
def change(paper: Paper, said: Described, *, by: User) -> None:
    check_may(by, Act.RECORD_CLIENT)
    _say(paper, said)
    paper.save()
    _audit(Entry.Event.PAPER_CHANGED, paper, by)


@transaction.atomic
def remove(paper: Paper, *, by: User) -> None:
    check_may(by, Act.RECORD_CLIENT)
    _audit(Entry.Event.PAPER_REMOVED, paper, by)
    paper.delete()


@transaction.atomic
def show_number(paper: Paper, *, by: User) -> str:
    """Return the paper's number in full, and record that it was shown."""
    _audit(Entry.Event.VALUE_SHOWN, paper, by)
    return str(paper.number)


def paper_for(user: User, paper_id: UUID) -> Paper:
    """Return the paper, or 404: to someone not let in, "no" and "not there" look alike."""
    return get_object_or_404(Paper.objects.visible_to(user).select_related("person"), pk=paper_id)


def papers_of(person: Person) -> list[Paper]:
    """Return the person's papers, what ends first first; those without an end last."""
    papers = Paper.objects.filter(person=person).order_by("recorded_at", "pk")
    return sorted(papers, key=lambda paper: paper.expires_on or date.max)


def on_open_matters(user: User) -> QuerySet[Paper]:
    """Return the papers of clients on open matters that this person may see, what was recorded last first."""
    matters = apps.get_model("caseapp", "Matter")._default_manager.filter(rules.matters_open_to(user))
    clients = Person.objects.filter(parties__matter__in=matters.filter(closed_on__isnull=True))
    return Paper.objects.filter(person__in=clients.values("pk")).order_by("-recorded_at", "pk")


def brought(ids: Iterable[UUID]) -> list[Paper]:
    """Return these papers with their people: one query.

    Asks nobody's leave: the ids come from a query that did.
    """
    wanted = list(ids)
    return list(Paper.objects.filter(pk__in=wanted).select_related("person")) if wanted else []


def open_together(clinic_id: UUID, papers: Iterable[Paper]) -> None:
    """Fetch the keys of the papers' people in one query, before they are read one by one."""
    keyring.preload(clinic_id, [paper.person_id for paper in papers])


def _say(paper: Paper, said: Described) -> None:
    paper.kind = Paper.Kind(said.kind).value
    paper.number, paper.expires_on, paper.note = said.number, said.expires_on, said.note


def _audit(event: Entry.Event, paper: Paper, by: User) -> None:
    audit.record(event, clinic_id=by.clinic_id, actor_id=by.id, person_id=paper.person_id, object_id=paper.id)
