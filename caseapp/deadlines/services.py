"""Turn events into dates, and decide about dates. Each function is one thing a caseworker does."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from caseapp.access.models import User
from caseapp.access.rules import MATRIX, Act, check_may_work_on
from caseapp.audit import services as audit
from caseapp.audit.models import Entry
from caseapp.days import in_words, previous_open_day
from caseapp.deadlines import printed, recounts
from caseapp.deadlines.models import CaseEvent, Change, Deadline
from caseapp.deadlines.rules import events, ladder, pack
from caseapp.deadlines.rules.calendar import is_closed
from caseapp.deadlines.rules.model import Computation, Severity
from caseapp.errors import Refused
from caseapp.matters.models import Matter

A_NIGHT = timedelta(hours=12)
ASK_AGAIN = lazy("Reload the page to see what was decided and by whom.")


class NotSoDecided(Refused):
    """The decision cannot be taken as asked."""


class DoubtfulDate(NotSoDecided):
    """What is printed is later than the law allows. Someone has to look at the paper again."""


class AlreadyDecided(Refused):
    """Someone got there first."""


class NeedsAnother(Refused):
    """One person is not enough, and this is the same person."""


def _and_reload(what: str) -> str:
    return f"{what} {ASK_AGAIN}"


# --- events and what they propose


@transaction.atomic
def record_event(
    matter: Matter, *, kind: str, on: date, service: str, outcome: str, note: str, by: User, at: datetime
) -> tuple[CaseEvent, list[Deadline]]:
    """Record what happened and propose every date it makes. Nothing becomes a deadline by itself."""
    check_may_work_on(by, matter, Act.RECORD_EVENT)
    proposals = events.proposals(kind, on, service=service, outcome=outcome)
    event = enter(matter, kind=kind, on=on, service=service, outcome=outcome, note=note, by=by, at=at)
    deadlines = [
        propose(event, proposal.computation, why=proposal.why, protective=proposal.protective, by=by)
        for proposal in proposals
    ]
    return event, deadlines


@transaction.atomic
def record_printed_date(
    matter: Matter,
    *,
    title: str,
    due: date,
    notice_on: date,
    severity: str,
    note: str,
    by: User,
    at: datetime,
    notice: str = "",
    service: str = "n/a",
    as_printed: bool = False,
) -> Deadline:
    """Record a date that a notice or a judge set. What is printed counts; the count is its check.

    The safe date is the printed day, the last open day before it, or the one counted if that is earlier.
    Raises DoubtfulDate for a day later than the law allows, unless the paper says so (`as_printed`).
    """
    check_may_work_on(by, matter, Act.RECORD_EVENT)
    if due < notice_on:
        raise NotSoDecided(_("The due date is before the notice. Check both dates on the paper."))
    checked = printed.check(due, notice=notice, notice_on=notice_on, service=service)
    if checked.doubtful and not as_printed:
        raise DoubtfulDate(_("%(found)s Is that what the paper says?") % {"found": checked.findings[0]})
    event = enter(
        matter, kind="printed-date", on=notice_on, service=service, outcome="", note=note, by=by, at=at
    )
    deadline = Deadline(
        clinic_id=matter.clinic_id,
        matter=matter,
        event=event,
        title=title,
        computation=_printed(checked),
        severity=severity,
        nominal=due,
        legal=due,
        safe=checked.safe,
        ladder=list(ladder.for_severity(_severity(severity), detained=matter.detained)),
    )
    return _save_proposal(deadline, by=by)


def _severity(text: str) -> Severity:
    return cast(Severity, Deadline.Severity(text).value)


def _printed(checked: printed.Checked) -> dict[str, Any]:
    due, safe = checked.due, checked.safe
    said = {"due": in_words(due), "safe": in_words(safe)}
    steps = [[_("The notice prints %(due)s as the last day. What is printed counts.") % said, ""]]
    if checked.computation is not None:
        steps += [[found, ""] for found in checked.findings]
        steps += [[step.text, step.authority] for step in checked.computation.steps]
        steps.append([_("Act by %(safe)s.") % said, ""])
    elif safe != due:
        steps.append(
            [_("That is a closed day. The last open day before it is %(safe)s: act by then.") % said, ""]
        )
    return {
        "rule": None,
        "steps": steps,
        "legal": due.isoformat(),
        "safe": safe.isoformat(),
        "text_status": "",
        "in_force_status": "",
    }


def enter(matter: Matter, *, by: User, at: datetime, **said: Any) -> CaseEvent:
    """Enter an event without asking whether `by` may, and without its dates: see record_event."""
    event = CaseEvent(clinic_id=matter.clinic_id, matter=matter, recorded_by=by, recorded_at=at, **said)
    event.save(force_insert=True)
    audit.record(
        Entry.Event.EVENT_RECORDED,
        clinic_id=by.clinic_id,
        actor_id=by.id,
        matter_id=matter.id,
        object_id=event.id,
    )
    return event


def propose(event: CaseEvent, computation: Computation, *, why: str, protective: bool, by: User) -> Deadline:
    """Propose one date of an event, as counted."""
    rule = pack.rule(computation.rule)
    deadline = Deadline(
        clinic_id=event.clinic_id,
        matter=event.matter,
        event=event,
        title=rule.title,
        computation={**computation.as_json(), "why": why, "contested": computation.contested},
        severity=computation.severity,
        protective=protective,
        nominal=computation.nominal,
        legal=computation.legal,
        safe=computation.safe,
        ladder=list(ladder.for_rule(rule, detained=event.matter.detained)),
    )
    return _save_proposal(deadline, by=by)


def _save_proposal(deadline: Deadline, *, by: User) -> Deadline:
    deadline.save(force_insert=True)
    audit.record(
        Entry.Event.DEADLINE_PROPOSED,
        clinic_id=by.clinic_id,
        actor_id=by.id,
        matter_id=deadline.matter_id,
        object_id=deadline.id,
    )
    return deadline


# --- decisions: one person asks, and for a fatal date a second person decides


def confirm(deadline: Deadline, *, by: User, at: datetime) -> Change:
    """Say that the date is right. A fatal one becomes a deadline when a second person says so too."""
    if deadline.state != Deadline.State.PROPOSED:
        raise AlreadyDecided(_and_reload(_("This date is confirmed already.")))
    return _decide(deadline, Change.Kind.CONFIRM, by=by, at=at)


def mark_met(
    deadline: Deadline,
    *,
    by: User,
    at: datetime,
    on: date,
    today: date,
    proof: str,
    filing_id: UUID | None = None,
    document_id: UUID | None = None,
) -> Change:
    """Say that what was due was done on the day `on`: by a filing, as a document shows, or as told."""
    if on > today:
        raise NotSoDecided(_("That day has not come yet. Enter the day on which it was done."))
    if filing_id is None and document_id is None and not proof.strip():
        raise NotSoDecided(_("Say how it was done: choose the filing or a document, or describe the proof."))
    proven_by: dict[str, Any] = {"filing_id": filing_id, "document_id": document_id}
    return _decide(deadline, Change.Kind.MEET, by=by, at=at, reason=proof, on=on, **proven_by)


def move(
    deadline: Deadline,
    *,
    by: User,
    at: datetime,
    legal: date,
    reason: str,
    safe: date | None = None,
    recount: recounts.Kept | None = None,
) -> Change:
    """Change the date, with the reason and its authority. The computed date stays beside it.

    `recount`: the count made again that is decided about; once done, the date stands on it, with its
    own three dates. Without `safe`, the day to act is the new day or the open day before it.
    """
    if not reason.strip():
        raise NotSoDecided(_("Say why the date changes and on what authority: an order, a rule, a notice."))
    safe = safe or previous_open_day(legal, is_closed)
    said = {"reason": reason, "legal": max(legal, safe), "safe": safe}
    return _decide(deadline, Change.Kind.MOVE, by=by, at=at, recount=recount, **said)


def drop(deadline: Deadline, *, by: User, at: datetime, reason: str) -> Change:
    """Say that the date no longer applies, and why. It stays in the matter's history."""
    if not reason.strip():
        raise NotSoDecided(_("Say why this date no longer applies."))
    return _decide(deadline, Change.Kind.DROP, by=by, at=at, reason=reason)


@transaction.atomic
def reopen(deadline: Deadline, *, by: User, at: datetime, reason: str) -> Change:
    """Open a closed date again: the safe way, so one person is enough."""
    check_may_work_on(by, deadline.matter, Act.DECIDE_DEADLINE)
    if deadline.is_open:
        raise AlreadyDecided(_and_reload(_("This date is open already.")))
    change = _new_change(deadline, Change.Kind.REOPEN, by=by, at=at, reason=reason)
    _carry_out(change, deadline)
    return change


def _decide(
    deadline: Deadline,
    kind: Change.Kind,
    *,
    by: User,
    at: datetime,
    recount: recounts.Kept | None = None,
    **said: Any,
) -> Change:
    check_may_work_on(by, deadline.matter, Act.DECIDE_DEADLINE)
    if not deadline.is_open:
        raise AlreadyDecided(_and_reload(_("This date is closed already.")))
    try:
        with transaction.atomic():
            change = _new_change(deadline, kind, by=by, at=at, **said)
            if recount:
                _keep_beside(deadline, change, recount)
            if change.state == Change.State.DONE:
                _carry_out(change, deadline)
            else:
                _audit(Entry.Event.CHANGE_ASKED, change, by)
    except IntegrityError:
        raise AlreadyDecided(
            _("Another decision about this date waits for a second person. Settle that one first.")
        ) from None
    return change


def _new_change(deadline: Deadline, kind: Change.Kind, *, by: User, at: datetime, **said: Any) -> Change:
    waits = deadline.wants_two and kind != Change.Kind.REOPEN
    change = Change(
        clinic_id=deadline.clinic_id,
        matter_id=deadline.matter_id,
        deadline=deadline,
        kind=kind,
        state=Change.State.WAITING if waits else Change.State.DONE,
        by=by,
        at=at,
        **said,
    )
    change.save(force_insert=True)
    return change


@transaction.atomic
def second(change: Change, *, by: User, at: datetime) -> None:
    """Agree, as the second person, to a decision about a fatal date.

    Raises NeedsAnother for the person who asked, unless nobody else at the clinic could and it is
    the next day; AlreadyDecided when a colleague settled it a moment ago.
    """
    deadline = change.deadline
    check_may_work_on(by, deadline.matter, Act.DECIDE_DEADLINE)
    if not may_second(change, by=by, at=at):
        alone_from = alone_may_second_from(change, by=by)
        if alone_from is None:
            raise NeedsAnother(
                _("You asked, so someone else has to agree. Ask a colleague on the matter or a director.")
            )
        when = alone_from.astimezone(ZoneInfo(by.clinic.time_zone))
        raise NeedsAnother(
            _("You asked. Nobody else at the clinic may agree, so you can yourself from %(day)s, %(hour)s.")
            % {"day": in_words(when.date()), "hour": f"{when:%H:%M}"}
        )
    waiting = Change.objects.filter(pk=change.pk, state=Change.State.WAITING)
    if waiting.update(state=Change.State.DONE, second_by=by, second_at=at) != 1:
        raise AlreadyDecided(_and_reload(_("This was settled a moment ago.")))
    change.refresh_from_db()
    _carry_out(change, deadline, by=by)


@transaction.atomic
def refuse(change: Change, *, by: User, at: datetime) -> None:
    """Say no, as the second person, or take one's own request back. The date stays as it was."""
    check_may_work_on(by, change.deadline.matter, Act.DECIDE_DEADLINE)
    waiting = Change.objects.filter(pk=change.pk, state=Change.State.WAITING)
    if waiting.update(state=Change.State.REFUSED, second_by=by, second_at=at) != 1:
        raise AlreadyDecided(_and_reload(_("This was settled a moment ago.")))
    _settle_recount(change, change.deadline, agreed=False)
    _audit(Entry.Event.CHANGE_REFUSED, change, by)


def may_second(change: Change, *, by: User, at: datetime) -> bool:
    """Whether this person may be the second: someone else, or the asker alone at the clinic the next day."""
    if by != change.by:
        return True
    alone_from = alone_may_second_from(change, by=by)
    return alone_from is not None and at >= alone_from


def alone_may_second_from(change: Change, *, by: User) -> datetime | None:
    """Return since when the asker may agree to their own request; None while anyone else at the clinic may.

    That is the next day at the clinic, and a night later: what was asked at 23:50 is not looked at again,
    with other eyes, at ten past midnight.
    """
    deciders = [role for role, acts in MATRIX.items() if Act.DECIDE_DEADLINE in acts]
    colleagues = User.objects.filter(clinic_id=by.clinic_id, is_active=True, role__in=deciders)
    if by != change.by or colleagues.exclude(pk=by.pk).exists():
        return None
    zone = ZoneInfo(by.clinic.time_zone)
    next_day = change.at.astimezone(zone).date() + timedelta(days=1)
    midnight = datetime.combine(next_day, time.min, tzinfo=zone).astimezone(UTC)
    return max(midnight, change.at.astimezone(UTC) + A_NIGHT)


DONE_AS = {
    Change.Kind.CONFIRM: Entry.Event.DEADLINE_CONFIRMED,
    Change.Kind.MEET: Entry.Event.DEADLINE_MET,
    Change.Kind.MOVE: Entry.Event.DEADLINE_MOVED,
    Change.Kind.DROP: Entry.Event.DEADLINE_DROPPED,
    Change.Kind.REOPEN: Entry.Event.DEADLINE_REOPENED,
}


def _carry_out(change: Change, deadline: Deadline, *, by: User | None = None) -> None:
    """Make the deadline what the change says. Counts its own rows: of two people only one succeeds."""
    states, new = _effect(change)
    still = Deadline.objects.filter(pk=deadline.pk, state__in=states)
    if still.update(**new) != 1:
        raise AlreadyDecided(_and_reload(_("This date was decided a moment ago.")))
    deadline.refresh_from_db(fields=["state", "met_on", "legal", "safe"])
    _settle_recount(change, deadline, agreed=True)
    _audit(DONE_AS[Change.Kind(change.kind)], change, by or change.by)


def _effect(change: Change) -> tuple[list[str], dict[str, Any]]:
    """Return the states a deadline may be in for this change, and what it becomes."""
    state = Deadline.State
    match change.kind:
        case Change.Kind.CONFIRM:
            return [state.PROPOSED], {"state": state.CONFIRMED}
        case Change.Kind.MEET:
            return [state.PROPOSED, state.CONFIRMED], {"state": state.MET, "met_on": change.on}
        case Change.Kind.MOVE:
            moved = {"state": state.CONFIRMED, "legal": change.legal, "safe": change.safe}
            return [state.PROPOSED, state.CONFIRMED], moved
        case Change.Kind.DROP:
            return [state.PROPOSED, state.CONFIRMED], {"state": state.DROPPED}
        case _:
            return [state.MET, state.DROPPED], {"state": state.CONFIRMED, "met_on": None}


def _keep_beside(deadline: Deadline, change: Change, recount: recounts.Kept) -> None:
    """Keep the count made again in the computation, until the decision about it falls."""
    _lock(deadline)
    deadline.computation = recounts.asked(deadline.computation, change.id, recount)
    deadline.save(update_fields=["computation"])


def _lock(deadline: Deadline) -> None:
    """Read the computation as it is now, and let nobody else write it until this is over."""
    Deadline.objects.select_for_update().only("pk").get(pk=deadline.pk)
    deadline.refresh_from_db(fields=["computation"])


def _settle_recount(change: Change, deadline: Deadline, *, agreed: bool) -> None:
    """Say how the decision about a count made again fell; if it was followed, take its three dates."""
    if change.kind != Change.Kind.MOVE:
        return
    _lock(deadline)
    computation = recounts.settled(deadline.computation, change.id, agreed=agreed)
    if computation is None:
        return
    deadline.computation = computation
    fields = ["computation"]
    again = recounts.of_change(computation, change.id)
    if agreed and again and not again["kept"]:
        for name in ("nominal", "legal", "safe"):
            setattr(deadline, name, date.fromisoformat(again["counted"][name]))
            fields.append(name)
    deadline.save(update_fields=fields)


def _audit(event: Entry.Event, change: Change, by: User | None) -> None:
    audit.record(
        event,
        clinic_id=change.clinic_id,
        actor_id=by.id if by else None,
        matter_id=change.matter_id,
        object_id=change.deadline_id,
    )


@transaction.atomic
def record_event_view(event: CaseEvent, *, by: User) -> None:
    """Record that someone looked at an event and the dates it made."""
    audit.record(
        Entry.Event.DEADLINE_VIEWED,
        clinic_id=by.clinic_id,
        actor_id=by.id,
        matter_id=event.matter_id,
        object_id=event.id,
    )


@transaction.atomic
def record_view(deadline: Deadline, *, by: User) -> None:
    audit.record(
        Entry.Event.DEADLINE_VIEWED,
        clinic_id=by.clinic_id,
        actor_id=by.id,
        matter_id=deadline.matter_id,
        object_id=deadline.id,
    )
