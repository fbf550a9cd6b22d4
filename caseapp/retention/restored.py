"""After a restore: remove again what had been purged, before anyone looks.

A backup of the data from before a purge brings the rows back; the keys stay gone. Their tombstones, in
today's keyring, say which rows those are.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from caseapp.access.models import Clinic
from caseapp.audit import services as audit
from caseapp.audit.models import Entry
from caseapp.documents import services as documents
from caseapp.matters.models import Matter
from caseapp.people import services as people
from caseapp.people.models import Person
from caseapp.vault import keyring

BATCH = 1000


def purge_again(*, at: datetime) -> int:
    """Remove the people and matters whose keys have a tombstone; return how many. Needs no root key."""
    return sum(_purge_again_at(clinic_id, at) for clinic_id in Clinic.objects.values_list("pk", flat=True))


def _purge_again_at(clinic_id: UUID, at: datetime) -> int:
    buried = keyring.tombstones(clinic_id)
    if not buried:
        return 0
    matters = Matter.objects.filter(clinic_id=clinic_id).only("id", "clinic_id", "kind")
    persons = Person.objects.filter(clinic_id=clinic_id).only("id", "clinic_id", "given_names")
    back = [row.id for row in matters.iterator(BATCH) if row.names_a_key_in(buried)]
    risen = [row.id for row in persons.iterator(BATCH) if row.names_a_key_in(buried)]
    if not back and not risen:
        return 0
    with transaction.atomic():
        documents.owe_removal_of(back, at=at)
        Matter.objects.filter(pk__in=back).delete()
        Person.objects.filter(pk__in=risen).delete()
        people.next_place(clinic_id)
        for matter_id in back:
            audit.record(Entry.Event.PURGED_AGAIN, clinic_id=clinic_id, actor_id=None, matter_id=matter_id)
        for person_id in risen:
            audit.record(Entry.Event.PURGED_AGAIN, clinic_id=clinic_id, actor_id=None, person_id=person_id)
    return len(back) + len(risen)
