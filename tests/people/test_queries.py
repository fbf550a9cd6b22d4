"""Who may find whom."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.http import Http404

from caseapp.access.rules import MayNot
from caseapp.matters import services as matters
from caseapp.people import queries, services
from caseapp.people.models import SafeContact
from caseapp.people.services import Particulars
from tests.conftest import NOW, TODAY, Cast, uuid_of_nothing

SAID = Particulars(given_names="Blessing", first_surname="Okafor")


def ids(people: Any) -> set[UUID]:
    return {person.id for person in people}


@pytest.mark.parametrize("insider", ["ana", "dee", "vic"])
def test_whoever_is_on_the_matter_sees_its_people(cast: Cast, insider: str) -> None:
    user = getattr(cast, insider)

    assert queries.person_for(user, cast.mateo.id) == cast.mateo
    assert queries.person_for(user, cast.eulalia.id) == cast.eulalia
    assert ids(queries.people_of(user)) == {cast.mateo.id, cast.eulalia.id}


@pytest.mark.parametrize("outsider", ["ben", "cam", "ira", "eve"])
def test_outsiders_get_the_answer_for_nobody(cast: Cast, outsider: str) -> None:
    user = getattr(cast, outsider)
    contact = SafeContact.objects.get(person=cast.mateo)

    for call in (
        lambda: queries.person_for(user, cast.mateo.id),
        lambda: queries.person_for(user, uuid_of_nothing()),
        lambda: queries.contact_for(user, contact.id),
    ):
        with pytest.raises(Http404):
            call()
    assert not ids(queries.people_of(user)) & {cast.mateo.id, cast.eulalia.id}
    assert queries.search(user, "Pascual") == []


def test_someone_on_no_matter_is_seen_by_whoever_recorded_them_and_the_director(cast: Cast) -> None:
    person = services.record_person(SAID, by=cast.ben, at=NOW)

    seen_by = {
        name
        for name in ("ana", "ben", "cam", "dee", "vic", "ira", "eve")
        if person.id in ids(queries.people_of(getattr(cast, name)))
    }
    assert seen_by == {"ben", "dee"}


def test_someone_on_two_matters_is_listed_once(cast: Cast) -> None:
    matters.open_matter(cast.mateo, kind="asylum-affirmative", by=cast.ana, on=TODAY, at=NOW)

    assert [p.id for p in queries.people_of(cast.ana)].count(cast.mateo.id) == 1


def test_family_is_found_from_both_sides(cast: Cast) -> None:
    assert [relation.kind for relation in queries.family_of(cast.ana, cast.mateo)] == ["daughter"]
    assert [relation.person for relation in queries.related_to(cast.ana, cast.eulalia)] == [cast.mateo]
    assert queries.relatives_of(cast.ana, cast.mateo) == [cast.eulalia]
    assert queries.relatives_of(cast.ana, cast.eulalia) == [cast.mateo]


def test_a_relative_this_person_may_not_see_is_not_family_to_them(cast: Cast) -> None:
    """Dee records a sister who is on no matter; Ana, who is on Mateo's, has not been told of her."""
    services.record_relative(cast.mateo, SAID, kind="sister", by=cast.dee, at=NOW)

    assert len(queries.relatives_of(cast.dee, cast.mateo)) == 2
    assert queries.relatives_of(cast.ana, cast.mateo) == [cast.eulalia]
    assert len(queries.family_of(cast.ana, cast.mateo)) == 1


def test_only_who_may_see_the_audit_sees_a_trail(cast: Cast) -> None:
    services.record_view(cast.mateo, by=cast.vic)

    assert queries.trail_of(cast.ana, cast.mateo)[0].actor_id == cast.vic.id
    with pytest.raises(MayNot):
        queries.trail_of(cast.vic, cast.mateo)


def test_a_search_answers_no_more_than_asked_for(cast: Cast) -> None:
    for number in range(5):
        services.record_person(
            Particulars(given_names=f"Pascual {number}", first_surname="X"), by=cast.ana, at=NOW
        )

    assert len(queries.search(cast.ana, "pascual", limit=3)) == 3
