"""The papers that say who a client is: recorded, changed, walled, purged, and named before they end."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.http import Http404

from caseapp.access.models import User
from caseapp.access.rules import MayNot
from caseapp.audit.models import Entry
from caseapp.days import ending
from caseapp.matters import services as matters
from caseapp.people import papers
from caseapp.people import services as people
from caseapp.people.models import Paper, Person
from caseapp.people.papers import Described
from caseapp.people.services import Particulars
from caseapp.vault import keyring, resealing, rotation
from caseapp.vault.models import SubjectKey
from tests.conftest import NOW, TODAY, Cast

Event = Entry.Event
PASSPORT = Described(kind="passport", number="GT-1234567", expires_on=date(2026, 8, 1), note="In the safe")


def passport(cast: Cast, *, person: Person | None = None, ends: date | None = date(2026, 8, 1)) -> Paper:
    said = Described(kind="passport", number="GT-1234567", expires_on=ends, note="In the safe")
    return papers.record(person or cast.mateo, said, by=cast.ana, at=NOW)


def test_a_paper_is_kept_as_it_was_said_and_every_act_is_recorded(cast: Cast) -> None:
    paper = passport(cast)
    papers.change(paper, Described(kind="work permit", expires_on=date(2027, 1, 2)), by=cast.ana)
    changed = Paper.objects.get(pk=paper.pk)
    said = (changed.kind, changed.number, changed.expires_on)
    papers.remove(changed, by=cast.ana)

    assert said == ("work permit", "", date(2027, 1, 2))
    assert not Paper.objects.exists()
    acts = Entry.objects.filter(object_id=paper.pk).order_by("seq")
    assert [entry.event for entry in acts] == [
        Event.PAPER_RECORDED,
        Event.PAPER_CHANGED,
        Event.PAPER_REMOVED,
    ]
    assert {(entry.actor_id, entry.person_id) for entry in acts} == {(cast.ana.id, cast.mateo.id)}


def test_a_volunteer_may_see_a_paper_and_record_none(cast: Cast) -> None:
    paper = passport(cast)

    assert papers.paper_for(cast.vic, paper.id) == paper
    for act in (
        lambda: papers.record(cast.mateo, PASSPORT, by=cast.vic, at=NOW),
        lambda: papers.change(paper, PASSPORT, by=cast.vic),
        lambda: papers.remove(paper, by=cast.vic),
    ):
        with pytest.raises(MayNot):
            act()


@pytest.mark.parametrize("outsider", ["ben", "cam", "ira", "eve"])
def test_to_someone_outside_the_matter_there_is_no_paper(cast: Cast, outsider: str) -> None:
    paper = passport(cast)
    user: User = getattr(cast, outsider)

    assert not papers.on_open_matters(user).exists()
    with pytest.raises(Http404):
        papers.paper_for(user, paper.id)


def test_only_clients_on_open_matters_are_watched(cast: Cast) -> None:
    passport(cast)
    alone = people.record_person(Particulars(given_names="Rosa", first_surname="Quispe"), by=cast.ana, at=NOW)
    passport(cast, person=alone)

    watched = list(papers.on_open_matters(cast.ana))
    type(cast.matter).objects.update(closed_on=TODAY, kept_as="FULL", keep_until=TODAY)

    assert [paper.person_id for paper in watched] == [cast.mateo.id]
    assert not papers.on_open_matters(cast.ana).exists()


def test_a_paper_of_someone_on_two_matters_is_watched_once(cast: Cast) -> None:
    passport(cast)
    matters.open_matter(cast.mateo, kind="asylum-affirmative", by=cast.ana, on=TODAY, at=NOW)

    assert papers.on_open_matters(cast.ana).count() == 1


def test_what_ends_on_the_last_day_asked_for_is_found_and_the_day_after_is_not(cast: Cast) -> None:
    last = TODAY + timedelta(days=90)
    ended = passport(cast, ends=TODAY - timedelta(days=400))
    on_the_day = passport(cast, ends=last)
    passport(cast, ends=last + timedelta(days=1))
    passport(cast, ends=None)

    found = ending(papers.on_open_matters(cast.ana), last=last)

    assert {paper.pk for _day, paper in found} == {ended.pk, on_the_day.pk}


def test_a_new_key_of_the_client_seals_their_papers_again(cast: Cast) -> None:
    passport(cast)
    keys = SubjectKey.objects.filter(subject_id=cast.mateo.id)
    old = [bytes(key_id) for key_id in keys.values_list("key_id", flat=True)]

    rotation.rotate_subject(cast.clinic.id, cast.mateo.id, at=NOW)

    keyring.drop_all()
    assert "caseapp_paper" in " ".join(table.name for table in resealing.tables())
    assert resealing.still_named(cast.clinic.id, old) == frozenset()
    assert Paper.objects.get().number == "GT-1234567"
