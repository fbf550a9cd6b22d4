"""A calendar as iCalendar text (RFC 5545): a case code and that it is a date. Never more. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Event, Timezone

ONE_DAY = timedelta(days=1)
ASK_AGAIN = timedelta(hours=1)
# How far the changes between summer and winter time are written out.
ZONE_FROM, ZONE_TO = date(2020, 1, 1), date(2038, 1, 1)


@dataclass(frozen=True, slots=True)
class Entry:
    """One open date: the day to act by, whose case, and when anyone last decided about it."""

    id: UUID
    code: str
    on: date
    confirmed: bool
    changed_at: datetime


def calendar_text(entries: Iterable[Entry], *, feed: UUID, time_zone: str) -> bytes:
    """Return the calendar. The same entries give the same bytes, whenever they are asked for.

    An entry keeps its UID as long as the feed lives; it is made from the entry's id and does not tell it.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Amparo//Dates//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("x-wr-calname", "Dates")
    calendar.add("x-wr-timezone", time_zone)
    calendar.add("refresh-interval", ASK_AGAIN, parameters={"VALUE": "DURATION"})
    zone = Timezone.from_tzinfo(ZoneInfo(time_zone), time_zone, first_date=ZONE_FROM, last_date=ZONE_TO)
    calendar.add_component(zone)
    for entry in sorted(entries, key=lambda entry: (entry.on, entry.code, entry.id)):
        calendar.add_component(_event(entry, feed))
    return bytes(calendar.to_ical())


def _event(entry: Entry, feed: UUID) -> Event:
    event = Event()
    event.add("uid", str(uuid5(feed, str(entry.id))))
    event.add("dtstamp", entry.changed_at)
    event.add("last-modified", entry.changed_at)
    event.add("dtstart", entry.on)
    event.add("dtend", entry.on + ONE_DAY)
    event.add("summary", f"{entry.code} date")
    event.add("status", "CONFIRMED" if entry.confirmed else "TENTATIVE")
    event.add("class", "PRIVATE")
    event.add("transp", "TRANSPARENT")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", f"{entry.code} date")
    alarm.add("trigger", -ONE_DAY)
    event.add_component(alarm)
    return event
