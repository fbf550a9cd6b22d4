"""Look for marked values in everything a thief could carry away, in any common encoding."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import unicodedata
import urllib.parse
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import ahocorasick  # type: ignore[import-not-found]

SMALLEST_RUN = 6
BIGGEST_FILE = 64 * 1024 * 1024
INFLATED_AT_MOST = 8 * 1024 * 1024
NOTHING = re.compile(rb"\x00{16,}")
PACKED = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")


@dataclass(frozen=True)
class Sighting:
    place: str
    value: str
    encoding: str


def spellings(value: str) -> Iterator[tuple[str, bytes]]:
    """Yield each common way in which `value` could lie in a file, with its name."""
    for form in ("NFC", "NFD"):
        text = unicodedata.normalize(form, value)
        yield f"utf-8 {form}", text.encode()
        yield f"utf-16le {form}", text.encode("utf-16-le")
        yield f"utf-16be {form}", text.encode("utf-16-be")
        yield f"url {form}", urllib.parse.quote(text).encode()
        yield f"url plus {form}", urllib.parse.quote_plus(text).encode()
        yield f"json {form}", json.dumps(text)[1:-1].encode()
        yield f"hex {form}", text.encode().hex().encode()
        yield f"HEX {form}", text.encode().hex().upper().encode()
        yield from ((f"{name} {form}", run) for name, run in _base64(text.encode()))
    yield "html", value.replace("&", "&amp;").replace("'", "&#x27;").encode()
    folded = unicodedata.normalize("NFKD", value).encode("ascii", "ignore")
    if len(folded) >= SMALLEST_RUN:
        yield "without accents", folded
        yield "without accents, lower", folded.lower()


def _base64(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what base64 makes of `data` wherever it begins in a group of three bytes."""
    for shift in range(3):
        encoded = base64.b64encode(b"\x00" * shift + data)
        first = (shift * 8 + 5) // 6 if shift else 0
        last = (shift + len(data)) * 8 // 6
        run = encoded[first:last]
        if len(run) >= SMALLEST_RUN:
            yield f"base64 +{shift}", run
            yield f"base64url +{shift}", run.translate(bytes.maketrans(b"+/", b"-_"))


class Hunt:
    """Knows the values typed into the product, and looks for them in one place after another."""

    def __init__(self, values: Iterable[str]) -> None:
        self.runs: dict[bytes, tuple[str, str]] = {}
        for value in values:
            for encoding, run in spellings(value):
                self.runs.setdefault(run, (value, encoding))
        # Latin-1 gives each byte a character of its own, and the automaton looks for all runs at once.
        self.automaton = ahocorasick.Automaton()
        for run in self.runs:
            self.automaton.add_word(run.decode("latin-1"), run)
        self.automaton.make_automaton()
        self._looked_through: dict[bytes, set[bytes]] = {}

    def look(self, place: str, data: bytes) -> list[Sighting]:
        """Return every marked value in `data`, and in whatever compressed streams stand inside it."""
        found = {Sighting(place, *self.runs[hit]) for hit in self._hits(data)}
        for inner in inflated(data):
            found |= {Sighting(f"{place} (compressed)", *self.runs[hit]) for hit in self._hits(inner)}
        return sorted(found, key=lambda sighting: (sighting.place, sighting.value, sighting.encoding))

    def _hits(self, data: bytes) -> set[bytes]:
        """Return the runs in `data`. Stretches of nothing, and what was seen before, are passed over."""
        dense = NOTHING.sub(b"\x00\x00", data)
        digest = hashlib.sha256(dense).digest()
        if digest not in self._looked_through:
            hits = self.automaton.iter(dense.decode("latin-1"))
            self._looked_through[digest] = {run for _end, run in hits}
        return self._looked_through[digest]

    def look_under(self, directory: Path) -> list[Sighting]:
        """Look in the names and contents of all files under a directory."""
        found: list[Sighting] = []
        for path in sorted(directory.rglob("*")):
            where = str(path.relative_to(directory))
            found += self.look(f"name of {where}", where.encode())
            if path.is_file() and not path.is_symlink() and path.stat().st_size <= BIGGEST_FILE:
                found += self.look(where, path.read_bytes())
        return found


def inflated(data: bytes) -> Iterator[bytes]:
    """Yield what each gzip or zlib stream inside `data` holds, as far as it can be read."""
    for start in PACKED.finditer(data):
        wbits = 31 if start[0].startswith(b"\x1f") else 15
        try:
            inner = zlib.decompressobj(wbits).decompress(data[start.start() :], INFLATED_AT_MOST)
        except zlib.error:
            continue
        if len(inner) >= SMALLEST_RUN:
            yield inner


def packed(data: bytes) -> bytes:
    return gzip.compress(data)
