"""Calendar links: made, shown once, taken back, and what each one shows.

A calendar program has no session and holds no key. The random token is all that lets it in, and what
it is shown is in the clear already: case codes and days. A hearing's day is sealed, so no hearing is
in it; the dates that prepare for one are.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max
from django.db.models.functions import Coalesce, Greatest
from django.urls import reverse

from caseapp.access import wall
from caseapp.access.models import User
from caseapp.audit import services as audit
from caseapp.audit.models import Entry as AuditEntry
from caseapp.deadlines.models import Deadline
from caseapp.reminders import ical
from caseapp.reminders.models import Feed


def feed_of(user: User) -> Feed | None:
    """Return the person's link if it still works: one made before their sessions were ended does not."""
    feed = Feed.objects.filter(user=user).first()
    return feed if feed is not None and _works(feed, user) else None


def _works(feed: Feed, user: User) -> bool:
    ended = user.sessions_end_before
    return user.is_active and (ended is None or feed.made_at > ended)


@transaction.atomic
def make(user: User, *, now: datetime) -> str:
    """Make the person's link and return its address, shown this once. The one before ends."""
    User.objects.select_for_update().only("pk").get(pk=user.pk)
    Feed.objects.filter(user=user).delete()
    token = secrets.token_urlsafe(32)
    feed = Feed(clinic_id=user.clinic_id, user=user, token_hash=_hash(token), made_at=now)
    feed.save(force_insert=True)
    _record(AuditEntry.Event.FEED_MADE, feed, user)
    return f"{settings.PUBLIC_URL.rstrip('/')}{reverse('feed', args=[token])}"


@transaction.atomic
def end(user: User) -> bool:
    """Make the person's link show nothing any more; return whether there was one."""
    User.objects.select_for_update().only("pk").get(pk=user.pk)
    feed = Feed.objects.filter(user=user).first()
    if feed is None:
        return False
    _record(AuditEntry.Event.FEED_ENDED, feed, user)
    feed.delete()
    return True


def _record(event: AuditEntry.Event, feed: Feed, user: User) -> None:
    audit.record(event, clinic_id=user.clinic_id, actor_id=user.id, object_id=feed.id)


def calendar_for(token: str) -> bytes | None:
    """Return the calendar behind a link, or None if it lets nobody in.

    The connection is shown the one feed that the token names, then that feed's clinic, then nothing.
    """
    token_hash = _hash(token)
    try:
        wall.open_feed(token_hash)
        feed = Feed.objects.filter(token_hash=token_hash).first()
        if feed is None:
            return None
        wall.enter(feed.clinic_id)
        user = User.objects.select_related("clinic").filter(pk=feed.user_id).first()
        if user is None or not _works(feed, user):
            return None
        return ical.calendar_text(_entries(user), feed=feed.id, time_zone=user.clinic.time_zone)
    finally:
        wall.leave()


def _entries(user: User) -> list[ical.Entry]:
    """Return the open dates of the matters this person is on. Everything asked for is in the clear."""
    mine = {"matter__assignments__user": user, "matter__assignments__ended_at__isnull": True}
    entered = F("event__recorded_at")
    decided = Greatest(
        entered, Coalesce(Max("changes__at"), entered), Coalesce(Max("changes__second_at"), entered)
    )
    rows = Deadline.objects.visible_to(user).open().filter(**mine).annotate(changed_at=decided)
    columns = ("pk", "matter__code", "safe", "state", "changed_at")
    return [
        ical.Entry(key, code, safe, state == Deadline.State.CONFIRMED, changed_at)
        for key, code, safe, state, changed_at in rows.order_by().values_list(*columns)
    ]


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
