"""The roster keeps up with every change, and forgets whoever goes."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest

from caseapp.people import roster, services
from caseapp.people.models import Person
from caseapp.people.services import Particulars, Reach
from caseapp.vault import keyring
from tests.conftest import NOW, Cast

LATER = NOW + timedelta(days=1)


def found(cast: Cast, text: str) -> set[UUID]:
    return {hit.person_id for hit in roster.search(cast.clinic.id, text)}


@pytest.mark.parametrize(
    "text",
    ["Pascual", "Andrés", "andres", "Andres Pascual Mateo", "qanil", "Q’anil", "A201-555-902", "1989-02-11"],
)
def test_someone_is_found_by_each_part_of_what_is_known(cast: Cast, text: str) -> None:
    assert cast.mateo.id in found(cast, text)


def test_a_new_clients_phone_is_found_at_once(cast: Cast) -> None:
    assert found(cast, "(212) 555-0142") == {cast.mateo.id}


def test_it_says_whether_it_was_a_surname(cast: Cast) -> None:
    whys = {hit.person_id: hit.why for hit in roster.search(cast.clinic.id, "pascual")}

    assert whys[cast.mateo.id] == "surname"
    assert roster.search(cast.clinic.id, "mateo")[0].why == "name"


def test_other_names_and_scripts_are_found_too(cast: Cast) -> None:
    said = Particulars(
        given_names="Mohammed",
        first_surname="al-Hassan",
        own_script="محمد الحسن",
        other_names="Muhamad Hasan; M. Hassan",
    )
    person = services.record_person(said, by=cast.ben, at=NOW)

    for text in ("محمد", "الحسن", "Muhamad", "hassan mohamed"):
        assert person.id in found(cast, text), text


def test_it_catches_up_with_changes_made_after_it_was_built(cast: Cast) -> None:
    assert found(cast, "Okafor") == set()

    added = services.record_person(
        Particulars(given_names="Blessing", first_surname="Okafor"), by=cast.ben, at=LATER
    )
    services.change_person(
        cast.mateo, Particulars(given_names="Matías", first_surname="Pérez"), by=cast.ana, at=LATER
    )
    services.add_safe_contact(
        cast.eulalia, Reach(channel="email", address="eulalia@example.org"), by=cast.ana, at=LATER
    )

    assert found(cast, "Okafor") == {added.id}
    assert found(cast, "Matías Pérez") == {cast.mateo.id}
    assert cast.mateo.id not in found(cast, "Andrés")
    assert found(cast, "A201-555-902") == set()
    assert found(cast, "eulalia@example.org") == {cast.eulalia.id}


def test_whoever_is_gone_is_found_no_more(cast: Cast) -> None:
    person = services.record_person(
        Particulars(given_names="Blessing", first_surname="Okafor", birth_date=date(2001, 1, 2)),
        by=cast.ben,
        at=NOW,
    )
    assert found(cast, "Okafor") == {person.id}

    keyring.destroy(cast.clinic.id, [person.id], reason="retention")
    Person.objects.filter(pk=person.pk).delete()
    services.next_place(cast.clinic.id)

    assert found(cast, "Okafor") == set()
    assert found(cast, "2001-01-02") == set()


def test_a_person_whose_key_is_gone_is_passed_over_while_the_row_is_there(cast: Cast) -> None:
    person = services.record_person(
        Particulars(given_names="Blessing", first_surname="Okafor"), by=cast.ben, at=NOW
    )

    keyring.destroy(cast.clinic.id, [person.id], reason="retention")

    assert found(cast, "Okafor") == set()
    assert cast.mateo.id in found(cast, "Pascual")


def test_one_whose_key_is_gone_does_not_hide_that_another_has_vanished(cast: Cast) -> None:
    said = [Particulars(given_names="Blessing", first_surname=name) for name in ("Okafor", "Adeyemi")]
    shut, vanished = [services.record_person(each, by=cast.ben, at=NOW) for each in said]
    keyring.destroy(cast.clinic.id, [shut.id], reason="retention")
    assert found(cast, "Adeyemi") == {vanished.id}

    Person.objects.filter(pk=vanished.pk).delete()
    services.next_place(cast.clinic.id)

    assert found(cast, "Adeyemi") == set()


def test_one_clinic_never_meets_anothers_people(cast: Cast) -> None:
    assert found(cast, "Noor Rahimi") == set()
    assert {hit.person_id for hit in roster.search(cast.other_clinic.id, "rahimi")} == {cast.noor.id}


def test_an_idle_roster_is_dropped(cast: Cast) -> None:
    now = 0.0
    roster.search(cast.clinic.id, "x", clock=lambda: now)
    assert cast.clinic.id in roster._rosters

    now = roster.IDLE_SECONDS + 1.0
    roster.search(cast.other_clinic.id, "x", clock=lambda: now)

    assert cast.clinic.id not in roster._rosters


def test_nothing_of_it_is_printed(cast: Cast) -> None:
    roster.search(cast.clinic.id, "pascual")

    shown = repr(roster._rosters) + repr(roster._rosters[cast.clinic.id].index)
    assert "ascual" not in shown
    assert "201555902" not in shown
