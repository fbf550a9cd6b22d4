"""Count open dates again with today's rules and holidays, and decide about each that comes out otherwise.

A date is listed when its dates, the standing of its text or the text's version came out otherwise than
in the count it stands on. A new pack or holiday table that changes nothing about a date is no reason to
ask about it. Nothing changes until someone decides: *accept* moves the date; *keep* is a move to where
it stands, so that a fatal date asks two people for either. Both are kept in the history.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from caseapp.access.models import User
from caseapp.deadlines import recounts, services
from caseapp.deadlines.models import Change, Deadline, DeadlineQuerySet
from caseapp.deadlines.recounts import Kept
from caseapp.deadlines.rules import calendar, pack
from caseapp.deadlines.rules.engine import compute
from caseapp.deadlines.rules.errors import RuleError
from caseapp.deadlines.rules.model import Computation, Pack, Rule
from caseapp.deadlines.services import NotSoDecided
from caseapp.matters.models import Matter
from caseapp.matters.queries import PRINCIPAL_FIRST, open_together

MOST_COUNTED = 2000
MOST_COUNTED_IN_PASSING = 300
MOST_REMEMBERED = 100_000
COMPARED = ("nominal", "legal", "safe", "text_status", "in_force_status")


@dataclass(frozen=True)
class Difference:
    """One open date that comes out otherwise today. `after` is None when it cannot be counted any more."""

    deadline: Deadline
    before: Kept
    after: Computation | None
    why: tuple[str, ...]
    waiting: Change | None = None

    @property
    def before_dates(self) -> dict[str, date]:
        return {name: date.fromisoformat(self.before[name]) for name in ("nominal", "legal", "safe")}

    @property
    def moves(self) -> bool:
        """Whether a day comes out otherwise, and not only the standing of the text."""
        after = self.after
        return after is not None and self.before_dates != {
            "nominal": after.nominal,
            "legal": after.legal,
            "safe": after.safe,
        }

    @property
    def set_by_hand(self) -> bool:
        """Whether someone has moved the date away from its count."""
        kept = self.before_dates
        return (self.deadline.legal, self.deadline.safe) != (kept["legal"], kept["safe"])

    @property
    def seen(self) -> str:
        """Return what stands for this very comparison, so that a decision is about what was shown."""
        return _mark(self.after.as_json()) if self.after else "gone"


@dataclass(frozen=True)
class Queue:
    """What came out otherwise. `all_counted` is False when only the most urgent dates were counted."""

    differences: tuple[Difference, ...]
    counted: int
    all_counted: bool


class _Agreeing:
    """Which dates were counted again and came out alike, so that this process does not count them twice.

    Ids only. A new pack or table empties it; a date's own count changes only into today's.
    """

    def __init__(self) -> None:
        self._pack: Pack | None = None
        self._table = ""
        self._ids: set[UUID] = set()

    def ids(self) -> set[UUID]:
        current, table = pack.shipped_pack(), calendar.HOLIDAY_TABLE
        if self._pack is not current or self._table != table or len(self._ids) > MOST_REMEMBERED:
            self._pack, self._table, self._ids = current, table, set()
        return self._ids


_agreeing = _Agreeing()


def queue(user: User, *, at_most: int = MOST_COUNTED) -> Queue:
    """Count the open dates this person may see again, the most urgent first, and return what differs."""
    urgent = Deadline.objects.visible_to(user).open().order_by("safe", "legal", "pk")
    ids = list(urgent.values_list("pk", flat=True)[: at_most + 1])
    agreeing = _agreeing.ids()
    unknown = [pk for pk in ids[:at_most] if pk not in agreeing]
    differences = _differences(user, unknown) if unknown else []
    return Queue(tuple(differences), counted=len(ids[:at_most]), all_counted=len(ids) <= at_most)


def counted_in_passing(user: User) -> DeadlineQuerySet:
    """Return the dates to act on first, which the Today page counts again in passing."""
    urgent = Deadline.objects.visible_to(user).open().order_by("safe", "legal", "pk")
    return urgent[:MOST_COUNTED_IN_PASSING]


def not_counted_yet(ids: Iterable[UUID]) -> list[UUID]:
    """Return those of the dates that this process has not counted again with today's rules and tables."""
    agreeing = _agreeing.ids()
    return [pk for pk in ids if pk not in agreeing]


def count_to_decide(deadlines: Iterable[Deadline], waiting: Container[UUID]) -> int:
    """Count which of these open dates, their keys held, wait in the queue for a decision."""
    return sum(1 for each in _differing(deadlines) if each.deadline.id not in waiting)


def _differences(user: User, ids: list[UUID]) -> list[Difference]:
    matters = Prefetch("matter", Matter.objects.prefetch_related(Prefetch("parties", PRINCIPAL_FIRST)))
    found = list(
        Deadline.objects.filter(pk__in=ids).order_by("safe", "legal", "pk").prefetch_related(matters)
    )
    open_together(user.clinic_id, {d.matter_id: d.matter for d in found}.values())
    return differences_of(found)


def differences_of(deadlines: Iterable[Deadline]) -> list[Difference]:
    """Return those of the open dates that come out otherwise today, each with the decision that waits."""
    found = _differing(deadlines)
    ids = [each.deadline.id for each in found]
    waiting = Change.objects.filter(deadline__in=ids, state=Change.State.WAITING).select_related("by")
    changes = {change.deadline_id: change for change in waiting} if ids else {}
    return [replace(each, waiting=changes.get(each.deadline.id)) for each in found]


def _differing(deadlines: Iterable[Deadline]) -> list[Difference]:
    found, agreeing = [], _agreeing.ids()
    for deadline in deadlines:
        if deadline.id in agreeing or not deadline.is_open:
            continue
        difference = difference_of(deadline)
        if difference:
            found.append(difference)
        else:
            agreeing.add(deadline.id)
    return found


def difference_of(deadline: Deadline) -> Difference | None:
    """Count one date again. None when it comes out alike, was decided about, or no rule computed it."""
    before = recounts.in_effect(deadline.computation)
    if not before.get("rule"):
        return None
    try:
        after = _again(before)
    except RuleError as error:
        gone = _("It cannot be counted any more: %(why)s") % {"why": error.message}
        return None if _decided(deadline, None) else Difference(deadline, before, None, (gone,))
    why = _why(before, after)
    if not why or _decided(deadline, after):
        return None
    return Difference(deadline, before, after, tuple(why))


def _again(before: Kept) -> Computation:
    """Count from what the computation keeps; where its text no longer governs, with the text that does."""
    rules = pack.shipped_pack()
    on, service = date.fromisoformat(before["trigger"]), before["service"]
    stopped = [(date.fromisoformat(a), date.fromisoformat(b)) for a, b in before.get("stops", [])]
    again = compute(before["rule"], on, service, before["variant"] or None, stopped, pack=rules)
    if before["in_force_status"] != "operative" or again.in_force_status == "operative":
        return again
    try:
        governing = compute(before["rule"], on, service, None, stopped, pack=rules)
    except RuleError:
        return again
    alike = (governing.kind, governing.severity, governing.protective)
    return governing if alike == (again.kind, again.severity, again.protective) else again


def _why(before: Kept, after: Computation) -> list[str]:
    """Say what came out otherwise; nothing when only the name of the pack or table is new."""
    now = after.as_json()
    if all(before[name] == now[name] for name in COMPARED) and _text(before) == _text(now):
        return []
    why = []
    if _text(before) != _text(now):
        words = {"old": _text(before), "new": _text(now)}
        why.append(_("The text counted was %(old)s; now it is %(new)s.") % words)
    if before["in_force_status"] != now["in_force_status"]:
        words = {"old": before["in_force_status"], "new": now["in_force_status"]}
        why.append(_("Its standing was “%(old)s” and is now “%(new)s”.") % words)
    if before["text_status"] != now["text_status"]:
        words = {"old": before["text_status"], "new": now["text_status"]}
        why.append(_("Its text was %(old)s and is now %(new)s.") % words)
    if before["holiday_table"] != now["holiday_table"]:
        words = {"old": before["holiday_table"], "new": now["holiday_table"]}
        why.append(_("The holiday table was %(old)s; now it is %(new)s.") % words)
    if before["version"].partition("/")[0] != now["version"].partition("/")[0]:
        words = {"old": before["version"].partition("/")[0], "new": now["version"].partition("/")[0]}
        why.append(_("The rule pack was of %(old)s; now it is of %(new)s.") % words)
    return why or [_("The count comes out otherwise today.")]


def _text(counted: Kept) -> str:
    """Return which text was counted: its version without the pack's, and the variant."""
    text = str(counted["version"].partition("/")[2])
    return f"{text} ({counted['variant']})" if counted["variant"] else text


def _mark(counted: Kept) -> str:
    parts = [
        counted[name] for name in (*COMPARED, "version", "holiday_table", "trigger", "service", "variant")
    ]
    return "|".join(parts)


def _decided(deadline: Deadline, after: Computation | None) -> bool:
    """Whether the latest decision was about this very count, done or waiting for a second person."""
    latest = recounts.latest_decided(deadline.computation)
    if latest is None:
        return False
    waits = deadline.computation[recounts.RECOUNTS][-1]["state"] == recounts.ASKED
    if after is None:
        return bool(latest.get("gone")) and not waits
    return not latest.get("gone") and _mark(latest) == _mark(after.as_json()) and not waits


def accept(deadline: Deadline, *, by: User, at: datetime, seen: str) -> Change:
    """Move the date to where it is counted today. Raises NotSoDecided if that is not what was shown."""
    difference = _still(deadline, seen)
    after = difference.after
    if after is None:
        raise NotSoDecided(_("It cannot be counted any more. Keep the date, or change it by hand."))
    reason = _("Counted again. %(why)s") % {"why": " ".join(difference.why)}
    counted = {**after.as_json(), "why": deadline.computation.get("why", "")}
    return services.move(
        deadline,
        by=by,
        at=at,
        legal=after.legal,
        safe=after.safe,
        reason=reason,
        recount=recounts.recount(counted),
    )


def keep(deadline: Deadline, *, by: User, at: datetime, reason: str, seen: str) -> Change:
    """Let the date stand as it is, and say why. It is not asked about again for the same count."""
    difference = _still(deadline, seen)
    if not reason.strip():
        raise NotSoDecided(_("Say why the date stays as it is."))
    counted = difference.after.as_json() if difference.after else {"gone": True}
    why = {"why": " ".join(difference.why), "reason": reason}
    return services.move(
        deadline,
        by=by,
        at=at,
        legal=deadline.legal,
        safe=deadline.safe,
        reason=_("Kept as it is: %(reason)s (Counted again. %(why)s)") % why,
        recount=recounts.recount(counted, kept=True),
    )


def _still(deadline: Deadline, seen: str) -> Difference:
    difference = difference_of(deadline)
    if difference is None or difference.seen != seen:
        raise NotSoDecided(_("This was decided or counted otherwise since you looked. Look again."))
    return difference


def rules_to_check_again(deadlines: Iterable[Deadline], *, today: date) -> list[Rule]:
    """Return each rule, once, that open dates rest on and whose standing must be looked up again."""
    known = pack.shipped_pack().rules
    used = {d.computation.get("rule") for d in deadlines if d.is_open}
    due = [known[rule_id] for rule_id in used if rule_id in known and known[rule_id].recheck_due(today)]
    return sorted(due, key=lambda rule: rule.title)
