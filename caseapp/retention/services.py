"""Close, hold and purge. A purge destroys keys: what they sealed is unreadable wherever a copy lies."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from caseapp.access.models import Clinic, User
from caseapp.access.rules import Act, check_may, check_may_work_on
from caseapp.audit import services as audit
from caseapp.audit.models import Entry
from caseapp.deadlines.queries import open_deadlines_of
from caseapp.documents import services as documents
from caseapp.documents.models import Document
from caseapp.errors import Refused
from caseapp.matters import services as matters
from caseapp.matters.models import Matter
from caseapp.people import services as people
from caseapp.people.models import Person
from caseapp.retention import certificates, schedule
from caseapp.retention.models import Hold, Purge
from caseapp.retention.queries import keeping_if_closed, people_who_go
from caseapp.vault import keyring

LEFT_HALFWAY = timedelta(minutes=1)


class NotSoKept(Refused):
    """It cannot be closed, held or purged as asked."""


class NeedsAnother(Refused):
    """One person is not enough, and this is the same person."""


@transaction.atomic
def close_matter(matter: Matter, *, by: User, on: date, at: datetime, outcome: str, kept_as: str) -> None:
    """Close the matter and give it its purge date. Refuses while a date is still open."""
    check_may_work_on(by, matter, Act.CLOSE_MATTER)
    still_open = open_deadlines_of(matter).count()
    if still_open:
        raise NotSoKept(
            _("%(count)d dates of this matter are still open. Mark them met or say why they no longer apply.")
            % {"count": still_open}
        )
    keeping = keeping_if_closed(matter, kept_as=kept_as, on=on)
    assert keeping.until is not None
    matters.close_matter(
        matter, by=by, on=on, at=at, outcome=outcome, kept_as=kept_as, keep_until=keeping.until
    )


# --- holds


@transaction.atomic
def place_hold(
    *, matter: Matter | None, reason: str, authority: str, review_on: date, by: User, at: datetime
) -> Hold:
    """Stop every purge of the matter, or of the whole clinic when none is named. One click, one person."""
    check_may(by, Act.PLACE_HOLD)
    if review_on <= at.astimezone(ZoneInfo(by.clinic.time_zone)).date():
        raise NotSoKept(_("A hold is looked at again on a day to come. Choose a later day."))
    _queue_for_purges(by.clinic_id)
    hold = Hold(
        clinic_id=by.clinic_id,
        matter_id=matter.id if matter else None,
        reason=reason,
        authority=authority,
        review_on=review_on,
        placed_by=by,
        placed_at=at,
    )
    hold.save(force_insert=True)
    _audit(Entry.Event.HOLD_PLACED, by, hold.matter_id, hold.id)
    return hold


@transaction.atomic
def ask_to_lift(hold: Hold, *, by: User, at: datetime) -> None:
    check_may(by, Act.PLACE_HOLD)
    standing = Hold.objects.standing().filter(pk=hold.pk, lift_asked_by__isnull=True)
    if standing.update(lift_asked_by=by, lift_asked_at=at) != 1:
        raise NotSoKept(_("Lifting this hold was asked for already. A second person has to agree."))
    _audit(Entry.Event.HOLD_LIFT_ASKED, by, hold.matter_id, hold.id)


@transaction.atomic
def lift(hold: Hold, *, by: User, at: datetime) -> None:
    """Lift the hold, as the second person."""
    check_may(by, Act.APPROVE_PURGE)
    if hold.lift_asked_by_id == by.id:
        raise NeedsAnother(_("You asked to lift this hold, so someone else has to agree."))
    asked = Hold.objects.standing().filter(pk=hold.pk, lift_asked_by__isnull=False)
    if asked.update(lifted_by=by, lifted_at=at) != 1:
        raise NotSoKept(_("Nobody asked to lift this hold, or it is lifted already. Reload the page."))
    _audit(Entry.Event.HOLD_LIFTED, by, hold.matter_id, hold.id)


# --- one document


@transaction.atomic
def remove_document(document: Document, *, by: User, at: datetime) -> None:
    """Remove a document for good, unless a hold stands on its matter or the clinic."""
    _queue_for_purges(document.clinic_id)
    _check_no_hold(document.clinic_id, document.matter_id)
    documents.remove(document, by=by, at=at)


# --- purges


@transaction.atomic
def propose_purge(matter: Matter, *, by: User, at: datetime, today: date) -> Purge:
    """Propose that a closed matter past its date goes. A second person has to approve."""
    check_may(by, Act.APPROVE_PURGE)
    if matter.keep_until is None or matter.keep_until > today:
        raise NotSoKept(_("This matter is kept longer than today. It can go when its date has come."))
    _check_no_hold(matter.clinic_id, matter.id)
    try:
        with transaction.atomic():
            purge = Purge.objects.create(
                clinic_id=matter.clinic_id,
                matter_id=matter.id,
                code=matter.code,
                proposed_by=by,
                proposed_at=at,
            )
    except IntegrityError:
        raise NotSoKept(
            _("A purge of this matter is proposed already. Someone else has to approve it.")
        ) from None
    _audit(Entry.Event.PURGE_PROPOSED, by, matter.id, purge.id)
    return purge


@transaction.atomic
def refuse_purge(purge: Purge, *, by: User, at: datetime) -> None:
    check_may(by, Act.APPROVE_PURGE)
    proposed = Purge.objects.filter(pk=purge.pk, state=Purge.State.PROPOSED)
    if proposed.update(state=Purge.State.REFUSED, done_at=at) != 1:
        raise NotSoKept(_("This purge was decided a moment ago. Reload the page."))
    _audit(Entry.Event.PURGE_REFUSED, by, purge.matter_id, purge.id)


def approve_purge(purge: Purge, *, by: User, at: datetime) -> None:
    """Approve, as the second person, and destroy the keys. If that is cut off, the sweep finishes it."""
    with transaction.atomic():
        check_may(by, Act.APPROVE_PURGE)
        if purge.proposed_by_id == by.id:
            raise NeedsAnother(_("You proposed this purge, so someone else has to approve it."))
        _queue_for_purges(purge.clinic_id)
        _check_no_hold(purge.clinic_id, purge.matter_id)
        if purge.matter_id and not Matter.objects.closed().filter(pk=purge.matter_id).exists():
            raise NotSoKept(_("This matter was opened again, so it cannot go."))
        proposed = Purge.objects.filter(pk=purge.pk, state=Purge.State.PROPOSED)
        if proposed.update(state=Purge.State.APPROVED, approved_by=by, approved_at=at) != 1:
            raise NotSoKept(_("This purge was decided a moment ago. Reload the page."))
        _audit(Entry.Event.PURGE_APPROVED, by, purge.matter_id, purge.id)
    if not carry_out(purge.id, at=at):
        raise NotSoKept(_("A hold was placed, or the matter opened, a moment ago. Nothing was destroyed."))


@transaction.atomic
def carry_out(purge_id: UUID, *, at: datetime) -> bool:
    """Destroy the keys an approved purge names, then the rows; return whether it did. Safe to run again.

    The clinic's row stays locked from the check for holds until the end, and placing a hold takes the
    same lock: a hold comes either before the keys go, and then ends the purge, or too late for anything
    to be left to hold. Needs no root key.
    """
    _queue_for_purges(Purge.objects.values_list("clinic_id", flat=True).get(pk=purge_id))
    purge = Purge.objects.select_for_update().get(pk=purge_id)
    if purge.state != Purge.State.APPROVED:
        return False
    matter_ids = [purge.matter_id] if purge.matter_id else []
    gone = list(people_who_go(purge).values_list("pk", flat=True))
    if _must_stay(purge, [*matter_ids, *gone]):
        purge.state, purge.done_at = Purge.State.REFUSED, at
        purge.save(update_fields=["state", "done_at"])
        _audit_purge(Entry.Event.PURGE_REFUSED, purge)
        return False
    keyring.destroy(purge.clinic_id, [*matter_ids, *gone], reason=certificates.reason_for(purge.id))
    documents.owe_removal_of(matter_ids, at=at)
    rows, _per_table = Matter.objects.filter(pk__in=matter_ids).delete()
    more, _per_table = Person.objects.filter(pk__in=gone).delete()
    people.next_place(purge.clinic_id)
    # Of the subjects, not of what was left to destroy: a run that was cut off destroyed them already.
    purge.keys_destroyed = len(matter_ids) + len(gone)
    purge.rows_removed, purge.state, purge.done_at = rows + more, Purge.State.DONE, at
    purge.save()
    _audit_purge(Entry.Event.PURGED, purge, digest=certificates.digest_of(purge))
    return True


def _must_stay(purge: Purge, subjects: list[UUID]) -> bool:
    """Whether a hold was placed, or a matter opened, since the purge was approved and before a key went."""
    if not subjects:
        return True
    if not keyring.any_left(purge.clinic_id, subjects):
        return False
    reopened = purge.matter_id is not None and Matter.objects.open().filter(pk=purge.matter_id).exists()
    return reopened or _holds(purge.clinic_id, purge.matter_id).exists()


def _audit_purge(event: Entry.Event, purge: Purge, *, digest: bytes | None = None) -> None:
    audit.record(
        event,
        clinic_id=purge.clinic_id,
        actor_id=None,
        matter_id=purge.matter_id,
        person_id=purge.person_id,
        object_id=purge.id,
        digest=digest,
    )


def finish_purges(*, now: datetime) -> int:
    """Finish the purges that were approved and cut off; return how many."""
    halfway = Purge.objects.filter(state=Purge.State.APPROVED, approved_at__lt=now - LEFT_HALFWAY)
    ids = list(halfway.values_list("pk", flat=True))
    for purge_id in ids:
        carry_out(purge_id, at=now)
    return len(ids)


def purge_prospects(*, now: datetime) -> int:
    """Let go of everyone who is on no matter and has not changed for thirty days; return how many."""
    count = 0
    for clinic in Clinic.objects.order_by("pk").only("id", "time_zone"):
        today = now.astimezone(ZoneInfo(clinic.time_zone)).date()
        for person in due_prospects(clinic.id, today=today):
            count += _let_go(person, now=now)
    return count


def due_prospects(clinic_id: UUID, *, today: date) -> QuerySet[Person]:
    long_ago = today - timedelta(days=schedule.PROSPECT_DAYS)
    return Person.objects.filter(clinic_id=clinic_id, parties__isnull=True, changed_at__date__lt=long_ago)


def _let_go(person: Person, *, now: datetime) -> int:
    if _holds(person.clinic_id, None).exists():
        return 0
    purge = Purge.objects.create(
        clinic_id=person.clinic_id,
        person_id=person.id,
        code="",
        state=Purge.State.APPROVED,
        proposed_at=now,
        approved_at=now,
    )
    return int(carry_out(purge.id, at=now))


class Held(Refused):
    """A hold forbids it."""


def _check_no_hold(clinic_id: UUID, matter_id: UUID | None) -> None:
    if _holds(clinic_id, matter_id).exists():
        raise Held(
            _("A hold stands on this matter or on the whole clinic. Two people have to lift it first.")
        )


def _holds(clinic_id: UUID, matter_id: UUID | None) -> QuerySet[Hold]:
    whole_clinic = Q(matter_id__isnull=True)
    covers = whole_clinic | Q(matter_id=matter_id) if matter_id else whole_clinic
    return Hold.objects.standing().filter(covers, clinic_id=clinic_id)


def _queue_for_purges(clinic_id: UUID) -> None:
    Clinic.objects.select_for_update().only("id").get(pk=clinic_id)


def _audit(event: Entry.Event, by: User, matter_id: UUID | None, object_id: UUID) -> None:
    audit.record(event, clinic_id=by.clinic_id, actor_id=by.id, matter_id=matter_id, object_id=object_id)
