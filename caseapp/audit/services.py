"""Write to the audit trail, in the same transaction as the thing it records; and check the chain."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from caseapp.audit import chain
from caseapp.audit.models import Entry


def record(
    event: Entry.Event,
    *,
    clinic_id: UUID,
    actor_id: UUID | None,
    matter_id: UUID | None = None,
    person_id: UUID | None = None,
    object_id: UUID | None = None,
    digest: bytes | None = None,
) -> None:
    """Add one entry to the clinic's chain. Raises RuntimeError outside a transaction.

    Writers of one clinic queue on an advisory lock until they commit, so the chain cannot fork.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(
            "audit.record was called outside a transaction. Call it inside the transaction that"
            " makes the change, so the change and its entry are saved together or not at all."
        )
    _write(event, clinic_id, actor_id, matter_id, person_id, object_id, digest)


def record_look(event: Entry.Event, *, clinic_id: UUID, actor_id: UUID) -> None:
    """Add one entry for a list someone looked at: nothing is saved with it, so it needs no transaction."""
    _write(event, clinic_id, actor_id, None, None, None, None)


def _write(
    event: Entry.Event,
    clinic_id: UUID,
    actor_id: UUID | None,
    matter_id: UUID | None,
    person_id: UUID | None,
    object_id: UUID | None,
    digest: bytes | None,
) -> None:
    """Link and save the entry in one step of the database; it is checked against chain.link afterwards."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT amparo_record(%s, %s, %s, %s, %s, %s, %s, %s)",
            [clinic_id, _clock(), actor_id, str(event), matter_id, person_id, object_id, digest],
        )


def has(event: Entry.Event, *, clinic_id: UUID, digest: bytes) -> bool:
    """Whether the clinic's chain has an entry of this event that vouches for what has this hash."""
    return Entry.objects.filter(clinic_id=clinic_id, event=event, digest=digest).exists()


def _clock() -> datetime:
    """The moment of writing is the entry's own fact, not an argument: nobody may choose it."""
    return timezone.now()


def _link(entry: Entry) -> bytes:
    return chain.link(
        previous=bytes(entry.previous),
        clinic_id=entry.clinic_id,
        seq=entry.seq,
        at=entry.at,
        actor_id=entry.actor_id,
        event=entry.event,
        matter_id=entry.matter_id,
        person_id=entry.person_id,
        object_id=entry.object_id,
        digest=None if entry.digest is None else bytes(entry.digest),
    )


def faults(clinic_id: UUID) -> Iterator[str]:
    """Yield, in words, each place where the clinic's chain does not hold."""
    expected, seq = chain.START, 0
    for entry in Entry.objects.filter(clinic_id=clinic_id).order_by("seq").iterator():
        if entry.seq != seq + 1:
            yield f"clinic {clinic_id}: entries {seq + 1} to {entry.seq - 1} are missing"
        elif bytes(entry.previous) != expected:
            yield f"clinic {clinic_id}: entry {entry.seq} does not hang on the one before it"
        if _link(entry) != bytes(entry.link):
            yield f"clinic {clinic_id}: entry {entry.seq} was changed after it was written"
        expected, seq = bytes(entry.link), entry.seq


def length(clinic_id: UUID) -> int:
    return Entry.objects.filter(clinic_id=clinic_id).count()
