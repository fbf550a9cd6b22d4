"""A client who is detained, or no longer: the reminders of every open date of the matter follow."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from django.db import transaction

from caseapp.access.models import User
from caseapp.deadlines.models import Deadline
from caseapp.deadlines.rules import ladder, pack
from caseapp.deadlines.rules.errors import RuleError
from caseapp.deadlines.rules.model import Severity
from caseapp.matters import services as matters
from caseapp.matters.models import Matter


@transaction.atomic
def move_to_stage(matter: Matter, *, stage: str, detained: bool, by: User, at: datetime) -> None:
    """Do what matters' move_to_stage does, and let the ladders of the open dates follow.

    The process that reminds cannot read whether a client is detained: it is told by the ladder alone.
    """
    before = matter.detained
    matters.move_to_stage(matter, stage=stage, detained=detained, by=by, at=at)
    if before == detained:
        return
    for deadline in Deadline.objects.open().select_for_update(of=("self",)).filter(matter=matter):
        Deadline.objects.filter(pk=deadline.pk).update(ladder=_ladder(deadline, detained=detained))


def _ladder(deadline: Deadline, *, detained: bool) -> list[int]:
    """Return the ladder of the date's rule, or of its severity where no rule computed it."""
    key = deadline.computation["rule"]
    try:
        rule = pack.rule(key) if key else None
    except RuleError:
        rule = None
    if rule is not None:
        return list(ladder.for_rule(rule, detained=detained))
    return list(ladder.for_severity(cast(Severity, deadline.severity), detained=detained))
