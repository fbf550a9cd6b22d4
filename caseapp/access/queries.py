"""Find clinics and staff on someone's behalf."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, IntegerField, OuterRef, QuerySet, Subquery
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


_CAME_ALONG = attrgetter("has_second_step", "codes_unseen")


def second_step_of(user: User) -> tuple[bool, bool]:
    """Return whether the person has a second step, and whether their recovery codes are still unseen.

    Both came with the person, whom StaffBackend loaded; nobody else may be asked about.
    """
    has_step, unseen = _CAME_ALONG(user)
    return has_step, unseen


class _Counted(Subquery):
    """How many rows a query finds, as one column of another."""

    template = "(SELECT count(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()
    empty_result_set_value = 0


def look_together(
    user: User, *, counts: Mapping[str, QuerySet[Any]], ids: Mapping[str, QuerySet[Any]]
) -> tuple[dict[str, int], dict[str, list[UUID]]]:
    """Return how many rows each of `counts` finds and, in their order, the ids of `ids`: one statement."""
    columns: dict[str, Any] = {f"n_{name}": _Counted(rows.values("pk")) for name, rows in counts.items()}
    columns |= {f"ids_{name}": ArraySubquery(rows.values("pk")) for name, rows in ids.items()}
    row = User.objects.filter(pk=user.pk).annotate(**columns).values(*columns).get()
    return {name: row[f"n_{name}"] for name in counts}, {name: row[f"ids_{name}"] or [] for name in ids}
