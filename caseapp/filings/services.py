"""Record what was filed and what came of it. Each function is one thing a caseworker does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from caseapp.access.models import User
from caseapp.access.rules import Act, check_may_work_on
from caseapp.audit import services as audit
from caseapp.audit.models import Entry
from caseapp.deadlines import services as deadlines
from caseapp.deadlines.models import Change, Deadline
from caseapp.errors import Refused
from caseapp.filings.models import Filing
from caseapp.matters import queries as matters
from caseapp.matters.models import Matter
from caseapp.people import services as people


@dataclass(frozen=True, repr=False, kw_only=True)
class Sent:
    """What was filed, as typed: the form, how and when it went, and what proves it."""

    form: str
    how: str
    filed_on: date
    proof: str = ""
    tracking_number: str = ""
    receipt_number: str = ""


class NotSoFiled(Refused):
    """The filing cannot be recorded as told."""


@transaction.atomic
def record_filing(
    matter: Matter, sent: Sent, *, by: User, at: datetime, today: date, meets: Deadline | None = None
) -> Filing:
    """Record a filing and, if it meets a deadline, say so there: both or neither.

    A fatal deadline is met when a second person agrees; until then its reminders go on.
    """
    check_may_work_on(by, matter, Act.RECORD_FILING)
    if sent.filed_on > today:
        raise NotSoFiled(_("That day has not come yet. Enter the day on which it was filed."))
    if not (sent.proof or sent.tracking_number or sent.receipt_number):
        raise NotSoFiled(_("Say what proves it: a tracking number, a receipt number, or a stamped copy."))
    filing = Filing(
        clinic_id=matter.clinic_id,
        matter=matter,
        form=sent.form,
        how=Filing.How(sent.how).value,
        proof=sent.proof,
        tracking_number=sent.tracking_number,
        receipt_number=sent.receipt_number,
        outcome_note="",
        filed_on=sent.filed_on,
        state_on=sent.filed_on,
        recorded_by=by,
        recorded_at=at,
    )
    filing.save(force_insert=True)
    _audit(Entry.Event.FILING_RECORDED, filing, by)
    if sent.receipt_number:
        people.remember_number(matters.principal_of(matter), sent.receipt_number, at=at)
    if meets is not None:
        _meet(meets, filing, by=by, at=at, today=today)
    return filing


def _meet(deadline: Deadline, filing: Filing, *, by: User, at: datetime, today: date) -> None:
    if deadline.matter_id != filing.matter_id:
        raise NotSoFiled(_("That date belongs to another matter. Choose one of this matter."))
    deadlines.mark_met(
        deadline, by=by, at=at, on=filing.filed_on, today=today, proof=filing.proof, filing_id=filing.id
    )


@transaction.atomic
def record_outcome(
    filing: Filing,
    *,
    state: str,
    on: date,
    note: str,
    by: User,
    at: datetime,
    today: date,
    receipt_number: str = "",
) -> list[Deadline]:
    """Record what the court or agency did with it; return the deadlines that are open again.

    A rejected filing has no filing date, so whatever it met is not met after all.
    """
    check_may_work_on(by, filing.matter, Act.RECORD_FILING)
    if on < filing.filed_on or on > today:
        raise NotSoFiled(_("Enter a day between the filing and today."))
    as_seen = Filing.objects.select_for_update().filter(pk=filing.pk, state=filing.state)
    if not as_seen.values_list("pk", flat=True):
        raise NotSoFiled(_("A colleague changed this filing a moment ago. Reload the page."))
    filing.state, filing.state_on, filing.outcome_note = Filing.State(state), on, note
    if receipt_number:
        filing.receipt_number = receipt_number
        people.remember_number(matters.principal_of(filing.matter), receipt_number, at=at)
    filing.save()
    _audit(Entry.Event.FILING_CHANGED, filing, by)
    return _open_again(filing, by=by, at=at) if state == Filing.State.REJECTED else []


def _open_again(filing: Filing, *, by: User, at: datetime) -> list[Deadline]:
    opened = []
    changes = Change.objects.filter(filing_id=filing.id, kind=Change.Kind.MEET).select_related(
        "deadline__matter"
    )
    for change in changes:
        if change.state == Change.State.WAITING:
            deadlines.refuse(change, by=by, at=at)
            opened.append(change.deadline)
        elif change.state == Change.State.DONE and not change.deadline.is_open:
            reason = _("The filing was rejected: a rejected filing has no filing date.")
            deadlines.reopen(change.deadline, by=by, at=at, reason=reason)
            opened.append(change.deadline)
    return opened


@transaction.atomic
def record_view(filing: Filing, *, by: User) -> None:
    _audit(Entry.Event.FILING_VIEWED, filing, by)


def _audit(event: Entry.Event, filing: Filing, by: User) -> None:
    audit.record(
        event, clinic_id=filing.clinic_id, actor_id=by.id, matter_id=filing.matter_id, object_id=filing.id
    )
