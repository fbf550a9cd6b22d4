"""Recording clients and their families: exactly as typed, each under a key of their own."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError

from caseapp.access.rules import MayNot
from caseapp.audit.models import Entry
from caseapp.people import queries, services
from caseapp.people.models import Person, Relation, SafeContact
from caseapp.people.numbers import BadANumber
from caseapp.people.services import AlreadyRelated, ImpossibleBirthDate, Particulars, Reach
from caseapp.vault.models import SubjectKey
from tests.conftest import NOW, Cast

LATER = NOW + timedelta(days=1)
SAID = Particulars(given_names="Nʼdeye", first_surname="O’Connor", second_surname="Ñandú", own_script="ንዴዬ")


def test_names_are_kept_exactly(cast: Cast) -> None:
    person = services.record_person(SAID, by=cast.ben, at=NOW)

    again = Person.objects.get(pk=person.pk)
    assert (again.given_names, again.first_surname, again.second_surname, again.own_script) == (
        "Nʼdeye",
        "O’Connor",
        "Ñandú",
        "ንዴዬ",
    )
    assert again.name == "Nʼdeye O’Connor Ñandú"


def test_each_person_has_a_key_of_their_own(cast: Cast) -> None:
    one = services.record_person(SAID, by=cast.ben, at=NOW)
    two = services.record_person(SAID, by=cast.ben, at=NOW)

    assert SubjectKey.objects.filter(subject_id__in=[one.id, two.id]).count() == 2


@pytest.mark.parametrize("name", ["vic", "ira"])
def test_who_may_not_record_leaves_nothing_behind(cast: Cast, name: str) -> None:
    people, keys = Person.objects.count(), SubjectKey.objects.count()

    with pytest.raises(MayNot):
        services.record_person(SAID, by=getattr(cast, name), at=NOW)

    assert (Person.objects.count(), SubjectKey.objects.count()) == (people, keys)


@pytest.mark.parametrize("typed", ["201555902", "A201-555-902", "a 201 555 902"])
def test_an_a_number_is_kept_as_nine_digits(cast: Cast, typed: str) -> None:
    said = Particulars(given_names="Ada", first_surname="", a_number=typed)

    assert services.record_person(said, by=cast.ben, at=NOW).a_number == "201555902"


def test_an_a_number_of_the_wrong_shape_is_refused(cast: Cast) -> None:
    with pytest.raises(BadANumber):
        services.record_person(
            Particulars(given_names="Ada", first_surname="", a_number="12345"), by=cast.ben, at=NOW
        )


@pytest.mark.parametrize(
    ("born", "accepted"),
    [
        (date(1906, 1, 1), True),
        (date(1905, 12, 31), False),
        (NOW.date(), True),
        (NOW.date() + timedelta(days=1), False),
        (date(2027, 1, 1), False),
    ],
)
def test_nobody_is_older_than_120_or_not_yet_born(cast: Cast, born: date, accepted: bool) -> None:
    said = Particulars(given_names="Ada", first_surname="", birth_date=born)

    if accepted:
        assert services.record_person(said, by=cast.ben, at=NOW).birth_date == born
    else:
        with pytest.raises(ImpossibleBirthDate):
            services.record_person(said, by=cast.ben, at=NOW)


def test_today_is_the_clinics_own_day(cast: Cast) -> None:
    """At 02:00 UTC on the 4th it is still the 3rd in New York, and nobody was born on the 4th yet."""
    at = datetime(2026, 6, 4, 2, 0, tzinfo=UTC)

    with pytest.raises(ImpossibleBirthDate):
        services.record_person(
            Particulars(given_names="Ada", first_surname="", birth_date=date(2026, 6, 4)), by=cast.ben, at=at
        )


def test_a_safe_contact_is_recorded_with_the_client(cast: Cast) -> None:
    reach = Reach(
        channel="through someone", address="Her sister Inés", hours="Sundays", instructions="Ask first."
    )

    person = services.record_person(SAID, by=cast.ben, at=NOW, reach=reach)

    contact = SafeContact.objects.get(person=person)
    assert (contact.channel_label, contact.address, contact.hours, contact.instructions) == (
        "Through someone",
        "Her sister Inés",
        "Sundays",
        "Ask first.",
    )


def test_an_empty_contact_is_not_recorded(cast: Cast) -> None:
    person = services.record_person(SAID, by=cast.ben, at=NOW, reach=Reach(channel="text"))

    assert not SafeContact.objects.filter(person=person).exists()


def test_changing_someone_is_recorded_and_dated(cast: Cast) -> None:
    services.change_person(
        cast.mateo, Particulars(given_names="Mateo", first_surname="Pascual"), by=cast.ana, at=LATER
    )

    changed = Person.objects.get(pk=cast.mateo.pk)
    assert (changed.name, changed.changed_at) == ("Mateo Pascual", LATER)
    entry = Entry.objects.filter(event=Entry.Event.CLIENT_CHANGED).latest("seq")
    assert (entry.actor_id, entry.person_id) == (cast.ana.id, cast.mateo.id)


def test_a_contact_that_is_forgotten_is_gone(cast: Cast) -> None:
    contact = SafeContact.objects.get(person=cast.mateo)

    services.remove_safe_contact(contact, by=cast.ana, at=LATER)

    assert not SafeContact.objects.filter(person=cast.mateo).exists()
    assert queries.search(cast.ana, "212 555 0142") == []


def test_a_relative_is_recorded_and_related_or_neither(cast: Cast) -> None:
    relation = services.record_relative(cast.mateo, SAID, kind="sister", by=cast.ana, at=NOW)
    people = Person.objects.count()

    with pytest.raises(BadANumber):
        services.record_relative(
            cast.mateo,
            Particulars(given_names="Ada", first_surname="", a_number="1"),
            kind="sister",
            by=cast.ana,
            at=NOW,
        )

    assert (relation.person_id, relation.kind) == (cast.mateo.id, "sister")
    assert Person.objects.count() == people


def test_a_relative_who_cannot_be_related_is_not_recorded(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AlreadyRelated("They are already recorded as family.")

    monkeypatch.setattr(services, "relate", refuse)
    people = Person.objects.count()

    with pytest.raises(AlreadyRelated):
        services.record_relative(cast.mateo, SAID, kind="sister", by=cast.ana, at=NOW)

    assert Person.objects.count() == people


def test_two_people_are_related_once(cast: Cast) -> None:
    with pytest.raises(AlreadyRelated):
        services.relate(cast.mateo, cast.eulalia, kind="niece", by=cast.ana)

    assert Relation.objects.get(person=cast.mateo).kind == "daughter"


def test_nobody_is_their_own_relative(cast: Cast) -> None:
    with pytest.raises(IntegrityError):
        services.relate(cast.mateo, cast.mateo, kind="brother", by=cast.ana)


def test_what_is_shown_is_recorded(cast: Cast) -> None:
    contact = SafeContact.objects.get(person=cast.mateo)

    number = services.show_a_number(cast.mateo, by=cast.vic)
    address = services.show_contact(contact, by=cast.vic)

    assert number == "A201-555-902"
    assert address == "+1 212 555 0142"
    shown = Entry.objects.filter(event=Entry.Event.VALUE_SHOWN, actor_id=cast.vic.id)
    assert [(entry.person_id, entry.object_id) for entry in shown.order_by("seq")] == [
        (cast.mateo.id, None),
        (cast.mateo.id, contact.id),
    ]


def test_a_receipt_number_is_remembered_through_later_changes(cast: Cast) -> None:
    services.remember_number(cast.mateo, "IOE0900000001", at=LATER)
    services.change_person(
        Person.objects.get(pk=cast.mateo.pk),
        Particulars(given_names="Mateo", first_surname="Pascual"),
        by=cast.ana,
        at=LATER,
    )

    assert [found.person.id for found in queries.search(cast.ana, "IOE0900000001")] == [cast.mateo.id]
