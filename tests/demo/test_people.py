"""The demo's people are invented beyond doubt, and shaped so that every room takes them."""

import json
import re
import unicodedata
from collections import Counter
from datetime import date
from typing import Any

import pytest

import caseapp.demo.services as demo
from caseapp.matters.kinds import kind
from caseapp.people import numbers
from caseapp.people.choices import countries, languages
from caseapp.people.models import SafeContact

PEOPLE: list[dict[str, Any]] = json.loads(demo.PEOPLE.read_text(encoding="utf-8"))
NAMES = ("given_names", "first_surname", "second_surname", "name_in_own_script")


def test_there_are_about_sixty_and_no_two_are_alike() -> None:
    assert 55 <= len(PEOPLE) <= 65
    for field in ("a_number", "address"):
        assert max(Counter(each[field] for each in PEOPLE).values()) == 1


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person["a_number"])
def test_each_is_taken_by_every_room(person: dict[str, Any]) -> None:
    assert person["country"] in {country.name for country in countries()}
    assert person["language"] in {language.name for language in languages()}
    assert person["channel"] in SafeContact.Channel.values
    assert person["stage"].lower() in {stage.lower() for stage in kind(person["matter_kind"]).stages}
    assert numbers.a_number(person["a_number"]) == person["a_number"]
    for text in [*(person[name] for name in NAMES), person["hours"], person["instructions"]]:
        assert numbers.clean_text(text, 240) == text
    for born in [person["birth_date"], *(each["birth_date"] for each in person["family"])]:
        assert date(1900, 1, 1) < date.fromisoformat(born) < date(2026, 1, 1)


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person["a_number"])
def test_nobody_can_be_reached_by_accident(person: dict[str, Any]) -> None:
    digits = re.sub(r"\D", "", person["address"])

    assert person["a_number"].startswith("0001")
    assert (
        person["address"].endswith("@example.org")
        or re.search(r"\(\d{3}\) 555-01\d\d$", person["address"])
        or "Example" in person["address"]
    ), digits


def test_many_scripts_are_met() -> None:
    scripts = {
        unicodedata.name(letter).split()[0]
        for person in PEOPLE
        for name in NAMES
        for letter in person[name]
        if letter.isalpha()
    }

    assert {"LATIN", "ARABIC", "CYRILLIC", "ETHIOPIC", "CJK", "HANGUL", "GEORGIAN"} <= scripts
    assert {"ARMENIAN", "DEVANAGARI", "GURMUKHI", "BENGALI", "MYANMAR"} <= scripts
