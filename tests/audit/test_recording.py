"""An entry is linked by the database, and the link is the one that checking expects."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import DatabaseError, connections, transaction

from caseapp.access import wall
from caseapp.audit import services as audit
from caseapp.audit.models import Entry
from tests.conftest import Cast, as_the_web_process, make_cast

Event = Entry.Event


def test_every_reference_and_what_it_vouches_for_is_in_the_link(cast: Cast) -> None:
    matter, person, thing = uuid4(), uuid4(), uuid4()
    with transaction.atomic():
        audit.record(
            Event.PURGED,
            clinic_id=cast.clinic.id,
            actor_id=cast.ana.id,
            matter_id=matter,
            person_id=person,
            object_id=thing,
            digest=b"\x07" * 32,
        )
    audit.record_look(Event.MATTERS_LISTED, clinic_id=cast.clinic.id, actor_id=cast.ana.id)

    look, purged = Entry.objects.filter(clinic_id=cast.clinic.id).order_by("-seq")[:2]

    assert list(audit.faults(cast.clinic.id)) == []
    assert (purged.matter_id, purged.person_id, purged.object_id) == (matter, person, thing)
    assert (purged.event, bytes(purged.digest or b"")) == ("purge:done", b"\x07" * 32)
    assert (look.event, look.actor_id, look.seq) == ("matter:listed", cast.ana.id, purged.seq + 1)


def test_an_entry_changed_afterwards_is_found(cast: Cast) -> None:
    audit.record_look(Event.MATTERS_LISTED, clinic_id=cast.clinic.id, actor_id=cast.ana.id)
    last = Entry.objects.filter(clinic_id=cast.clinic.id).order_by("-seq")[0]

    Entry.objects.filter(pk=last.pk).update(actor_id=cast.ben.id)

    assert list(audit.faults(cast.clinic.id)) == [
        f"clinic {cast.clinic.id}: entry {last.seq} was changed after it was written"
    ]


def test_the_web_cannot_write_into_another_clinics_trail(cast: Cast) -> None:
    before = audit.length(cast.other_clinic.id)

    wall.enter(cast.clinic.id)

    refused = pytest.raises(DatabaseError, match="row-level security")
    with as_the_web_process(), refused, transaction.atomic():
        audit.record_look(Event.MATTERS_LISTED, clinic_id=cast.other_clinic.id, actor_id=cast.ana.id)

    assert audit.length(cast.other_clinic.id) == before


@pytest.mark.django_db(transaction=True, databases=["default", "keyring"])
def test_writers_at_the_same_moment_make_one_chain() -> None:
    cast = make_cast()
    before, together = audit.length(cast.clinic.id), Barrier(4)

    def look(_number: int) -> None:
        together.wait()
        for _ in range(5):
            audit.record_look(Event.MATTERS_LISTED, clinic_id=cast.clinic.id, actor_id=cast.ana.id)
        connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(look, range(4)))

    assert audit.length(cast.clinic.id) == before + 20
    assert list(audit.faults(cast.clinic.id)) == []
