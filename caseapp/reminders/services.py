"""Tell the people on a matter what falls due. Messages name nobody; this room holds no key.

First write down what is owed, then send what is owed: so a night that is missed, run twice or cut
off in the middle loses nothing.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from caseapp.access.models import Clinic, User
from caseapp.audit import services as audit
from caseapp.audit.models import Entry
from caseapp.deadlines.models import Deadline
from caseapp.errors import Refused
from caseapp.reminders import escalation, owing, sending
from caseapp.reminders.hours import EARLIEST_MORNING, LATEST_MORNING, LONGEST_QUIET, Clockface
from caseapp.reminders.models import Hours, Reminder


def remind(*, now: datetime) -> int:
    """Owe what is due at every clinic, tell those above where it is time, and send what is owed.

    Returns how many messages went. Safe to run at any time, twice, and after any crash.
    """
    for clinic in Clinic.objects.order_by("pk").only("id", "time_zone"):
        owing.owe(clinic.id, today=now.astimezone(ZoneInfo(clinic.time_zone)).date())
    escalation.escalate(now=now)
    return sending.send_owed(now=now)


class NothingToAnswer(Refused):
    """No reminder of this date waits for this person's answer."""


@transaction.atomic
def acknowledge(deadline: Deadline, *, by: User, at: datetime) -> None:
    """Say that one has seen what one was reminded of: every rung so far of this date, as it stands.

    If the person may decide about dates, those above are not told. Raises NothingToAnswer.
    """
    told = [Reminder.State.SENDING, Reminder.State.SENT]
    mine = Reminder.objects.filter(deadline=deadline, to=by, state__in=told, seen_at__isnull=True)
    if not mine.update(seen_at=at):
        raise NothingToAnswer(_("You have answered already. Reload the page."))
    audit.record(
        Entry.Event.REMINDER_SEEN,
        clinic_id=by.clinic_id,
        actor_id=by.id,
        matter_id=deadline.matter_id,
        object_id=deadline.id,
    )


class HoursRefused(Refused):
    """Reminders cannot come at these hours."""


def set_hours(user: User, *, time_zone: str, morning: int, quiet_from: int, quiet_until: int) -> None:
    """Keep when this person wants their reminders; an empty `time_zone` is the clinic's.

    Raises HoursRefused for hours that would keep a person from being told before the day is over.
    """
    faults = Clockface(morning=morning, quiet_from=quiet_from, quiet_until=quiet_until).faults()
    if "morning" in faults:
        earliest, latest = f"{EARLIEST_MORNING}:00", f"{LATEST_MORNING}:00"
        raise HoursRefused(
            _("Choose a morning hour from %(first)s to %(last)s.") % {"first": earliest, "last": latest}
        )
    if "quiet" in faults:
        raise HoursRefused(_("Quiet hours may last %(hours)d hours at most.") % {"hours": LONGEST_QUIET})
    if "clash" in faults:
        raise HoursRefused(_("The morning hour lies in your quiet hours. Move one of the two."))
    said = {"time_zone": time_zone, "morning": morning, "quiet_from": quiet_from, "quiet_until": quiet_until}
    Hours.objects.update_or_create(user=user, defaults={"clinic_id": user.clinic_id, **said})
