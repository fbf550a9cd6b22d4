"""A purge that is cut off at any statement: the next run finishes it, and nobody else loses anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from caseapp.audit import services as audit
from caseapp.audit.models import Entry
from caseapp.matters import services as matters
from caseapp.matters.models import Matter
from caseapp.people import services as people
from caseapp.people.models import Person
from caseapp.people.services import Particulars
from caseapp.retention import certificates, services, verifying
from caseapp.retention.models import Purge
from caseapp.vault import keyring
from tests.audit.keys import make_signing_key
from tests.conftest import NOW, TODAY, Cast
from tests.retention.test_services import LONG_AFTER, propose
from tests.vault.test_rotation import CutError, cut_at

LATER = LONG_AFTER + timedelta(hours=1)
MOST_STATEMENTS = 400

Act = Callable[[Purge], object]


class House:
    """The cast, with one more client and matter of the same clinic, who stay."""

    def __init__(self, cast: Cast, key: str) -> None:
        self.cast, self.key = cast, key
        self.rosa = people.record_person(
            Particulars(given_names="Rosa", first_surname="Quispe"), by=cast.ana, at=NOW
        )
        self.rosas = matters.open_matter(self.rosa, kind="u-visa", by=cast.ana, on=TODAY, at=NOW)
        services.close_matter(cast.matter, by=cast.ana, on=TODAY, at=NOW, outcome="Granted", kept_as="FULL")
        self.going = [cast.matter.id, cast.mateo.id, cast.eulalia.id]

    def check_that_the_others_are_whole(self) -> None:
        for person, name in ((self.rosa, "Rosa"), (self.cast.noor, "Noor")):
            assert Person.objects.get(pk=person.pk).given_names == name
        for matter, kind in ((self.rosas, "u-visa"), (self.cast.noors_matter, "asylum-affirmative")):
            assert Matter.objects.get(pk=matter.pk).kind == kind

    def check_that_it_is_complete(self, purge: Purge) -> None:
        purge.refresh_from_db()
        assert (purge.state, purge.keys_destroyed) == (Purge.State.DONE, 3)
        assert not keyring.any_left(self.cast.clinic.id, self.going)
        assert not Person.objects.filter(pk__in=self.going).exists()
        assert not Matter.objects.filter(pk__in=self.going).exists()
        assert list(audit.faults(self.cast.clinic.id)) == []
        assert Entry.objects.filter(event=Entry.Event.PURGED, object_id=purge.id).count() == 1
        certificate = certificates.certify(purge, at=LATER)
        assert len(certificate["destroyed"]["keys"]) == 3
        assert (
            verifying.faults(certificate, public_key=self.key) == certificates.faults_here(certificate) == []
        )


@pytest.fixture
def house(cast: Cast, tmp_path: Path, settings: Any) -> House:
    return House(cast, make_signing_key(tmp_path, settings))


@contextmanager
def taken_back() -> Iterator[None]:
    """Undo in both databases what the block does. Not with atomic(): destroying keys refuses to be inside."""
    keyring.drop_all()
    marks = [(alias, transaction.savepoint(using=alias)) for alias in ("default", "keyring")]
    yield
    for alias, mark in marks:
        transaction.savepoint_rollback(mark, using=alias)


def statements_cut(house: House, purge: Purge, act: Act, again: Act) -> int:
    """Cut `act` at each statement in turn, run `again`, check, and take it all back. Return how many."""
    for number in range(1, MOST_STATEMENTS):
        with taken_back():
            ended = False
            try:
                with cut_at(number):
                    act(Purge.objects.get(pk=purge.pk))
                ended = True
            except CutError:
                keyring.drop_all()
                house.check_that_the_others_are_whole()
                again(Purge.objects.get(pk=purge.pk))
            keyring.drop_all()
            house.check_that_it_is_complete(purge)
            house.check_that_the_others_are_whole()
        if ended:
            return number - 1
    raise AssertionError("It never ran to its end.")


def approve(house: House) -> Act:
    return lambda purge: services.approve_purge(purge, by=house.cast.dee, at=LONG_AFTER)


def sweep(purge: Purge) -> None:
    services.finish_purges(now=LATER)


def test_a_purge_cut_at_any_statement_is_finished_by_the_sweep(house: House) -> None:
    purge = propose(house.cast)

    def again(found: Purge) -> None:
        # Cut off before anybody's approval stood, it is still to be approved: nothing was destroyed.
        if found.state == Purge.State.PROPOSED:
            assert keyring.any_left(house.cast.clinic.id, house.going)
            approve(house)(found)
        sweep(found)

    assert statements_cut(house, purge, approve(house), again) > 30


def test_a_sweep_cut_at_any_statement_is_finished_by_the_next(house: House) -> None:
    purge = propose(house.cast)
    Purge.objects.filter(pk=purge.pk).update(
        state=Purge.State.APPROVED, approved_by=house.cast.dee, approved_at=LONG_AFTER
    )

    assert statements_cut(house, purge, sweep, sweep) > 25
