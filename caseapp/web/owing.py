"""How much is owed, counted in one query for the page and the rail beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest

from caseapp import clock
from caseapp.access import queries as access
from caseapp.access.models import User
from caseapp.access.rules import Act, may
from caseapp.deadlines import notices
from caseapp.deadlines import queries as deadlines
from caseapp.matters import queries as matters
from caseapp.retention import queries as retention

_KEPT = "amparo_counts"


def counts(request: HttpRequest) -> dict[str, int]:
    """Return the counts of the rail, asked for once in a request."""
    if not hasattr(request, _KEPT):
        look(request, ids={})
    return cast(dict[str, int], getattr(request, _KEPT))


def look(request: HttpRequest, *, ids: Mapping[str, QuerySet[Any]]) -> dict[str, list[UUID]]:
    """Ask for the rail's counts, and with them for the ids that the page needs."""
    user = cast(User, request.user)
    counted, found = access.look_together(user, counts=_countable(user), ids=ids)
    setattr(request, _KEPT, counted)
    return found


def _countable(user: User) -> dict[str, QuerySet[Any]]:
    today = clock.today(user.clinic.time_zone)
    found: dict[str, QuerySet[Any]] = {
        "late": deadlines.late(user, today=today),
        "due": deadlines.due(user, today=today),
    }
    if may(user, Act.RECORD_EVENT):
        found["notices"] = notices.waiting(user)
        found["quiet"] = matters.quiet(user)
    if may(user, Act.APPROVE_PURGE):
        found["purges"] = retention.to_approve(user)
    return found
