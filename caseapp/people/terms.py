"""Strings, who has each, and the strings in order, so that a beginning finds them at once."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator


class Ordered:
    """A set of strings kept in order. New ones are merged when somebody next asks."""

    __slots__ = ("_new", "_strings")

    def __init__(self) -> None:
        self._strings: list[str] = []
        self._new: list[str] = []

    def add(self, string: str) -> None:
        """Add a string that is not there yet."""
        self._new.append(string)

    def remove(self, string: str) -> None:
        strings = self.all()
        del strings[bisect_left(strings, string)]

    def all(self) -> list[str]:
        if self._new:
            self._strings += self._new
            self._strings.sort()
            self._new = []
        return self._strings

    def beginning(self, prefix: str) -> Iterator[str]:
        strings = self.all()
        for at in range(bisect_left(strings, prefix), len(strings)):
            if not strings[at].startswith(prefix):
                return
            yield strings[at]


class Terms:
    """Each term once, with an unsigned entry for each person who has it."""

    __slots__ = ("_entries", "_ordered")

    def __init__(self) -> None:
        self._entries: dict[str, array[int]] = {}
        self._ordered = Ordered()

    def add(self, term: str, entry: int) -> bool:
        """Enter `term`, and say whether nobody had it before."""
        entries = self._entries.get(term)
        if entries is not None:
            entries.append(entry)
            return False
        self._entries[term] = array("I", (entry,))
        self._ordered.add(term)
        return True

    def remove(self, term: str, entry: int) -> bool:
        """Strike one entry, and say whether nobody has `term` any more."""
        entries = self._entries[term]
        entries.remove(entry)
        if entries:
            return False
        del self._entries[term]
        self._ordered.remove(term)
        return True

    def __contains__(self, term: str) -> bool:
        return term in self._entries

    def __getitem__(self, term: str) -> array[int]:
        return self._entries[term]

    def all(self) -> list[str]:
        """Return every term, in order. Do not change the list."""
        return self._ordered.all()

    def beginning(self, prefix: str) -> Iterator[str]:
        return self._ordered.beginning(prefix)
