"""Pick lists for what is said about a person: languages as clinics meet them, and countries. Pure."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Language:
    """A language: ISO 639-3 code, English and own name, "ltr" or "rtl", and EOIR's code, which is not ISO."""

    code: str
    name: str
    autonym: str
    direction: str
    eoir: str


@dataclass(frozen=True, slots=True)
class Country:
    """A country by its ISO 3166-1 alpha-2 code and its common English name."""

    code: str
    name: str


@lru_cache
def languages() -> tuple[Language, ...]:
    rows = json.loads(Path(__file__).with_name("languages.json").read_text(encoding="utf-8"))
    return tuple(Language(**row) for row in rows)


@lru_cache
def countries() -> tuple[Country, ...]:
    rows = json.loads(Path(__file__).with_name("countries.json").read_text(encoding="utf-8"))
    return tuple(Country(**row) for row in rows)
