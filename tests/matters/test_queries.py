"""Who may find which matters."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.http import Http404

from caseapp.access.rules import MayNot
from caseapp.matters import queries, services
from caseapp.matters.models import Matter, Party
from caseapp.vault import keyring
from tests.conftest import NOW, TODAY, Cast, uuid_of_nothing


@pytest.mark.parametrize("insider", ["ana", "dee", "vic"])
def test_whoever_is_on_it_and_the_director_find_it(cast: Cast, insider: str) -> None:
    user = getattr(cast, insider)

    assert queries.matter_for(user, cast.matter.id) == cast.matter
    assert queries.matters_by_code(user, cast.matter.code) == [cast.matter]
    assert queries.matters_of_person(user, cast.mateo) == [cast.matter]


@pytest.mark.parametrize("outsider", ["ben", "cam", "ira", "eve"])
def test_outsiders_get_the_answer_for_nothing(cast: Cast, outsider: str) -> None:
    user = getattr(cast, outsider)

    for matter_id in (cast.matter.id, uuid_of_nothing()):
        with pytest.raises(Http404):
            queries.matter_for(user, matter_id)
    assert cast.matter not in queries.matters_of(user)
    assert cast.matter not in queries.without_next_step(user)
    assert queries.matters_by_code(user, cast.matter.code) == []
    assert queries.matters_of_person(user, cast.mateo) == []
    assert queries.matters_of_people(user, [cast.mateo]) == {}


def test_a_director_who_is_screened_off_does_not_find_it(cast: Cast) -> None:
    services.screen_off(cast.matter, cast.dee, by=cast.ana, at=NOW)

    assert list(queries.matters_of(cast.dee)) == []


def test_open_matters_come_first(cast: Cast) -> None:
    newer = services.open_matter(cast.mateo, kind="asylum-affirmative", by=cast.ana, on=TODAY, at=NOW)
    services.close_matter(
        newer, by=cast.ana, on=TODAY, at=NOW, outcome="", kept_as="FULL", keep_until=date(2033, 6, 3)
    )

    assert list(queries.matters_of(cast.ana)) == [cast.matter, newer]
    assert list(queries.matters_of(cast.ana).closed()) == [newer]


@pytest.mark.parametrize("typed", ["%%%%", "____", "ab", ""])
def test_a_code_is_no_pattern(cast: Cast, typed: str) -> None:
    assert queries.matters_by_code(cast.dee, typed) == []


def test_the_client_is_told_from_the_family(cast: Cast) -> None:
    assert [party.role for party in queries.parties_of(cast.matter)] == ["PRINCIPAL", "DERIVATIVE"]
    assert queries.principal_of(cast.matter) == cast.mateo


def test_many_peoples_matters_come_by_person(cast: Cast) -> None:
    second = services.open_matter(cast.mateo, kind="asylum-affirmative", by=cast.ana, on=TODAY, at=NOW)

    found = queries.matters_of_people(cast.ana, [cast.mateo, cast.eulalia])

    assert set(found[cast.mateo.id]) == {cast.matter, second}
    assert found[cast.eulalia.id] == [cast.matter]


def test_colleagues_are_those_who_do_casework_here_and_are_not_screened_off(cast: Cast) -> None:
    assert set(queries.colleagues_for(cast.ana, cast.matter)) == {cast.ana, cast.ben, cast.dee, cast.vic}


def test_only_who_may_see_the_audit_sees_a_trail(cast: Cast) -> None:
    services.record_view(cast.matter, by=cast.vic)

    assert queries.trail_of(cast.ana, cast.matter)[0].actor_id == cast.vic.id
    with pytest.raises(MayNot):
        queries.trail_of(cast.vic, cast.matter)


def test_a_page_of_matters_is_opened_with_one_query_for_all_its_keys(
    cast: Cast, django_assert_num_queries: Any
) -> None:
    """And one for the clinic's own key, which unwraps them."""
    for _number in range(3):
        services.open_matter(cast.mateo, kind="asylum-affirmative", by=cast.ana, on=TODAY, at=NOW)
    page: list[Matter] = list(queries.matters_of(cast.ana))
    keyring.drop_all()

    with django_assert_num_queries(2, using="keyring"):
        queries.open_together(cast.clinic.id, page)
        shown = [(matter.kind, queries.principal_of(matter).name) for matter in page]

    assert len(shown) == 4


def test_every_matter_has_exactly_one_client(cast: Cast) -> None:
    assert Party.objects.filter(matter=cast.matter, role=Party.Role.PRINCIPAL).count() == 1
