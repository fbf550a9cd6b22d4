"""Tell the people on a matter what falls due. Messages name nobody; this room holds no key.

First write down what is owed, then send what is owed: so a night that is missed, run twice or cut
off in the middle loses nothing. A message whose sending was cut off is sent again with the same
Message-ID, because a reminder twice is better than none.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q, QuerySet

from caseapp.access.models import Clinic, User
from caseapp.audit import services as audit
from caseapp.audit.models import Entry
from caseapp.deadlines.models import Deadline
from caseapp.deadlines.rules.ladder import rung_due
from caseapp.matters.models import Assignment
from caseapp.reminders import message
from caseapp.reminders.models import Reminder

logger = logging.getLogger(__name__)

# No rung of any ladder is further ahead than this.
FURTHEST_DAYS = 400
QUIET_UNTIL_HOUR = 6
BATCH = 1000
SENDING_FOR_TOO_LONG = timedelta(minutes=10)


def remind(*, now: datetime) -> int:
    """Owe and send what is due at every clinic where the night is over; return how many messages went."""
    for clinic in Clinic.objects.order_by("pk").only("id", "time_zone"):
        there = now.astimezone(ZoneInfo(clinic.time_zone))
        if there.hour >= QUIET_UNTIL_HOUR:
            owe(clinic.id, today=there.date())
    return send_owed(now=now)


def owe(clinic_id: UUID, *, today: date) -> int:
    """Write down the reminders that today owes; return how many are new. Safe to run twice.

    Of several rungs missed in a row only the latest is owed: it says how many days are left now.
    """
    new = 0
    due = Deadline.objects.falling_due(today=today, within_days=FURTHEST_DAYS).filter(clinic_id=clinic_id)
    batch: list[Deadline] = []
    for deadline in due.only("id", "matter_id", "safe", "ladder", "legal").iterator(chunk_size=BATCH):
        batch.append(deadline)
        if len(batch) == BATCH:
            new += _owe_batch(clinic_id, batch, today=today)
            batch = []
    return new + _owe_batch(clinic_id, batch, today=today)


def _owe_batch(clinic_id: UUID, deadlines: list[Deadline], *, today: date) -> int:
    team = _team({deadline.matter_id for deadline in deadlines})
    directors = _directors(clinic_id)
    owed = []
    for deadline in deadlines:
        rung = rung_due(deadline.safe, deadline.ladder, today, legal=deadline.legal)
        if rung is None:
            continue
        for person in team.get(deadline.matter_id) or directors:
            owed.append(
                Reminder(
                    clinic_id=clinic_id,
                    deadline_id=deadline.id,
                    to_id=person,
                    rung=rung,
                    counted_to=deadline.safe,
                    for_date=today,
                )
            )
    before = Reminder.objects.filter(deadline__in=[d.id for d in deadlines]).count()
    Reminder.objects.bulk_create(owed, ignore_conflicts=True)
    return Reminder.objects.filter(deadline__in=[d.id for d in deadlines]).count() - before


def _team(matters: set[UUID]) -> dict[UUID, list[UUID]]:
    """Return who is reminded of each matter: everyone on it who still works here and is not screened off."""
    live = Assignment.objects.filter(matter__in=matters, ended_at__isnull=True, user__is_active=True)
    team: dict[UUID, list[UUID]] = defaultdict(list)
    for matter_id, user_id in live.values_list("matter_id", "user_id"):
        team[matter_id].append(user_id)
    return team


def _directors(clinic_id: UUID) -> list[UUID]:
    directors = User.objects.filter(clinic_id=clinic_id, is_active=True, role=User.Role.DIRECTOR)
    return list(directors.values_list("pk", flat=True))


def send_owed(*, now: datetime) -> int:
    """Send what is owed, one message to each person; return how many went out."""
    sent = 0
    for user_id in _to_send(now).values_list("to_id", flat=True).distinct():
        person = User.objects.select_related("clinic").get(pk=user_id)
        claimed = _claim(person, now=now)
        if claimed and _send(person, claimed, today=now.astimezone(ZoneInfo(person.clinic.time_zone)).date()):
            _record_sent(person, claimed, now=now)
            sent += 1
        elif claimed:
            _give_back(claimed)
    logger.info("sent %d reminders", sent)
    return sent


def _to_send(now: datetime) -> QuerySet[Reminder]:
    cut_off = Q(state=Reminder.State.SENDING, claimed_at__lt=now - SENDING_FOR_TOO_LONG)
    return Reminder.objects.filter(Q(state=Reminder.State.OWED) | cut_off)


@transaction.atomic
def _claim(person: User, *, now: datetime) -> list[Reminder]:
    """Take this person's owed reminders for this run; another run at the same moment gets none of them."""
    mine = _to_send(now).filter(to=person).select_for_update(skip_locked=True, of=("self",))
    reminders = list(mine.select_related("deadline", "deadline__matter"))
    moot = [r.pk for r in reminders if not r.deadline.is_open or r.counted_to != r.deadline.safe]
    Reminder.objects.filter(pk__in=moot).delete()
    owed = [r for r in reminders if r.pk not in moot]
    Reminder.objects.filter(pk__in=[r.pk for r in owed]).update(state=Reminder.State.SENDING, claimed_at=now)
    return owed


def _send(person: User, reminders: list[Reminder], *, today: date) -> bool:
    lines = [
        message.Line(
            code=r.deadline.matter.code,
            safe=r.deadline.safe,
            confirmed=r.deadline.state == Deadline.State.CONFIRMED,
        )
        for r in reminders
    ]
    mail = EmailMessage(
        subject=message.subject(lines, today=today),
        body=message.body(lines, today=today, address=settings.PUBLIC_URL),
        to=[person.email],
        headers={"Message-ID": _message_id(reminders), "Auto-Submitted": "auto-generated"},
    )
    try:
        return mail.send() == 1
    except OSError as problem:
        # The reason alone: an address in it would be a name in the log.
        logger.warning("reminders stay owed, the mail server did not take them: %s", type(problem).__name__)
        return False


def _message_id(reminders: list[Reminder]) -> str:
    """The same reminders make the same id, so that a mailbox can tell a repeat."""
    which = uuid5(NAMESPACE_URL, " ".join(sorted(str(r.pk) for r in reminders)))
    return f"<{which}@{urlsplit(settings.PUBLIC_URL).hostname or 'localhost'}>"


@transaction.atomic
def _record_sent(person: User, reminders: list[Reminder], *, now: datetime) -> None:
    still = Reminder.objects.filter(pk__in=[r.pk for r in reminders], state=Reminder.State.SENDING)
    still.update(state=Reminder.State.SENT, sent_at=now)
    for reminder in reminders:
        audit.record(
            Entry.Event.REMINDER_SENT,
            clinic_id=person.clinic_id,
            actor_id=None,
            matter_id=reminder.deadline.matter_id,
            object_id=reminder.deadline_id,
        )


def _give_back(reminders: list[Reminder]) -> None:
    still = Reminder.objects.filter(pk__in=[r.pk for r in reminders], state=Reminder.State.SENDING)
    still.update(state=Reminder.State.OWED, claimed_at=None)
