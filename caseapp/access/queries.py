"""Find clinics and staff on someone's behalf."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, QuerySet
from django.shortcuts import get_object_or_404

from caseapp.access import links, wall
from caseapp.access.models import Clinic, Invitation, SetupLink, User
from caseapp.access.rules import MATRIX, Act, check_may, staff_of


def every_clinic() -> QuerySet[Clinic]:
    """Return all clinics, for nightly work and operators. A web process is shown only its own."""
    return Clinic.objects.order_by("made_at", "pk")


def a_clinic_exists() -> bool:
    """Whether anyone works here. Opens the door, since a clinic itself is shown only to its own."""
    wall.open_door()
    return User.objects.exists()


def staff_seen_by(user: User) -> list[User]:
    """Return the colleagues, those who can sign in first, by name. Raises MayNot."""
    check_may(user, Act.SEE_STAFF)
    second_steps = Authenticator.objects.filter(user=OuterRef("pk")).exclude(
        type=Authenticator.Type.RECOVERY_CODES
    )
    colleagues = User.objects.filter(staff_of(user)).annotate(has_second_step=Exists(second_steps))
    return sorted(colleagues, key=lambda person: (not person.is_active, person.name.casefold(), person.pk))


def colleague_for(user: User, user_id: UUID) -> User:
    """Return the colleague, or 404: someone of another clinic is not there."""
    check_may(user, Act.SEE_STAFF)
    return get_object_or_404(User.objects.filter(staff_of(user)), pk=user_id)


def open_invitations_seen_by(user: User, *, now: datetime) -> list[Invitation]:
    """Return the invitations nobody has accepted yet, latest first. Raises MayNot."""
    check_may(user, Act.MANAGE_STAFF)
    waiting = Invitation.objects.open(now=now).filter(clinic_id=user.clinic_id)
    return list(waiting.select_related("invited_by", "for_user").order_by("-made_at", "pk"))


def invitation_for(user: User, invitation_id: UUID) -> Invitation:
    """Return the clinic's invitation, or 404."""
    check_may(user, Act.MANAGE_STAFF)
    return get_object_or_404(Invitation.objects.filter(clinic_id=user.clinic_id), pk=invitation_id)


def roles_grantable_by(user: User) -> list[User.Role]:
    """Return the roles that may do no more than this person's own."""
    return [role for role in User.Role if MATRIX[role] <= MATRIX[user.role]]


def setup_link(token: str, *, now: datetime) -> SetupLink:
    """Return a set-up link that still works. Raises DeadLink."""
    return links.live_setup_link(token, now=now)


def invitation(token: str, *, now: datetime) -> Invitation:
    """Return an invitation that still works, with its clinic. Raises DeadLink.

    Afterwards the connection shows the clinic that invites.
    """
    found = links.live_invitation(token, now=now)
    wall.enter(found.clinic_id)
    found.clinic = Clinic.objects.get(pk=found.clinic_id)
    return found


def second_step_of(user: User) -> tuple[bool, bool]:
    """Return whether the person has a second step, and whether their recovery codes are still unseen."""
    factors = Authenticator.objects.filter(user=user).values_list("type", "data__viewed_at")
    has_step, unseen = False, False
    for kind, viewed_at in factors:
        if kind == Authenticator.Type.RECOVERY_CODES:
            unseen = viewed_at is None
        else:
            has_step = True
    return has_step, unseen
