"""Who is told when nobody answers, and when nobody is told any more."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.core import mail

from caseapp.audit.models import Entry
from caseapp.deadlines import services as deadlines
from caseapp.deadlines.models import Deadline
from caseapp.matters import services as matters
from caseapp.matters.models import Assignment
from caseapp.reminders import escalation, queries, services
from caseapp.reminders.models import Reminder
from caseapp.reminders.services import NothingToAnswer
from tests.conftest import NOW, TODAY, Cast, make_user

SAFE = date(2026, 7, 2)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def noon(day: date) -> datetime:
    """Noon in New York, in summer."""
    return NOW + (day - TODAY)


WEEK_BEFORE = noon(SAFE - 7 * DAY)


def told(address: str) -> list[str]:
    """Return the first line of each message to the address."""
    return [message.body.splitlines()[0] for message in mail.outbox if message.to == [address]]


def test_a_director_is_told_when_nobody_on_the_matter_has_answered_for_a_day(
    cast: Cast, appeal: Deadline
) -> None:
    services.remind(now=WEEK_BEFORE)
    services.remind(now=WEEK_BEFORE + 23 * HOUR)
    before = told(cast.dee.email)
    services.remind(now=WEEK_BEFORE + 25 * HOUR)

    assert before == []
    assert told(cast.dee.email) == [f"{cast.matter.code}: 6 days left to act, and nobody has answered"]


def test_the_matters_supervisor_comes_before_the_directors(cast: Cast, appeal: Deadline) -> None:
    sol = make_user(cast.clinic, "Sol", "ATTORNEY")
    matters.assign(cast.matter, sol, role=Assignment.Role.SUPERVISOR, by=cast.dee, today=TODAY)

    services.remind(now=WEEK_BEFORE)
    first = (told(sol.email), told(cast.dee.email))
    services.remind(now=WEEK_BEFORE + 25 * HOUR)
    second = (len(told(sol.email)), told(cast.dee.email))
    services.remind(now=WEEK_BEFORE + 50 * HOUR)

    assert first == ([], [])
    assert second == (1, [])
    assert told(cast.dee.email) == [f"{cast.matter.code}: 5 days left to act, and nobody has answered"]


def test_within_three_days_hours_count(cast: Cast, appeal: Deadline) -> None:
    services.remind(now=noon(SAFE - 2 * DAY))
    services.remind(now=noon(SAFE - 2 * DAY) + 4 * HOUR + timedelta(minutes=1))

    assert told(cast.dee.email) == [f"{cast.matter.code}: 2 days left to act, and nobody has answered"]


def test_an_answer_keeps_it_from_going_further(cast: Cast, appeal: Deadline) -> None:
    services.remind(now=WEEK_BEFORE)
    services.acknowledge(appeal, by=cast.ana, at=WEEK_BEFORE + HOUR)

    for days in (1, 2):
        services.remind(now=WEEK_BEFORE + days * DAY + HOUR)

    assert told(cast.dee.email) == []
    assert Entry.objects.filter(event=Entry.Event.REMINDER_SEEN, actor_id=cast.ana.id).count() == 1


def test_an_answer_that_comes_before_the_message_to_those_above_recalls_it(
    cast: Cast, appeal: Deadline
) -> None:
    services.remind(now=WEEK_BEFORE)
    night = WEEK_BEFORE + 36 * HOUR
    services.remind(now=night)
    owed = Reminder.objects.filter(to=cast.dee, state=Reminder.State.OWED).count()
    services.acknowledge(appeal, by=cast.ana, at=night + HOUR)
    services.remind(now=WEEK_BEFORE + 2 * DAY)

    assert owed == 1
    assert told(cast.dee.email) == []


def test_a_volunteers_answer_is_kept_but_does_not_stop_it(cast: Cast, appeal: Deadline) -> None:
    services.remind(now=WEEK_BEFORE)
    services.acknowledge(appeal, by=cast.vic, at=WEEK_BEFORE + HOUR)
    services.remind(now=WEEK_BEFORE + 25 * HOUR)

    assert len(told(cast.dee.email)) == 1
    assert {r.to_id for r in queries.told_of(appeal) if r.seen_at} == {cast.vic.id}


def test_the_answer_to_one_rung_is_no_answer_to_the_next(cast: Cast, appeal: Deadline) -> None:
    services.remind(now=WEEK_BEFORE)
    services.acknowledge(appeal, by=cast.ana, at=WEEK_BEFORE + HOUR)
    services.remind(now=noon(SAFE - 5 * DAY))
    services.remind(now=noon(SAFE - 5 * DAY) + 25 * HOUR)

    assert told(cast.dee.email) == [f"{cast.matter.code}: 4 days left to act, and nobody has answered"]


def test_a_director_who_is_screened_off_is_never_told(cast: Cast, appeal: Deadline) -> None:
    dan = make_user(cast.clinic, "Dan", "DIRECTOR")
    matters.screen_off(cast.matter, cast.dee, by=dan, at=NOW)

    services.remind(now=WEEK_BEFORE)
    services.remind(now=WEEK_BEFORE + 25 * HOUR)

    assert told(cast.dee.email) == []
    assert len(told(dan.email)) == 1


def test_nobody_above_is_told_of_a_date_that_was_met_or_moved(cast: Cast, appeal: Deadline) -> None:
    services.remind(now=WEEK_BEFORE)
    change = deadlines.mark_met(appeal, by=cast.ana, at=NOW, on=TODAY, today=TODAY, proof="Stamped copy")
    deadlines.second(change, by=cast.dee, at=NOW)

    owed = escalation.escalate(now=WEEK_BEFORE + 2 * DAY)

    assert owed == 0


def test_escalating_twice_tells_once(cast: Cast, appeal: Deadline) -> None:
    services.remind(now=WEEK_BEFORE)

    first = escalation.escalate(now=WEEK_BEFORE + 25 * HOUR)
    second = escalation.escalate(now=WEEK_BEFORE + 26 * HOUR)

    assert (first, second) == (1, 0)


def test_whoever_was_told_nothing_has_nothing_to_answer(cast: Cast, appeal: Deadline) -> None:
    services.remind(now=WEEK_BEFORE)

    with pytest.raises(NothingToAnswer):
        services.acknowledge(appeal, by=cast.dee, at=WEEK_BEFORE)


def test_who_still_has_to_answer(cast: Cast, appeal: Deadline) -> None:
    services.remind(now=WEEK_BEFORE)
    before = [list(queries.to_answer(user)) for user in (cast.ana, cast.vic, cast.dee)]

    services.acknowledge(appeal, by=cast.ana, at=WEEK_BEFORE)

    assert before == [[appeal], [appeal], []]
    assert list(queries.to_answer(cast.ana)) == []
    assert queries.waits_for(appeal, cast.vic) and not queries.waits_for(appeal, cast.ana)


@pytest.mark.parametrize(("severity", "days"), [("serious", 2), ("advisory", 5)])
def test_less_grave_dates_wait_longer(cast: Cast, severity: str, days: int) -> None:
    deadlines.record_printed_date(
        cast.matter, title="Brief", due=SAFE, notice_on=TODAY, severity=severity, note="", by=cast.ana, at=NOW
    )
    start = noon(SAFE - 14 * DAY)
    services.remind(now=start)

    services.remind(now=start + days * DAY - HOUR)
    before = len(told(cast.dee.email))
    services.remind(now=start + days * DAY + HOUR)

    assert (before, len(told(cast.dee.email))) == (0, 1)
