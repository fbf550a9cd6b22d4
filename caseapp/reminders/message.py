"""What a reminder says: a case code, how many days are left, and where to sign in. Never more. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Line:
    """One deadline in a reminder: the matter's code and the day to act by."""

    code: str
    safe: date
    confirmed: bool


def subject(lines: Iterable[Line], *, today: date) -> str:
    nearest = min(line.safe for line in lines)
    if nearest < today:
        return "A date is late"
    return "A date is today" if nearest == today else "A date is coming up"


def body(lines: Iterable[Line], *, today: date, address: str) -> str:
    """Return the text of the message. `address` is the site's own, the same in every message."""
    said = [
        f"{line.code}: {days_left(line.safe, today=today)}{'' if line.confirmed else ', not confirmed yet'}"
        for line in sorted(set(lines), key=lambda line: (line.safe, line.code))
    ]
    return "\n".join([*said, "", f"Sign in to see what is due: {address}", ""])


def days_left(safe: date, *, today: date) -> str:
    days = (safe - today).days
    if days < 0:
        return f"{-days} {'day' if days == -1 else 'days'} late"
    if days == 0:
        return "act today"
    return f"{days} {'day' if days == 1 else 'days'} left to act"
