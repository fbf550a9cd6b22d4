"""The pick lists hold what clinics meet, each thing once and by a name people use."""

import unicodedata

from caseapp.people.choices import countries, languages
from caseapp.people.names import fold


def test_the_languages_are_those_of_the_clinics_each_once() -> None:
    listed = languages()

    assert len(listed) == len({language.code for language in listed}) == 61
    assert len({language.name for language in listed}) == 61
    assert {"Spanish", "Q'anjob'al", "Mam", "K'iche'", "Haitian Creole", "Dari", "Pashto"} <= {
        language.name for language in listed
    }


def test_every_language_has_a_name_and_its_own_name() -> None:
    for language in languages():
        assert language.name
        assert language.autonym
        assert len(language.code) == 3


def test_a_language_runs_the_way_its_script_does() -> None:
    for language in languages():
        letter = next(c for c in language.autonym if c.isalpha())
        is_rtl = unicodedata.bidirectional(letter) in {"R", "AL"}
        assert (language.direction == "rtl") == is_rtl


def test_the_lists_are_in_the_order_of_their_names() -> None:
    language_names = [language.name.casefold() for language in languages()]
    country_names = [fold(country.name) for country in countries()]

    assert language_names == sorted(language_names)
    assert country_names == sorted(country_names)


def test_the_countries_are_those_of_iso_3166_each_once() -> None:
    listed = countries()

    assert len(listed) == len({country.code for country in listed}) == 249
    assert {("GT", "Guatemala"), ("VE", "Venezuela"), ("VN", "Vietnam")} <= {(c.code, c.name) for c in listed}
