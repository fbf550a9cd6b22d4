"""What time it is. Only doors read it; every room is told the date."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils import timezone


def now() -> datetime:
    return timezone.now()


def today(time_zone: str) -> date:
    """Return today's date where the clinic is, in the IANA zone `time_zone`."""
    return now().astimezone(ZoneInfo(time_zone)).date()
