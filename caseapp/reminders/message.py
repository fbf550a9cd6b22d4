"""What a reminder says: a case code, how many days are left, and where to sign in. Never more. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Line:
    """One deadline in a reminder: the matter's code and the day to act by.

    `escalated`: those on the matter were told before and none of them has answered. `deadline` tells two
    dates of one matter apart, and is never said.
    """

    code: str
    safe: date
    confirmed: bool
    escalated: bool = False
    deadline: str = ""


def subject(lines: Iterable[Line], *, today: date) -> str:
    nearest = min(line.safe for line in lines)
    if nearest < today:
        return "A date is late"
    return "A date is today" if nearest == today else "A date is coming up"


def body(lines: Iterable[Line], *, today: date, address: str) -> str:
    """Return the text of the message. `address` is the site's own, the same in every message."""
    said = [_line(line, today) for line in _one_each(lines)]
    return "\n".join([*said, "", f"Sign in to see what is due: {address}", ""])


def _one_each(lines: Iterable[Line]) -> list[Line]:
    """Return one line for each date, the nearest first: escalated, if any rung of it was."""
    kept: dict[tuple[str, str], Line] = {}
    for line in sorted(lines, key=lambda line: line.escalated):
        kept[line.code, line.deadline] = line
    return sorted(kept.values(), key=lambda line: (line.safe, line.code, line.deadline))


def _line(line: Line, today: date) -> str:
    said = f"{line.code}: {days_left(line.safe, today=today)}"
    if not line.confirmed:
        said += ", not confirmed yet"
    return said + (", and nobody has answered" if line.escalated else "")


def days_left(safe: date, *, today: date) -> str:
    days = (safe - today).days
    if days < 0:
        return f"{-days} {'day' if days == -1 else 'days'} late"
    if days == 0:
        return "act today"
    return f"{days} {'day' if days == 1 else 'days'} left to act"
