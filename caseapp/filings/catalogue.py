"""The forms a clinic files: number, title, agency, what for, and whether a receipt comes back. Pure."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from caseapp.errors import Refused


@dataclass(frozen=True, slots=True)
class Form:
    number: str
    title: str
    agency: str
    purpose: str
    receipt: bool


class UnknownForm(Refused):
    """No such form is in the catalogue."""


@lru_cache
def forms() -> tuple[Form, ...]:
    """Return every form, in the catalogue's order."""
    rows = json.loads(Path(__file__).with_name("forms.json").read_text(encoding="utf-8"))
    return tuple(Form(**row) for row in rows)


@lru_cache
def form(number: str) -> Form:
    """Return the form with this number ("EOIR-26"). Raises UnknownForm."""
    for each in forms():
        if each.number == number:
            return each
    raise UnknownForm("There is no such form. Choose one from the list.")
