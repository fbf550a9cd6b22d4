"""One-time links: 32 random bytes that are shown once and kept only as their SHA-256."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from caseapp.access import wall
from caseapp.access.models import Invitation, SetupLink, User
from caseapp.errors import Refused

SETUP_LASTS = timedelta(hours=24)
INVITATION_LASTS = timedelta(days=7)
RESET_LASTS = timedelta(hours=24)


class DeadLink(Refused):
    """The link lets nobody in: it was used, withdrawn, has run out, or was never ours."""


class UnknownLink(DeadLink):
    """Nobody here made this link, or it was not copied whole."""


def _new_token() -> tuple[str, bytes]:
    token = secrets.token_urlsafe(32)
    return token, _hash(token)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _url(page: str, token: str) -> str:
    return f"{settings.PUBLIC_URL.rstrip('/')}{reverse(page, args=[token])}"


def new_setup_link(now: datetime) -> str:
    token, token_hash = _new_token()
    SetupLink.objects.create(token_hash=token_hash, expires_at=now + SETUP_LASTS)
    return _url("setup", token)


def new_invitation(
    clinic_id: UUID, by: User, *, email: str, role: str, now: datetime
) -> tuple[Invitation, str]:
    """Return the invitation and the link that accepts it."""
    token, token_hash = _new_token()
    invitation = Invitation(
        clinic_id=clinic_id,
        token_hash=token_hash,
        email=email,
        role=role,
        invited_by=by,
        made_at=now,
        expires_at=now + INVITATION_LASTS,
    )
    invitation.save(force_insert=True)
    return invitation, _url("join", token)


def new_reset(colleague: User, by: User | None, *, now: datetime) -> str:
    """Return a link with which the colleague sets up signing in again. Withdraws the ones before it."""
    colleague.resets.unused().update(withdrawn_at=now)
    token, token_hash = _new_token()
    reset = Invitation(
        clinic_id=colleague.clinic_id,
        token_hash=token_hash,
        role=colleague.role,
        for_user=colleague,
        invited_by=by,
        made_at=now,
        expires_at=now + RESET_LASTS,
    )
    reset.save(force_insert=True)
    return _url("join", token)


def live_setup_link(token: str, *, now: datetime) -> SetupLink:
    """Return the set-up link, or raise DeadLink, which says whom to ask."""
    link = SetupLink.objects.filter(token_hash=_hash(token)).first()
    ask = _("Ask whoever runs the server for a new one: manage.py setup_link.")
    if link is None:
        raise UnknownLink(
            _("This set-up link is not known here. Check that you copied all of it.") + " " + ask
        )
    if link.used_at is not None:
        raise DeadLink(
            _("This set-up link has been used, and it works once. If the clinic is yours, sign in.")
            + " "
            + ask
        )
    if link.expires_at <= now:
        raise DeadLink(_("This set-up link has run out. It works for 24 hours.") + " " + ask)
    return link


def live_invitation(token: str, *, now: datetime) -> Invitation:
    """Return the invitation, or raise DeadLink, which says whom to ask.

    Looks in every clinic, since whoever holds the link belongs to none yet: the door stays open after.
    """
    wall.open_door()
    invitation = Invitation.objects.select_related("for_user").filter(token_hash=_hash(token)).first()
    ask = _("Ask the director of your clinic for a new one.")
    if invitation is None:
        raise UnknownLink(_("This link is not known here. Check that you copied all of it.") + " " + ask)
    if invitation.used_at is not None:
        raise DeadLink(_("This link has been used, and it works once. If it was you, sign in.") + " " + ask)
    if invitation.withdrawn_at is not None:
        raise DeadLink(_("This link has been withdrawn.") + " " + ask)
    if invitation.expires_at <= now:
        raise DeadLink(_("This link has run out.") + " " + ask)
    if invitation.for_user is not None and not invitation.for_user.is_active:
        raise DeadLink(_("You are locked out of this clinic, so this link does not work.") + " " + ask)
    return invitation


def use_setup_link(link: SetupLink, *, now: datetime) -> None:
    """Raise DeadLink if someone used it a moment ago: of two people only one succeeds."""
    if SetupLink.objects.filter(pk=link.pk, used_at__isnull=True).update(used_at=now) != 1:
        raise DeadLink(
            _("This set-up link was used a moment ago, and it works once. If that was you, sign in.")
        )


def use_invitation(invitation: Invitation, *, now: datetime) -> None:
    """Raise DeadLink if it was used or withdrawn a moment ago."""
    if Invitation.objects.open(now=now).filter(pk=invitation.pk).update(used_at=now) != 1:
        raise DeadLink(
            _("This link was used or withdrawn a moment ago. Ask the director of your clinic for a new one.")
        )
