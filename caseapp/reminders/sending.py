"""Send what is owed: one message a day to each person, and a second one only for a fatal date within days.

A message is written down before it is sent, and one of a kind a day is all that the database lets in.
When sending was cut off, nobody knows whether the mail server took the message. What was only routine
is not sent again that day: what it said is owed again the next morning. What holds a fatal date within
days is sent again the same day, under the same Message-ID, so that a mailbox can tell the repeat.
"""

from __future__ import annotations

import contextlib
import logging
import smtplib
from datetime import date, datetime, timedelta
from enum import Enum
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import IntegrityError, transaction
from django.db.models import F

from caseapp.access.models import User
from caseapp.audit import services as audit
from caseapp.audit.models import Entry
from caseapp.deadlines.models import Deadline
from caseapp.matters.models import Matter
from caseapp.reminders import escalation, message
from caseapp.reminders.hours import Clockface, digest_may_go, may_go
from caseapp.reminders.models import Dispatch, Reminder
from caseapp.reminders.queries import hours_of
from caseapp.reminders.steps import is_pressing, patience

logger = logging.getLogger(__name__)

SENDING_FOR_TOO_LONG = timedelta(minutes=10)
# The first try, and one more the same day.
TRIES = 2

# What a mail server, or nobody at the address, said before it took anything.
NOT_TAKEN = (
    smtplib.SMTPResponseException,
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPNotSupportedError,
    ConnectionRefusedError,
)


class Outcome(Enum):
    """Taken by the mail server; not taken, for certain; or cut off in between."""

    TAKEN = "taken"
    NOT_TAKEN = "not taken"
    UNSURE = "unsure"


def face_and_zone(person: User) -> tuple[Clockface, ZoneInfo]:
    """Return the hours that the person has set, or the usual ones, and the zone they are counted in."""
    face, zone = hours_of(person)
    return face, ZoneInfo(zone or person.clinic.time_zone)


def send_owed(*, now: datetime) -> int:
    """Settle what was cut off, then send what is owed; return how many messages went out."""
    sent = sum(_settle(dispatch, now=now) for dispatch in _cut_off(now))
    owed = Reminder.objects.filter(state=Reminder.State.OWED).order_by().values_list("to_id", flat=True)
    for user_id in list(owed.distinct()):
        person = User.objects.select_related("clinic").get(pk=user_id)
        dispatch = _claim(person, now=now)
        if dispatch is not None:
            sent += _send(person, dispatch, now=now)
    logger.info("sent %d reminders", sent)
    return sent


# --- claiming


@transaction.atomic
def _claim(person: User, *, now: datetime) -> Dispatch | None:
    """Write down the message that this person may have now, or return None: then nothing is sent."""
    mine = Reminder.objects.filter(to=person, state=Reminder.State.OWED)
    mine = mine.select_for_update(skip_locked=True, of=("self",)).select_related("deadline")
    face, zone = face_and_zone(person)
    there, today = now.astimezone(zone), now.astimezone(ZoneInfo(person.clinic.time_zone)).date()
    owed = _drop_moot(person, list(mine), today)
    last_day = any(r.deadline.severity == "fatal" and r.deadline.legal == today for r in owed)
    if not owed or not may_go(face, there, last_day=last_day):
        return None
    pressing = [r for r in owed if _is_pressing(r.deadline, today)]
    had = set(Dispatch.objects.filter(to=person, day=there.date()).values_list("kind", flat=True))
    kind, taken = Dispatch.Kind.DIGEST, owed
    if kind in had or not digest_may_go(face, there):
        kind, taken = Dispatch.Kind.URGENT, pressing
    if kind in had or not taken:
        return None
    dispatch = Dispatch(
        clinic_id=person.clinic_id,
        to=person,
        day=there.date(),
        kind=kind,
        pressing=bool(pressing),
        claimed_at=now,
    )
    try:
        with transaction.atomic():
            dispatch.save(force_insert=True)
    except IntegrityError:
        return None
    going = Reminder.objects.filter(pk__in=[r.pk for r in taken])
    going.update(state=Reminder.State.SENDING, dispatch=dispatch)
    return dispatch


def _is_pressing(deadline: Deadline, today: date) -> bool:
    return is_pressing(deadline.severity, safe=deadline.safe, legal=deadline.legal, today=today)


def _drop_moot(person: User, reminders: list[Reminder], today: date) -> list[Reminder]:
    """Forget what need not, or may not, be told any more; return the rest.

    What was owed to someone who has left, or is off the matter, is owed anew to whoever is there now.
    """
    open_still = {r.pk for r in reminders if r.deadline.is_open and r.counted_to == r.deadline.safe}
    wanted = escalation.still_to_tell(Reminder.objects.filter(pk__in=open_still))
    wanted_still = set(wanted.values_list("pk", flat=True))
    may_know = _may_know(person, {r.deadline.matter_id for r in reminders})
    kept, anew = [], []
    for r in reminders:
        if r.pk in wanted_still and r.deadline.matter_id in may_know:
            kept.append(r)
        elif r.pk in wanted_still and r.level == Reminder.Level.TEAM:
            anew.append(r.deadline_id)
    Deadline.objects.filter(pk__in=anew).update(remind_on=today)
    Reminder.objects.filter(pk__in={r.pk for r in reminders} - {r.pk for r in kept}).delete()
    return kept


def _may_know(person: User, matters: set[UUID]) -> set[UUID]:
    """Return which of these matters the person may still be told of."""
    if not person.is_active:
        return set()
    return set(Matter.objects.visible_to(person).filter(pk__in=matters).values_list("pk", flat=True))


# --- sending


def _send(person: User, dispatch: Dispatch, *, now: datetime) -> int:
    """Send a message that was claimed, and write down how it went; return how many went out: 1 or 0."""
    reminders = list(dispatch.reminders.select_related("deadline__matter"))
    outcome = _post(_mail(person, dispatch, reminders, now=now))
    if outcome is Outcome.TAKEN:
        _record_sent(person, dispatch, reminders, now=now)
        return 1
    if outcome is Outcome.NOT_TAKEN:
        _give_back(dispatch)
    return 0


def _mail(person: User, dispatch: Dispatch, reminders: list[Reminder], *, now: datetime) -> EmailMessage:
    today = now.astimezone(ZoneInfo(person.clinic.time_zone)).date()
    lines = [
        message.Line(
            code=r.deadline.matter.code,
            safe=r.deadline.safe,
            confirmed=r.deadline.state == Deadline.State.CONFIRMED,
            escalated=r.level != Reminder.Level.TEAM,
            deadline=str(r.deadline_id),
        )
        for r in reminders
    ]
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    return EmailMessage(
        subject=message.subject(lines, today=today),
        body=message.body(lines, today=today, address=settings.PUBLIC_URL),
        to=[person.email],
        headers={"Message-ID": f"<{dispatch.pk}@{host}>", "Auto-Submitted": "auto-generated"},
    )


def _post(mail: EmailMessage) -> Outcome:
    """Hand the message to the mail server, and say what is known of it afterwards."""
    connection = get_connection()
    try:
        connection.open()
    except OSError as problem:
        return _not_taken(problem)
    mail.connection = connection
    try:
        return Outcome.TAKEN if mail.send() == 1 else Outcome.NOT_TAKEN
    except NOT_TAKEN as problem:
        return _not_taken(problem)
    except OSError as problem:
        logger.warning("a message was cut off while it was sent: %s", type(problem).__name__)
        return Outcome.UNSURE
    finally:
        with contextlib.suppress(OSError):
            connection.close()


def _not_taken(problem: OSError) -> Outcome:
    # The reason alone: an address in it would be a name in the log.
    logger.warning("reminders stay owed, the mail server did not take them: %s", type(problem).__name__)
    return Outcome.NOT_TAKEN


@transaction.atomic
def _record_sent(person: User, dispatch: Dispatch, reminders: list[Reminder], *, now: datetime) -> None:
    Dispatch.objects.filter(pk=dispatch.pk).update(state=Dispatch.State.SENT, sent_at=now)
    today = now.astimezone(ZoneInfo(person.clinic.time_zone)).date()
    until: dict[datetime | None, list[UUID]] = {}
    for r in reminders:
        wait = patience(r.deadline.severity, r.level, safe=r.deadline.safe, today=today)
        until.setdefault(now + wait if wait else None, []).append(r.pk)
    for moment, keys in until.items():
        sent = Reminder.objects.filter(pk__in=keys)
        sent.update(state=Reminder.State.SENT, sent_at=now, escalate_at=moment)
    for r in reminders:
        audit.record(
            Entry.Event.REMINDER_SENT,
            clinic_id=person.clinic_id,
            actor_id=None,
            matter_id=r.deadline.matter_id,
            object_id=r.deadline_id,
        )


@transaction.atomic
def _give_back(dispatch: Dispatch) -> None:
    """The server has not taken it: the day's message is free again. After an unsure try, it stays unsure."""
    if dispatch.tries == 1:
        _owe_again(dispatch)
        dispatch.delete()
    else:
        Dispatch.objects.filter(pk=dispatch.pk).update(tries=F("tries") - 1)


def _owe_again(dispatch: Dispatch) -> None:
    """Owe what it said once more, but for what the person has answered: that did arrive."""
    Reminder.objects.filter(dispatch=dispatch, seen_at__isnull=False).update(state=Reminder.State.SENT)
    unseen = Reminder.objects.filter(dispatch=dispatch, seen_at__isnull=True)
    unseen.update(state=Reminder.State.OWED, dispatch=None)


# --- settling what was cut off


def _cut_off(now: datetime) -> list[Dispatch]:
    stuck = Dispatch.objects.filter(state=Dispatch.State.SENDING, claimed_at__lt=now - SENDING_FOR_TOO_LONG)
    return list(stuck.select_related("to__clinic").order_by("claimed_at"))


def _settle(dispatch: Dispatch, *, now: datetime) -> int:
    """Send a pressing message again, or owe it anew once its day is over; return how many went out."""
    person = dispatch.to
    face, zone = face_and_zone(person)
    there = now.astimezone(zone)
    under_way = Dispatch.objects.filter(
        pk=dispatch.pk, state=Dispatch.State.SENDING, claimed_at=dispatch.claimed_at
    )
    if there.date() > dispatch.day or not person.is_active:
        with transaction.atomic():
            if under_way.update(state=Dispatch.State.UNSURE) == 1:
                _owe_again(dispatch)
        return 0
    if not dispatch.pressing or dispatch.tries >= TRIES or not may_go(face, there, last_day=False):
        return 0
    if under_way.update(claimed_at=now, tries=F("tries") + 1) != 1:
        return 0
    dispatch.refresh_from_db(fields=["claimed_at", "tries"])
    return _send(person, dispatch, now=now)
