"""Who may see what, and who may do what. Read this file to answer a privacy question."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from django.apps import apps
from django.db.models import Q
from django.utils.translation import gettext as _

from caseapp.access.models import User
from caseapp.errors import Refused

if TYPE_CHECKING:
    from caseapp.matters.models import Matter

Role = User.Role


class Act(StrEnum):
    """What a member of staff can be allowed to do, in the clinic's words."""

    RECORD_CLIENT = "record a client and their family"
    OPEN_MATTER = "open a matter"
    ASSIGN = "put people on a matter and take them off"
    WRITE_NOTE = "write a note on a matter"
    RECORD_EVENT = "enter a decision, notice or hearing"
    DECIDE_DEADLINE = "confirm, close or change a date"
    RECORD_FILING = "record a filing and its outcome"
    ADD_DOCUMENT = "add a document, or a new version of one"
    REMOVE_DOCUMENT = "remove a document for good"
    CLOSE_MATTER = "close a matter"
    PLACE_HOLD = "place a hold, or ask to lift one"
    APPROVE_PURGE = "propose or approve a purge"
    SEE_AUDIT = "see who opened what"
    SEE_STAFF = "see the list of staff"
    SEE_HEALTH = "see whether backups, drills and reminders are on time"
    MAKE_KIT = "make the recovery kit"
    LOCK_OUT = "lock a colleague out"
    MANAGE_STAFF = "invite staff, change roles, reset signing in"


CASEWORK = frozenset(
    {Act.RECORD_CLIENT, Act.OPEN_MATTER, Act.ASSIGN, Act.WRITE_NOTE, Act.RECORD_EVENT}
    | {Act.DECIDE_DEADLINE, Act.RECORD_FILING, Act.SEE_STAFF, Act.ADD_DOCUMENT}
)
LEGAL = CASEWORK | {Act.CLOSE_MATTER, Act.PLACE_HOLD, Act.APPROVE_PURGE, Act.SEE_AUDIT, Act.REMOVE_DOCUMENT}

MATRIX: dict[str, frozenset[Act]] = {
    Role.DIRECTOR: LEGAL | {Act.SEE_HEALTH, Act.MAKE_KIT, Act.LOCK_OUT, Act.MANAGE_STAFF},
    Role.ATTORNEY: LEGAL,
    Role.REPRESENTATIVE: LEGAL - {Act.APPROVE_PURGE},
    Role.PARALEGAL: CASEWORK,
    Role.VOLUNTEER: frozenset({Act.WRITE_NOTE, Act.ADD_DOCUMENT}),
    # Keeps the machine running and shuts the door behind a leaver; sees no client and lets nobody in.
    Role.IT: frozenset({Act.SEE_STAFF, Act.SEE_HEALTH, Act.LOCK_OUT}),
}

DOES_CASEWORK = (Role.DIRECTOR, Role.ATTORNEY, Role.REPRESENTATIVE, Role.PARALEGAL, Role.VOLUNTEER)


class MayNot(Refused):
    """This person may see the thing but may not do this to it."""


def may(user: User, act: Act) -> bool:
    return act in MATRIX[user.role]


def check_may(user: User, act: Act) -> None:
    """Raise MayNot unless this person's role allows the act."""
    if not may(user, act):
        raise MayNot(
            _("Your role, %(role)s, does not allow you to %(act)s. Ask a legal director or the attorney.")
            % {"role": user.get_role_display().lower(), "act": _(act.value)}
        )


def check_may_work_on(user: User, matter: Matter, act: Act) -> None:
    """Raise MayNot unless this person may do `act` to this matter as it stands."""
    check_may(user, act)
    if matter.closed_on is not None:
        raise MayNot(
            _("This matter was closed on %(day)s. Reopen it to change it.")
            % {"day": f"{matter.closed_on:%-d %b %Y}"}
        )


def staff_of(user: User) -> Q:
    """Return the filter for the colleagues this person may know of."""
    return Q(clinic_id=user.clinic_id)


def matters_open_to(user: User) -> Q:
    """Return the filter for the matters this person may know exist.

    A screen wins over everything, a director's view of the whole clinic included. IT sees none.
    """
    same_clinic = Q(clinic_id=user.clinic_id)
    screened_off = Q(screens__user=user)
    if user.role not in DOES_CASEWORK:
        return Q(pk__in=[])
    if user.role == Role.DIRECTOR:
        return same_clinic & ~screened_off
    mine = Q(assignments__user=user, assignments__ended_at__isnull=True)
    return same_clinic & mine & ~screened_off


def people_open_to(user: User) -> Q:
    """Return the filter for the clients this person may know exist.

    Those on a matter open to them; and, of those on no matter yet, the ones they recorded themselves
    (a director: all). Whoever is on a screened matter only is not there.
    """
    if user.role not in DOES_CASEWORK:
        return Q(pk__in=[])
    matters = apps.get_model("caseapp", "Matter")._default_manager.filter(matters_open_to(user))
    same_clinic = Q(clinic_id=user.clinic_id)
    on_no_matter = Q(parties__isnull=True)
    if user.role != Role.DIRECTOR:
        on_no_matter &= Q(recorded_by=user)
    return same_clinic & (Q(parties__matter__in=matters) | on_no_matter)
