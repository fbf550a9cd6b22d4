"""The appeal that most tests of this room are about."""

from __future__ import annotations

import pytest

from caseapp.deadlines import services as deadlines
from caseapp.deadlines.models import Deadline
from tests.conftest import NOW, TODAY, Cast


@pytest.fixture
def appeal(cast: Cast) -> Deadline:
    """The appeal of a decision of 3 June, confirmed by two: act by 2 July, last lawful day 6 July."""
    _event, dates = deadlines.record_event(
        cast.matter,
        kind="ij-decision",
        on=TODAY,
        service="oral",
        outcome="denied",
        note="",
        by=cast.ana,
        at=NOW,
    )
    main = next(d for d in dates if d.computation["variant"] == "30d")
    for other in dates:
        if other != main:
            change = deadlines.drop(other, by=cast.ana, at=NOW, reason="Only the appeal in this test")
            if other.wants_two:
                deadlines.second(change, by=cast.dee, at=NOW)
    deadlines.second(deadlines.confirm(main, by=cast.ana, at=NOW), by=cast.dee, at=NOW)
    main.refresh_from_db()
    return main
