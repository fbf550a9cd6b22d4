"""On which day a date has to be looked at next: set by the database, put off by the sweep alone."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseapp.deadlines import custody
from caseapp.deadlines import services as deadlines
from caseapp.deadlines.models import Deadline
from caseapp.deadlines.rules.ladder import LADDERS, next_day, rung_due
from caseapp.reminders import owing
from tests.conftest import NOW, TODAY, Cast

SAFE = date(2026, 7, 2)
DAY = timedelta(days=1)


@pytest.fixture
def brief(cast: Cast) -> Deadline:
    return deadlines.record_printed_date(
        cast.matter,
        title="Brief",
        due=SAFE,
        notice_on=TODAY,
        severity="serious",
        note="",
        by=cast.ana,
        at=NOW,
    )


def remind_on(deadline: Deadline) -> date | None:
    return Deadline.objects.values_list("remind_on", flat=True).get(pk=deadline.pk)


def test_a_new_date_is_looked_at_from_its_first_rung(cast: Cast, brief: Deadline) -> None:
    assert remind_on(brief) == SAFE - 21 * DAY


def test_the_sweep_puts_it_off_to_the_next_rung(cast: Cast, brief: Deadline) -> None:
    owing.owe(cast.clinic.id, today=SAFE - 20 * DAY)

    assert remind_on(brief) == SAFE - 14 * DAY


def test_a_date_that_moves_is_owed_in_the_same_transaction(cast: Cast, brief: Deadline) -> None:
    deadlines.confirm(brief, by=cast.ana, at=NOW)
    owing.owe(cast.clinic.id, today=SAFE - DAY)

    deadlines.move(brief, by=cast.ana, at=NOW, legal=date(2026, 6, 11), reason="Order")

    assert remind_on(brief) == date(2026, 6, 11) - 21 * DAY


def test_a_date_that_is_opened_again_is_looked_at_again(cast: Cast, brief: Deadline) -> None:
    owing.owe(cast.clinic.id, today=SAFE - DAY)
    deadlines.drop(brief, by=cast.ana, at=NOW, reason="Withdrawn")

    deadlines.reopen(brief, by=cast.ana, at=NOW, reason="Not withdrawn after all")

    assert remind_on(brief) == SAFE - 21 * DAY


def test_a_client_detained_later_is_reminded_by_the_shorter_ladder(cast: Cast, brief: Deadline) -> None:
    owing.owe(cast.clinic.id, today=SAFE - 12 * DAY)
    before = remind_on(brief)

    custody.move_to_stage(cast.matter, stage=cast.matter.stage, detained=True, by=cast.ana, at=NOW)
    new = owing.owe(cast.clinic.id, today=SAFE - 11 * DAY)

    assert before == SAFE - 7 * DAY
    assert new == 2
    assert remind_on(brief) == SAFE - 7 * DAY


def test_saying_the_stage_alone_leaves_ladders_as_they_are(cast: Cast, brief: Deadline) -> None:
    Deadline.objects.filter(pk=brief.pk).update(ladder=[9, 0])

    custody.move_to_stage(cast.matter, stage="Individual", detained=False, by=cast.ana, at=NOW)

    assert Deadline.objects.get(pk=brief.pk).ladder == [9, 0]


def test_a_computed_date_follows_its_rules_own_ladder(cast: Cast) -> None:
    _event, dates = deadlines.record_event(
        cast.matter, kind="ij-decision", on=TODAY, service="oral", outcome="denied", note="",
        by=cast.ana, at=NOW,
    )  # fmt: skip
    before = {d.pk: set(d.ladder) for d in dates}

    custody.move_to_stage(cast.matter, stage=cast.matter.stage, detained=True, by=cast.ana, at=NOW)

    for deadline in Deadline.objects.filter(pk__in=before):
        assert set(deadline.ladder) == before[deadline.pk] | {(n + 1) // 2 for n in before[deadline.pk]}


@given(
    ladder=st.sampled_from(sorted(LADDERS.values())) | st.lists(st.integers(0, 40), min_size=1, max_size=6),
    lawful=st.integers(0, 9),
    ahead=st.integers(-60, 60),
)
def test_the_next_day_is_the_first_on_which_another_rung_is_due(
    ladder: tuple[int, ...], lawful: int, ahead: int
) -> None:
    today, legal = SAFE - ahead * DAY, SAFE + lawful * DAY
    now = rung_due(SAFE, ladder, today, legal=legal)

    day = today + DAY
    while rung_due(SAFE, ladder, day, legal=legal) == now:
        day += DAY

    assert next_day(SAFE, ladder, today, legal=legal) == day
