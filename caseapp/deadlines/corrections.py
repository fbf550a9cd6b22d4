"""Correct an event that was entered wrongly: compare the dates it made with those it should have made.

The wrong entry stays and says so. Each of its open dates is asked to move, with the two people that a
fatal one wants; a date that no longer follows is asked to be dropped, and one that follows newly is
proposed. A date already met is proof of what was done, so such an event is not corrected.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from caseapp.access.models import User
from caseapp.access.rules import Act, check_may_work_on
from caseapp.days import day_of_month
from caseapp.deadlines import queries, recounts, services
from caseapp.deadlines.models import CaseEvent, Change, Deadline
from caseapp.deadlines.recounts import Kept
from caseapp.deadlines.rules import events, pack
from caseapp.deadlines.rules.events import Proposal
from caseapp.deadlines.services import NotSoDecided

PRINTED = "printed-date"
CORRECTED_BY = "corrected_by"
LONGEST_NOTE = 1000
COUNTED_FROM = ("legal", "safe", "trigger", "service", "variant")


@dataclass(frozen=True, slots=True)
class Said:
    """What happened, as it should have been entered."""

    on: date
    service: str
    outcome: str
    note: str


@dataclass(frozen=True)
class Compared:
    """One date before and after. Without `deadline` it follows newly; without `proposal` no longer."""

    deadline: Deadline | None
    proposal: Proposal | None
    waiting: Change | None = None

    @property
    def before(self) -> Kept | None:
        return recounts.in_effect(self.deadline.computation) if self.deadline else None

    @property
    def moves(self) -> bool:
        """Whether the count is another one: another day, or the same day for another reason."""
        if self.before is None or self.proposal is None:
            return False
        now = self.proposal.computation.as_json()
        return any(
            self.before[name] != now[name] for name in ("legal", "safe", "trigger", "service", "variant")
        )

    @property
    def title(self) -> str:
        if self.deadline:
            return str(self.deadline.title)
        return pack.rule(self.proposal.computation.rule).title if self.proposal else ""

    @property
    def same_dates(self) -> bool:
        if self.deadline is None or self.proposal is None:
            return False
        counted = self.proposal.computation
        return (self.deadline.legal, self.deadline.safe) == (counted.legal, counted.safe)


def dates_of(event: CaseEvent) -> list[Deadline]:
    """Return the dates that stand on the event: those it made, and those moved to it by a correction."""
    made = queries.deadlines_from(event)
    others = Deadline.objects.filter(matter=event.matter).exclude(event=event).order_by("safe", "legal", "pk")
    moved = [d for d in others if d.computation.get(CORRECTED_BY) == str(event.id)]
    for deadline in moved:
        deadline.matter = event.matter
    return [*moved, *made]


def corrected_by(event: CaseEvent) -> UUID | None:
    """Return the entry that corrects this one, if it was corrected."""
    named = [d.computation.get(CORRECTED_BY) for d in Deadline.objects.filter(event=event)]
    named += [d.computation.get(CORRECTED_BY) for d in dates_of(event)]
    found = next((each for each in named if each and each != str(event.id)), None)
    return UUID(found) if found else None


def may_be_corrected(event: CaseEvent) -> bool:
    """Whether it has dates, none of them met, and was not corrected already."""
    dates = dates_of(event)
    met = any(d.state == Deadline.State.MET for d in dates)
    return event.kind != PRINTED and bool(dates) and not met and corrected_by(event) is None


def check_may_be_corrected(event: CaseEvent) -> None:
    """Raise NotSoDecided unless the event may be corrected."""
    if not may_be_corrected(event):
        raise NotSoDecided(
            _("This entry cannot be corrected: a date of it was met, or it was corrected already.")
        )


def compare(event: CaseEvent, said: Said) -> list[Compared]:
    """Return each open date beside what it should be; raises the refusal the computation gives."""
    proposals = events.proposals(event.kind, said.on, service=said.service, outcome=said.outcome)
    dates = [d for d in dates_of(event) if d.is_open]
    waiting = queries.waiting_of(event.matter)
    return list(_paired(dates, proposals, waiting))


def _paired(
    dates: list[Deadline], proposals: list[Proposal], waiting: dict[UUID, Change]
) -> Iterator[Compared]:
    """Pair each date with its rule's and variant's proposal, or else with one of the rule left over."""
    left = list(proposals)
    pairs: dict[UUID, Proposal] = {}
    for exactly in (True, False):
        for deadline in dates:
            kept = recounts.in_effect(deadline.computation)
            for proposal in left:
                counted = proposal.computation
                alike = counted.rule == kept["rule"] and deadline.protective == proposal.protective
                if deadline.id not in pairs and alike and (counted.variant == kept["variant"] or not exactly):
                    pairs[deadline.id] = proposal
                    left.remove(proposal)
                    break
    for deadline in dates:
        yield Compared(deadline, pairs.get(deadline.id), waiting.get(deadline.id))
    yield from (Compared(None, proposal) for proposal in left)


@transaction.atomic
def correct(event: CaseEvent, said: Said, *, by: User, at: datetime) -> CaseEvent:
    """Enter the event as it was, and ask for each date it changes. Returns the new entry."""
    for act in (Act.RECORD_EVENT, Act.DECIDE_DEADLINE):
        check_may_work_on(by, event.matter, act)
    CaseEvent.objects.select_for_update().only("pk").get(pk=event.pk)
    check_may_be_corrected(event)
    if (event.on, event.service, event.outcome) == (said.on, said.service, said.outcome):
        raise NotSoDecided(_("That is what was entered already. Change the day, the service or the outcome."))
    rows = compare(event, said)
    standing = dates_of(event)
    new = services.enter(
        event.matter,
        kind=event.kind,
        on=said.on,
        service=said.service,
        outcome=said.outcome,
        note=said.note,
        by=by,
        at=at,
    )
    for deadline in standing:
        deadline.computation = {**deadline.computation, CORRECTED_BY: str(new.id)}
        deadline.save(update_fields=["computation"])
    reason = _("The entry was corrected: %(old)s is now %(new)s.") % {
        "old": day_of_month(event.on),
        "new": day_of_month(said.on),
    }
    for row in rows:
        _follow(row, new, reason=f"{reason} {said.note}".strip()[:LONGEST_NOTE], by=by, at=at)
    _say_corrected(event, said.on)
    return new


def _follow(row: Compared, new: CaseEvent, *, reason: str, by: User, at: datetime) -> None:
    if row.proposal is None:
        if row.deadline is not None:
            services.drop(row.deadline, by=by, at=at, reason=reason)
        return
    counted = row.proposal.computation
    if row.deadline is None:
        services.propose(new, counted, why=row.proposal.why, protective=row.proposal.protective, by=by)
    elif row.moves:
        again = {**counted.as_json(), "why": row.proposal.why}
        services.move(
            row.deadline,
            by=by,
            at=at,
            legal=counted.legal,
            safe=counted.safe,
            reason=reason,
            recount=recounts.recount(again),
        )


def _say_corrected(event: CaseEvent, on: date) -> None:
    words = _("Entered wrongly and corrected: it was %(day)s.") % {"day": day_of_month(on)}
    event.note = f"{event.note[: LONGEST_NOTE - len(words) - 1]} {words}".strip()
    event.save(update_fields=["note"])
