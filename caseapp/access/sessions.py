"""How long a sign-in lasts: 30 minutes without a page, 12 hours in all, less if a colleague ends it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from caseapp.access.models import User

IDLE_SECONDS = 30 * 60
LONGEST_SECONDS = 12 * 60 * 60
# The mark moves at most this often, so that a busy page does not write the session at each request.
MARK_EVERY_SECONDS = 10

CLINIC = "clinic"
BEGAN = "began"
SEEN = "seen"


class Ended(StrEnum):
    """Why a session is over."""

    IDLE = "idle"
    TOO_LONG = "too long"
    SHUT = "shut"

    def words(self) -> str:
        return {
            Ended.IDLE: _("Locked after 30 minutes without use. Sign in to go on where you were."),
            Ended.TOO_LONG: _("Locked after 12 hours. Sign in to go on where you were."),
            Ended.SHUT: _("You have been signed out. If you cannot sign in, ask a legal director."),
        }[self]


def begin(session: SessionBase, clinic_id: UUID, *, at: float) -> None:
    """Mark who the session is for and when it began, in seconds since the epoch."""
    session[CLINIC] = str(clinic_id)
    session[BEGAN] = session[SEEN] = at


def clinic_of(session: SessionBase) -> UUID | None:
    found = session.get(CLINIC)
    return None if found is None else UUID(found)


def age(session: SessionBase, *, at: float) -> float:
    """Return the seconds since signing in; without a mark, more than any session lasts."""
    return at - float(session.get(BEGAN, 0))


def why_ended(session: SessionBase, user: User | AnonymousUser, *, at: float) -> Ended | None:
    """Return why the session is over at the moment `at`, or None while it goes on.

    A user who is not authenticated here was locked out, or has another password than at signing in.
    """
    if not user.is_authenticated:
        return Ended.SHUT
    shut_at = user.sessions_end_before
    if shut_at is not None and float(session.get(BEGAN, 0)) < shut_at.timestamp():
        return Ended.SHUT
    if age(session, at=at) >= LONGEST_SECONDS:
        return Ended.TOO_LONG
    if at - float(session.get(SEEN, 0)) >= IDLE_SECONDS:
        return Ended.IDLE
    return None


def mark(session: SessionBase, *, at: float) -> None:
    """Note that the person is still there."""
    if at - float(session.get(SEEN, 0)) >= MARK_EVERY_SECONDS:
        session[SEEN] = at


def forget_ended() -> None:
    """Remove every session that is over from the database: it says who was signed in."""
    SessionStore.clear_expired()
