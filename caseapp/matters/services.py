"""Open matters, put people on them, and close them. Each function is one thing a caseworker does."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from caseapp.access.models import User
from caseapp.access.rules import DOES_CASEWORK, Act, check_may, check_may_work_on
from caseapp.audit import services as audit
from caseapp.audit.models import Entry
from caseapp.errors import Refused
from caseapp.matters.codes import new_code
from caseapp.matters.kinds import kind as kind_of
from caseapp.matters.models import Assignment, Matter, Note, Party, Screen
from caseapp.people.models import Person
from caseapp.vault import keyring

CLOSED_STAGE = "closed"
ATTEMPTS = 20


class NotSoOpened(Refused):
    """The matter cannot be opened as asked."""


def open_matter(
    principal: Person,
    *,
    kind: str,
    by: User,
    on: date,
    at: datetime,
    derivatives: Sequence[Person] = (),
    detained: bool = False,
) -> Matter:
    """Open a matter of the catalogue's `kind` for a client, with family members included in it.

    Whoever opens it works on it. The key is made first: see people.services.record_person.
    """
    check_may(by, Act.OPEN_MATTER)
    if principal in derivatives:
        raise NotSoOpened(_("The client cannot also be a derivative. Take them off one of the two."))
    matter = Matter(
        clinic_id=by.clinic_id,
        kind=kind,
        stage=kind_of(kind).stages[0],
        detained=detained,
        opened_on=on,
        opened_by=by,
        changed_at=at,
    )
    keyring.make_key(by.clinic_id, matter.id)
    with transaction.atomic():
        _save_under_a_free_code(matter)
        _add_party(matter, principal, Party.Role.PRINCIPAL)
        for person in derivatives:
            _add_party(matter, person, Party.Role.DERIVATIVE)
        audit.record(Entry.Event.MATTER_OPENED, clinic_id=by.clinic_id, actor_id=by.id, matter_id=matter.id)
        if by.role != User.Role.DIRECTOR:
            _assign(matter, by, role=Assignment.Role(by.role), by=by, until=None)
    return matter


def _save_under_a_free_code(matter: Matter) -> None:
    for attempt in range(ATTEMPTS):
        matter.code = new_code(secrets.randbelow, attempt=attempt)
        try:
            with transaction.atomic():
                matter.save(force_insert=True)
        except IntegrityError:
            continue
        return
    raise NotSoOpened(_("No free case code was found. Try again."))


def _add_party(matter: Matter, person: Person, role: Party.Role) -> None:
    Party.objects.create(clinic_id=matter.clinic_id, matter=matter, person=person, role=role)


@transaction.atomic
def include(matter: Matter, person: Person, *, by: User, at: datetime) -> None:
    """Include a family member in the matter as a derivative."""
    check_may_work_on(by, matter, Act.OPEN_MATTER)
    if matter.parties.filter(person=person).exists():
        raise NotSoOpened(_("This person is already on the matter."))
    _add_party(matter, person, Party.Role.DERIVATIVE)
    _touch(matter, at)
    audit.record(
        Entry.Event.MATTER_CHANGED,
        clinic_id=by.clinic_id,
        actor_id=by.id,
        matter_id=matter.id,
        person_id=person.id,
    )


class CannotAssign(Refused):
    """This colleague cannot be put on the matter."""


@transaction.atomic
def assign(
    matter: Matter, colleague: User, *, role: str, by: User, today: date, until: date | None = None
) -> None:
    """Put a colleague on the matter. Raises CannotAssign for one who is screened off, gone or IT."""
    check_may_work_on(by, matter, Act.ASSIGN)
    if colleague.clinic_id != matter.clinic_id or not colleague.is_active:
        raise CannotAssign(_("This colleague no longer works here. Choose someone else."))
    if colleague.role not in DOES_CASEWORK:
        raise CannotAssign(_("IT does not work on matters. Choose someone who does casework."))
    if Screen.objects.filter(matter=matter, user=colleague).exists():
        raise CannotAssign(_("This colleague cannot be put on this matter. Ask a legal director."))
    if matter.assignments.filter(user=colleague, ended_at__isnull=True).exists():
        raise CannotAssign(_("This colleague is already on the matter."))
    if until is not None and until < today:
        raise CannotAssign(_("The last day has passed. Give a later one, or leave it empty."))
    if role == Assignment.Role.ATTORNEY and colleague.role not in (User.Role.ATTORNEY, User.Role.DIRECTOR):
        raise CannotAssign(_("Only an attorney can be the attorney on a matter. Choose another role."))
    _assign(matter, colleague, role=Assignment.Role(role), by=by, until=until)


def _assign(matter: Matter, colleague: User, *, role: Assignment.Role, by: User, until: date | None) -> None:
    Assignment.objects.create(
        clinic_id=matter.clinic_id, matter=matter, user=colleague, role=role, until=until
    )
    audit.record(
        Entry.Event.MATTER_ASSIGNED,
        clinic_id=by.clinic_id,
        actor_id=by.id,
        matter_id=matter.id,
        object_id=colleague.id,
    )


@transaction.atomic
def take_off(matter: Matter, colleague: User, *, by: User, at: datetime) -> None:
    """Take a colleague off the matter. Raises CannotAssign when nobody else would be left on it."""
    check_may_work_on(by, matter, Act.ASSIGN)
    live = matter.assignments.filter(ended_at__isnull=True)
    if not live.exclude(user=colleague).exists():
        raise CannotAssign(_("Someone must stay on the matter. Put a colleague on it first."))
    if live.filter(user=colleague).update(ended_at=at) != 1:
        raise CannotAssign(_("This colleague is not on the matter any more. Reload the page."))
    audit.record(
        Entry.Event.MATTER_UNASSIGNED,
        clinic_id=by.clinic_id,
        actor_id=by.id,
        matter_id=matter.id,
        object_id=colleague.id,
    )


@transaction.atomic
def screen_off(matter: Matter, colleague: User, *, by: User, at: datetime) -> None:
    """Hide the matter from a colleague altogether, and take them off it if they are on it."""
    check_may(by, Act.APPROVE_PURGE)
    if colleague == by:
        raise CannotAssign(_("You cannot screen yourself off. Ask a colleague to do it."))
    Screen.objects.get_or_create(matter=matter, user=colleague, defaults={"clinic_id": matter.clinic_id})
    matter.assignments.filter(user=colleague, ended_at__isnull=True).update(ended_at=at)
    audit.record(
        Entry.Event.MATTER_SCREENED,
        clinic_id=by.clinic_id,
        actor_id=by.id,
        matter_id=matter.id,
        object_id=colleague.id,
    )


@transaction.atomic
def lift_screen(matter: Matter, colleague: User, *, by: User) -> None:
    """Let a colleague know of the matter again: the conflict is gone, or never was. A director does it."""
    check_may(by, Act.MANAGE_STAFF)
    if not Screen.objects.filter(matter=matter, user=colleague).delete()[0]:
        raise CannotAssign(_("This colleague is not screened off. Reload the page."))
    audit.record(
        Entry.Event.MATTER_CHANGED,
        clinic_id=by.clinic_id,
        actor_id=by.id,
        matter_id=matter.id,
        object_id=colleague.id,
    )


def end_assignments(*, today: date, at: datetime) -> int:
    """End every assignment whose last day has passed; return how many. Safe to run twice."""
    ended = 0
    for assignment in Assignment.objects.filter(until__lt=today, ended_at__isnull=True):
        with transaction.atomic():
            still = Assignment.objects.filter(pk=assignment.pk, ended_at__isnull=True)
            if still.update(ended_at=at) == 1:
                ended += 1
                audit.record(
                    Entry.Event.MATTER_UNASSIGNED,
                    clinic_id=assignment.clinic_id,
                    actor_id=None,
                    matter_id=assignment.matter_id,
                    object_id=assignment.user_id,
                )
    return ended


@transaction.atomic
def write_note(matter: Matter, *, text: str, minutes: int, by: User, at: datetime) -> Note:
    check_may_work_on(by, matter, Act.WRITE_NOTE)
    note = Note(clinic_id=by.clinic_id, matter=matter, author=by, text=text, minutes=minutes, written_at=at)
    note.save(force_insert=True)
    _touch(matter, at)
    audit.record(
        Entry.Event.NOTE_WRITTEN,
        clinic_id=by.clinic_id,
        actor_id=by.id,
        matter_id=matter.id,
        object_id=note.id,
    )
    return note


@transaction.atomic
def move_to_stage(matter: Matter, *, stage: str, detained: bool, by: User, at: datetime) -> None:
    """Say how far the case has come and whether the client is detained."""
    check_may_work_on(by, matter, Act.OPEN_MATTER)
    if stage not in kind_of(matter.kind).stages:
        raise NotSoOpened(_("This kind of matter has no such stage. Choose one from the list."))
    matter.stage = stage
    matter.detained = detained
    matter.changed_at = at
    matter.save(update_fields=["stage", "detained", "changed_at"])
    audit.record(Entry.Event.MATTER_CHANGED, clinic_id=by.clinic_id, actor_id=by.id, matter_id=matter.id)


class CannotClose(Refused):
    """The matter cannot be closed, or opened again, as it stands."""


@transaction.atomic
def close_matter(
    matter: Matter, *, by: User, on: date, at: datetime, outcome: str, kept_as: str, keep_until: date
) -> None:
    """Close the matter. Retention decides `keep_until`; call its close_matter, which calls this."""
    check_may_work_on(by, matter, Act.CLOSE_MATTER)
    if on < matter.opened_on:
        raise CannotClose(_("It cannot close before it was opened. Check the date."))
    matter.closed_on, matter.kept_as, matter.keep_until = on, kept_as, keep_until
    matter.outcome, matter.changed_at = outcome, at
    matter.save(update_fields=["closed_on", "kept_as", "keep_until", "outcome", "changed_at"])
    audit.record(Entry.Event.MATTER_CLOSED, clinic_id=by.clinic_id, actor_id=by.id, matter_id=matter.id)


@transaction.atomic
def reopen_matter(matter: Matter, *, by: User, at: datetime) -> None:
    check_may(by, Act.CLOSE_MATTER)
    still_closed = Matter.objects.closed().filter(pk=matter.pk)
    if still_closed.update(closed_on=None, kept_as=None, keep_until=None, changed_at=at) != 1:
        raise CannotClose(_("This matter is open already. Reload the page."))
    matter.refresh_from_db()
    audit.record(Entry.Event.MATTER_REOPENED, clinic_id=by.clinic_id, actor_id=by.id, matter_id=matter.id)


@transaction.atomic
def record_view(matter: Matter, *, by: User) -> None:
    audit.record(Entry.Event.MATTER_VIEWED, clinic_id=by.clinic_id, actor_id=by.id, matter_id=matter.id)


def record_list_view(*, by: User) -> None:
    audit.record_look(Entry.Event.MATTERS_LISTED, clinic_id=by.clinic_id, actor_id=by.id)


@transaction.atomic
def record_trail_view(*, by: User, matter: Matter | None = None, person: Person | None = None) -> None:
    audit.record(
        Entry.Event.AUDIT_VIEWED,
        clinic_id=by.clinic_id,
        actor_id=by.id,
        matter_id=matter.id if matter else None,
        person_id=person.id if person else None,
    )


def _touch(matter: Matter, at: datetime) -> None:
    Matter.objects.filter(pk=matter.pk).update(changed_at=at)
