"""What someone typed into the search box: words of a name, numbers, dates of birth, e-mail addresses."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from caseapp.people.names import fold
from caseapp.people.numbers import plain

LONGEST: Final = 200
SHORTEST_NUMBER: Final = 4

_MONTHS: Final = "jan feb mar apr may jun jul aug sep oct nov dec"
_DATE: Final = re.compile(
    r"\b(?:(?P<y1>\d{4})-(?P<m1>\d\d?)-(?P<d1>\d\d?)|(?P<m2>\d\d?)/(?P<d2>\d\d?)/(?P<y2>\d{4})"
    r"|(?P<d3>\d\d?) (?P<m3>[a-z]{3})[a-z]* (?P<y3>\d{4}))\b",
    re.IGNORECASE,
)
_EMAIL: Final = re.compile(r"\S+@\S*")
_NUMBER: Final = re.compile(
    r"(?<![^\W_])(?<![^\W_]-)(?:[a-z]{3}[ -]?(?=\d{10}(?!\d))|[a-z]{3}(?=\d)|a[ #:.-]*(?=\d))?"
    r"\+?\(?\d[\d .()/-]*(?![^\W_])",
    re.IGNORECASE,
)
_WITH_A_DIGIT: Final = re.compile(r"\S*\d\S*")


@dataclass(frozen=True, slots=True, repr=False)
class Typed:
    """One search, taken apart. `numbers` are capitals and digits only; `dates` are ISO."""

    words: tuple[str, ...]
    numbers: tuple[str, ...]
    dates: tuple[str, ...]
    emails: tuple[str, ...]
    is_latin: bool

    def __repr__(self) -> str:
        return "<Typed>"


def read(text: str) -> Typed:
    """Take apart what was typed. Nothing is an error: what makes no sense is passed over."""
    rest = plain(text[:LONGEST].encode("utf-8", "ignore").decode())
    rest, emails = _take(_EMAIL, rest)
    dates, kept = [], []
    for match in _DATE.finditer(rest):
        if day := _date(match):
            dates.append(day.isoformat())
            kept.append(match[0])
    for written in kept:
        rest = rest.replace(written, " ")
    rest, numbers = _take(_NUMBER, rest)
    rest, odd = _take(_WITH_A_DIGIT, rest)
    compact = [re.sub("[^A-Z0-9]", "", number.upper()) for number in numbers + odd]
    return Typed(
        words=tuple(fold(rest).split()),
        numbers=tuple(number for number in compact if len(number) >= SHORTEST_NUMBER),
        dates=tuple(dates),
        emails=tuple(email.lower() for email in emails),
        is_latin=is_latin(rest),
    )


def is_latin(text: str) -> bool:
    """Whether `text` is in Latin script, as far as its first letter tells."""
    first = next((c for c in text if c.isalpha()), "a")
    return first < "\u0250" or "\u1e00" <= first <= "\u1eff"


def _take(pattern: re.Pattern[str], text: str) -> tuple[str, list[str]]:
    return pattern.sub(" ", text), pattern.findall(text)


def _date(match: re.Match[str]) -> date | None:
    found = {name[0]: value for name, value in match.groupdict().items() if value}
    month = found["m"].lower()
    try:
        number = int(month) if month.isdigit() else _MONTHS.split().index(month) + 1
        return date(int(found["y"]), number, int(found["d"]))
    except ValueError:
        return None
