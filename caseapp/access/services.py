"""Make a clinic, let people in, change what they may do, and shut the door behind them."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID, uuid4

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from caseapp.access import links, wall
from caseapp.access.models import Clinic, Invitation, User
from caseapp.access.rules import MATRIX, Act, MayNot, check_may, may
from caseapp.audit import services as audit
from caseapp.audit.models import Entry
from caseapp.errors import Refused
from caseapp.vault import keyring

log = logging.getLogger(__name__)


class EmailTaken(Refused):
    """Someone already signs in with this address, or has been asked to."""


class WeakPassword(Refused):
    """The password would be guessed."""


class LastDirector(Refused):
    """The clinic would be left with nobody who can let people in."""


class NotYourself(Refused):
    """Nobody shuts themselves out or gives themselves a role: a colleague does it."""


class AlreadySo(Refused):
    """A colleague did it first, or it was never otherwise."""


def make_setup_link(now: datetime) -> str:
    """Return a one-time address, good for 24 hours, that makes a clinic and its director."""
    return links.new_setup_link(now)


@transaction.atomic
def set_up_clinic(
    token: str, *, clinic_name: str, time_zone: str, name: str, email: str, password: str, now: datetime
) -> User:
    """Make the clinic and its director, and use up the link.

    Raises DeadLink, EmailTaken or WeakPassword. Afterwards the connection shows the new clinic.
    """
    link = links.live_setup_link(token, now=now)
    wall.open_door()
    email = _free_address(email)
    _check_password(password, name, email, clinic_name)
    links.use_setup_link(link, now=now)
    clinic_id = uuid4()
    wall.enter(clinic_id)
    keyring.make_clinic_key(clinic_id)
    keyring.make_key(clinic_id, clinic_id)
    clinic = Clinic(id=clinic_id, name=clinic_name, time_zone=time_zone, made_at=now)
    clinic.save(force_insert=True)
    audit.record(Entry.Event.CLINIC_MADE, clinic_id=clinic_id, actor_id=None, object_id=clinic_id)
    return _add_staff(clinic_id, User.Role.DIRECTOR, name=name, email=email, password=password, now=now)


def _add_staff(clinic_id: UUID, role: str, *, name: str, email: str, password: str, now: datetime) -> User:
    user = User(clinic_id=clinic_id, email=email, name=name, role=role, joined_at=now)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as clash:
        raise EmailTaken(_("Someone signs in with this e-mail address already. Use another.")) from clash
    EmailAddress.objects.create(user=user, email=email, primary=True, verified=True)
    audit.record(Entry.Event.STAFF_JOINED, clinic_id=clinic_id, actor_id=user.id, object_id=user.id)
    return user


def _free_address(email: str) -> str:
    """Return the address as we keep it, or raise EmailTaken. The door must be open: it asks every clinic."""
    email = email.strip().lower()
    if User.objects.filter(email__iexact=email).exists():
        raise EmailTaken(
            _("Someone signs in with this e-mail address already. Use another, or sign in if it is you.")
        )
    return email


def _check_password(password: str, *about: str) -> None:
    try:
        validate_password(password)
    except ValidationError as weak:
        raise WeakPassword(" ".join(weak.messages)) from weak
    words = {part for text in about for part in text.lower().replace("@", " ").split() if len(part) > 3}
    if any(word in password.lower() for word in words):
        raise WeakPassword(
            _("The password has your name, your address or the clinic's in it. Choose another.")
        )


def invite(by: User, *, email: str, role: str, now: datetime) -> tuple[Invitation, str]:
    """Make an invitation, mail it if mail is set up, and return it with its link, shown this once.

    Raises MayNot, or EmailTaken when a colleague has the address or is already invited with it.
    """
    email = email.strip().lower()
    with transaction.atomic():
        by = _hold_team(by)[by.pk]
        check_may(by, Act.MANAGE_STAFF)
        _check_may_grant(by, role)
        _check_not_ours(by, email, now)
        invitation, url = links.new_invitation(by.clinic_id, by, email=email, role=role, now=now)
        audit.record(
            Entry.Event.STAFF_INVITED, clinic_id=by.clinic_id, actor_id=by.id, object_id=invitation.id
        )
    _mail_link(email, url)
    return invitation, url


def _check_may_grant(by: User, role: str) -> None:
    """Raise MayNot if the role may do something its giver may not."""
    if role not in MATRIX or not MATRIX[role] <= MATRIX[by.role]:
        raise MayNot(_("You cannot give a role that may do more than yours. Ask a legal director."))


def _check_not_ours(by: User, email: str, now: datetime) -> None:
    """Raise EmailTaken for a colleague's address. Of other clinics' people nothing is said here."""
    if User.objects.filter(clinic_id=by.clinic_id, email__iexact=email).exists():
        raise EmailTaken(_("A colleague has this e-mail address already. Look for them in the list."))
    waiting = Invitation.objects.open(now=now).filter(clinic_id=by.clinic_id, for_user__isnull=True)
    if any(invitation.email == email for invitation in waiting):
        raise EmailTaken(
            _("This address has an open invitation. Withdraw that one first, then invite them again.")
        )


def _mail_link(address: str, url: str) -> None:
    """Send the link. It was shown to the inviter too, so mail that cannot be sent stops nobody."""
    text = _(
        "You have been invited to Amparo by a colleague.\n\n%(url)s\n\n"
        "The link works once. Nobody will ask for your password by phone.\n"
    )
    try:
        send_mail(_("You have been invited to Amparo"), text % {"url": url}, None, [address])
    except (OSError, smtplib.SMTPException) as fault:
        log.warning(
            "An invitation was not mailed (%s). Its link was shown to the inviter.", type(fault).__name__
        )


@transaction.atomic
def withdraw_invitation(by: User, invitation: Invitation, *, now: datetime) -> None:
    """Make the link let nobody in. Raises MayNot, or AlreadySo if it was used or withdrawn before."""
    check_may(by, Act.MANAGE_STAFF)
    if Invitation.objects.unused().filter(pk=invitation.pk).update(withdrawn_at=now) != 1:
        raise AlreadySo(_("This invitation has been used or withdrawn already. Reload the page."))
    audit.record(
        Entry.Event.INVITATION_WITHDRAWN, clinic_id=by.clinic_id, actor_id=by.id, object_id=invitation.id
    )


@transaction.atomic
def join(token: str, *, name: str, password: str, now: datetime) -> User:
    """Accept an invitation, or set up signing in again with a reset link; `name` is for the first only.

    Raises DeadLink, EmailTaken or WeakPassword. Afterwards the connection shows the person's clinic.
    """
    invitation = links.live_invitation(token, now=now)
    if invitation.for_user is not None:
        return _sign_in_anew(invitation, invitation.for_user, password=password, now=now)
    email = _free_address(invitation.email or "")
    _check_password(password, name, email)
    wall.enter(invitation.clinic_id)
    links.use_invitation(invitation, now=now)
    return _add_staff(
        invitation.clinic_id, invitation.role, name=name, email=email, password=password, now=now
    )


def _sign_in_anew(invitation: Invitation, user: User, *, password: str, now: datetime) -> User:
    wall.enter(invitation.clinic_id)
    _check_password(password, user.name, user.email)
    links.use_invitation(invitation, now=now)
    user.set_password(password)
    user.save(update_fields=["password"])
    audit.record(Entry.Event.STAFF_RESET, clinic_id=user.clinic_id, actor_id=user.id, object_id=invitation.id)
    return user


def _hold_team(by: User) -> Mapping[UUID, User]:
    """Lock and return the clinic's staff as they are now.

    Two people acting on each other at the same moment follow one another, so that the second sees what the
    first did: that no one who was just locked out still acts, and that a director always remains.
    """
    team = User.objects.select_for_update().filter(clinic_id=by.clinic_id).order_by("pk")
    found = {person.pk: person for person in team}
    if by.pk not in found or not found[by.pk].is_active:
        raise MayNot(_("You have been locked out. Ask a legal director."))
    return found


def _check_a_director_remains(team: Mapping[UUID, User], without: User) -> None:
    others = (person for person in team.values() if person.pk != without.pk and person.is_active)
    if without.role == User.Role.DIRECTOR and not any(p.role == User.Role.DIRECTOR for p in others):
        raise LastDirector(
            _("This is the clinic's only legal director. Make a colleague director first, then do this.")
        )


def _colleague(team: Mapping[UUID, User], by: User, colleague: User) -> User:
    """Return the colleague as held. Raises NotYourself, or DoesNotExist for someone of another clinic."""
    if colleague.pk not in team:
        raise User.DoesNotExist
    if colleague.pk == by.pk:
        raise NotYourself(_("Nobody does this to themselves. Ask another legal director."))
    return team[colleague.pk]


def _withdraw_links_made_by(person: User, now: datetime) -> None:
    """Close the doors that someone who no longer lets people in may have left open."""
    person.invitations_made.unused().update(withdrawn_at=now)


@transaction.atomic
def change_role(by: User, colleague: User, *, role: str, now: datetime) -> None:
    """Give a colleague another role. Raises MayNot, NotYourself, LastDirector or AlreadySo."""
    team = _hold_team(by)
    by = team[by.pk]
    check_may(by, Act.MANAGE_STAFF)
    _check_may_grant(by, role)
    if role != User.Role.DIRECTOR and colleague.pk in team:
        _check_a_director_remains(team, without=team[colleague.pk])
    colleague = _colleague(team, by, colleague)
    if colleague.role == role:
        raise AlreadySo(_("This colleague has that role already."))
    colleague.role = role
    colleague.save(update_fields=["role"])
    if not may(colleague, Act.MANAGE_STAFF):
        _withdraw_links_made_by(colleague, now)
    audit.record(Entry.Event.STAFF_CHANGED, clinic_id=by.clinic_id, actor_id=by.id, object_id=colleague.id)


@transaction.atomic
def lock_out(by: User, colleague: User, *, now: datetime) -> None:
    """End a colleague's sessions and let them sign in no more, and void the links they left behind."""
    team = _hold_team(by)
    by = team[by.pk]
    check_may(by, Act.LOCK_OUT)
    if colleague.pk in team:
        _check_a_director_remains(team, without=team[colleague.pk])
    colleague = _colleague(team, by, colleague)
    if not colleague.is_active:
        raise AlreadySo(_("This colleague is locked out already."))
    colleague.is_active = False
    colleague.sessions_end_before = now
    colleague.save(update_fields=["is_active", "sessions_end_before"])
    _withdraw_links_made_by(colleague, now)
    colleague.resets.unused().update(withdrawn_at=now)
    audit.record(Entry.Event.STAFF_LOCKED_OUT, clinic_id=by.clinic_id, actor_id=by.id, object_id=colleague.id)


@transaction.atomic
def let_in(by: User, colleague: User, *, now: datetime) -> None:
    """Let a colleague who was locked out sign in again. Their old sessions stay ended."""
    team = _hold_team(by)
    by = team[by.pk]
    check_may(by, Act.MANAGE_STAFF)
    colleague = _colleague(team, by, colleague)
    _check_may_grant(by, colleague.role)
    if colleague.is_active:
        raise AlreadySo(_("This colleague can sign in already."))
    colleague.is_active = True
    colleague.sessions_end_before = now
    colleague.save(update_fields=["is_active", "sessions_end_before"])
    audit.record(Entry.Event.STAFF_LET_IN, clinic_id=by.clinic_id, actor_id=by.id, object_id=colleague.id)


@transaction.atomic
def reset_signing_in(by: User, colleague: User, *, now: datetime) -> str:
    """Take away a colleague's password and second steps, and return the link to set new ones.

    For a lost phone or a stolen password. The link is good for 24 hours and is handed over in person.
    """
    team = _hold_team(by)
    by = team[by.pk]
    check_may(by, Act.MANAGE_STAFF)
    colleague = _colleague(team, by, colleague)
    if not colleague.is_active:
        raise Refused(_("This colleague is locked out. Let them in first, then reset their signing in."))
    return _reset(colleague, by, now=now)


@transaction.atomic
def recover(email: str, *, now: datetime) -> str:
    """Return a reset link for an active director, on the word of the operator: no colleague signs for it.

    Raises Refused for anyone else, who asks their director instead. Opens nothing, so it needs no key.
    """
    director = User.objects.select_for_update().filter(email__iexact=email.strip()).first()
    if director is None or not director.is_active or director.role != User.Role.DIRECTOR:
        raise Refused(
            _("No active legal director signs in with this address. Anyone else asks their director.")
        )
    return _reset(director, None, now=now)


def _reset(colleague: User, by: User | None, *, now: datetime) -> str:
    Authenticator.objects.filter(user=colleague).delete()
    colleague.password = make_password(None)
    colleague.sessions_end_before = now
    colleague.save(update_fields=["password", "sessions_end_before"])
    url = links.new_reset(colleague, by, now=now)
    audit.record(
        Entry.Event.STAFF_RESET,
        clinic_id=colleague.clinic_id,
        actor_id=None if by is None else by.id,
        object_id=colleague.id,
    )
    return url


@transaction.atomic
def record_second_step_changed(user: User) -> None:
    audit.record(
        Entry.Event.SECOND_STEP_CHANGED, clinic_id=user.clinic_id, actor_id=user.id, object_id=user.id
    )


@transaction.atomic
def record_signed_in(user: User) -> None:
    audit.record(Entry.Event.SIGNED_IN, clinic_id=user.clinic_id, actor_id=user.id, object_id=user.id)


def lock(user: User) -> None:
    """Record that the person locked the screen, and forget every opened key in this process."""
    with transaction.atomic():
        audit.record(Entry.Event.LOCKED, clinic_id=user.clinic_id, actor_id=user.id, object_id=user.id)
    keyring.drop_all()
