"""The numbers and dates by which people are found, in one text that is searched from end to end.

Each person is a line of it: " A012345678 RIOE0123456789 P12125550142 D1987-03-14 ", where a letter says what
kind each is. Nearly every number belongs to one person, so a table of them would weigh twenty times as much,
and reading through the numbers of fifty thousand people takes a few milliseconds at most.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from caseapp.people.numbers import plain

_KINDS: Final = {
    "A": "A-number",
    "R": "receipt number",
    "P": "phone number",
    "T": "tracking number",
    "E": "e-mail address",
    "D": "date of birth",
}
_BEGINNING: Final = ", beginning"
_LAST_DIGITS: Final = ", last digits"
REASONS: Final = tuple(kind + how for kind in _KINDS.values() for how in ("", _BEGINNING, _LAST_DIGITS))

_FEWEST_LAST_DIGITS: Final = 4
_WHOLE_US_NUMBER: Final = 10
_A_NUMBER: Final = re.compile("A?([0-9]{7,9})")
_RECEIPT: Final = re.compile("[A-Z]{3}[0-9]{10}")
_WORD: Final = re.compile("[^\\W\\d_]{2,}")
_PHONE_IN_PROSE: Final = re.compile("\\+?[0-9(][0-9 ().-]{8,}[0-9]")
_NEITHER_LETTER_NOR_DIGIT: Final = re.compile("[^A-Z0-9]+")


@dataclass(frozen=True, slots=True)
class _Lookup:
    """What to look for in the text; `kinds` are those of which a match counts, under its reason."""

    text: str
    kinds: str
    how: str
    score: float


class NumberLines:
    """One line of numbers for each place, and what is found in them."""

    __slots__ = ("_lines", "_starts", "_text")

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._text: str | None = None
        self._starts = array("Q")

    def put(self, place: int, line: str) -> None:
        if place == len(self._lines):
            self._lines.append(line)
        else:
            self._lines[place] = line
        self._text = None

    def find(self, number: str) -> dict[int, tuple[float, str]]:
        """Return whose number this is, whole, by its beginning or by its last digits: how well, and why."""
        found: dict[int, tuple[float, str]] = {}
        for lookup in _lookups(number):
            for place, kind in self._having(lookup.text):
                if kind in lookup.kinds and (place not in found or found[place][0] < lookup.score):
                    found[place] = (lookup.score, _KINDS[kind] + lookup.how)
        return found

    def born_on(self, day: str) -> dict[int, tuple[float, str]]:
        return {place: (100.0, _KINDS["D"]) for place, _ in self._having(f" D{day} ")}

    def _having(self, wanted: str) -> Iterator[tuple[int, str]]:
        """Yield each place whose line has `wanted`, and the kind of the number it is in."""
        if self._text is None:
            self._text = "\n".join(self._lines)
            self._starts = array("Q", accumulate((len(line) + 1 for line in self._lines), initial=0))
        at = self._text.find(wanted)
        while at >= 0:
            yield bisect_right(self._starts, at) - 1, self._text[self._text.rfind(" ", 0, at + 1) + 1]
            at = self._text.find(wanted, at + len(wanted) - 1)


def line_of(numbers: Iterable[str], dob: str | None) -> str:
    """Return one person's line, or "" if they have no numbers. What kind a number is, its shape says."""
    filed = [_filed(number) for number in numbers]
    if dob:
        filed.append(f"D{dob}")
    written = " ".join(filter(None, filed))
    return f" {written} " if written else ""


def _filed(number: str) -> str:
    if "@" in number:
        return "E" + "".join(number.lower().split())
    compact = _compact(number)
    if compact.isdigit():
        if "+" not in number and 7 <= len(compact) <= 9:
            return f"A{compact.zfill(9)}"
        is_national = "+" not in number and len(compact) == _WHOLE_US_NUMBER
        return f"P1{compact}" if is_national else f"P{compact}"
    if match := _A_NUMBER.fullmatch(compact):
        return f"A{match[1].zfill(9)}"
    if _RECEIPT.fullmatch(compact):
        return f"R{compact}"
    is_prose = len(_WORD.findall(number)) > 1
    return f"T{compact}" if compact and not is_prose else _phone_within(number)


def _phone_within(prose: str) -> str:
    """Return the telephone number in "Through her sister, (212) 555-0142", if there is one."""
    within = _PHONE_IN_PROSE.search(plain(prose))
    return _filed(within[0]) if within else ""


def _compact(number: str) -> str:
    bare = number.removeprefix("+")
    if bare.isalnum() and bare.isascii():
        return bare.upper()
    return _NEITHER_LETTER_NOR_DIGIT.sub("", (number if number.isascii() else plain(number)).upper())


def _lookups(typed: str) -> Iterator[_Lookup]:
    """Yield what to look for when `typed` (capitals and digits only, or an e-mail address) was typed."""
    if "@" in typed:
        yield _Lookup(f" E{typed}", "E", "", 92)
        return
    letters = typed.rstrip("0123456789")
    digits = typed[len(letters) :]
    enough = len(digits) >= _FEWEST_LAST_DIGITS
    if letters in ("", "A"):
        yield from _a_number_lookups(digits, is_named=letters == "A")
    if letters and letters != "A":
        yield _Lookup(f" R{typed} ", "R", "", 100)
        yield _Lookup(f" R{typed}", "R", _BEGINNING, 92)
    if not letters and enough:
        dialled = digits.removeprefix("011")
        yield _Lookup(f" P{dialled} ", "P", "", 100)
        yield _Lookup(f" P{dialled}", "P", _BEGINNING, 92)
        yield _Lookup(f" P1{dialled}", "P", _BEGINNING, 92)
        if len(dialled) >= _WHOLE_US_NUMBER:
            yield _Lookup(f"{dialled} ", "P", "", 99)
        yield _Lookup(f"{digits} ", "PR", _LAST_DIGITS, 91)
    if letters or enough:
        yield _Lookup(f" T{typed}", "T", _BEGINNING, 90)


def _a_number_lookups(digits: str, *, is_named: bool) -> Iterator[_Lookup]:
    if _A_NUMBER.fullmatch(digits):
        yield _Lookup(f" A{digits.zfill(9)} ", "A", "", 100)
    if is_named or len(digits) >= _FEWEST_LAST_DIGITS:
        yield _Lookup(f" A{digits}", "A", _BEGINNING, 93)
        yield _Lookup(f" A0{digits}", "A", _BEGINNING, 91)
    if len(digits) >= _FEWEST_LAST_DIGITS:
        yield _Lookup(f"{digits} ", "A", _LAST_DIGITS, 91)
