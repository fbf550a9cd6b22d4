"""When a message may go: one a day, a second one for what is fatal and near, and none at night."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core import mail

from caseapp.deadlines import services as deadlines
from caseapp.deadlines.models import Deadline
from caseapp.reminders import services
from caseapp.reminders.hours import Clockface
from caseapp.reminders.models import Dispatch
from caseapp.reminders.services import HoursRefused
from tests.conftest import NOW, TODAY, Cast

SAFE = date(2026, 7, 2)
USUAL: dict[str, Any] = {"time_zone": "", "morning": 7, "quiet_from": 20, "quiet_until": 7}


def at(day: date, hour: int) -> datetime:
    """That hour in New York, in summer."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour + 4)


def times_told(address: str) -> int:
    return len([message for message in mail.outbox if message.to == [address]])


def printed(cast: Cast, due: date, severity: str) -> Deadline:
    return deadlines.record_printed_date(
        cast.matter, title="Paper", due=due, notice_on=TODAY, severity=severity, note="", by=cast.ana, at=NOW
    )


def test_what_comes_up_after_the_days_message_waits_for_the_next_morning(cast: Cast) -> None:
    printed(cast, SAFE, "serious")
    services.remind(now=at(SAFE - timedelta(days=3), 9))
    printed(cast, SAFE, "serious")

    services.remind(now=at(SAFE - timedelta(days=3), 15))
    same_day = times_told(cast.ana.email)
    services.remind(now=at(SAFE - timedelta(days=2), 9))

    assert (same_day, times_told(cast.ana.email)) == (1, 2)


def test_a_fatal_date_within_three_days_has_one_message_of_its_own_and_no_third(cast: Cast) -> None:
    day = SAFE - timedelta(days=3)
    printed(cast, SAFE, "serious")
    services.remind(now=at(day, 9))
    printed(cast, SAFE, "fatal")
    services.remind(now=at(day, 11))
    printed(cast, SAFE, "fatal")
    services.remind(now=at(day, 13))

    kinds = sorted(Dispatch.objects.filter(to=cast.ana).values_list("kind", flat=True))
    assert kinds == ["DIGEST", "URGENT"]
    assert times_told(cast.ana.email) == 2


def test_a_fatal_date_four_days_off_has_none(cast: Cast) -> None:
    day = SAFE - timedelta(days=4)
    printed(cast, SAFE, "serious")
    services.remind(now=at(day, 9))
    printed(cast, SAFE, "fatal")

    services.remind(now=at(day, 11))

    assert times_told(cast.ana.email) == 1


@pytest.mark.parametrize(("hour", "goes"), [(0, False), (6, False), (7, True), (19, True), (20, False)])
def test_the_usual_hours(cast: Cast, appeal: Deadline, hour: int, goes: bool) -> None:
    services.remind(now=at(SAFE - timedelta(days=2), hour))

    assert times_told(cast.ana.email) == goes


def test_on_the_evening_of_the_last_lawful_day_of_a_fatal_date_it_is_not_quiet(
    cast: Cast, appeal: Deadline
) -> None:
    services.remind(now=at(date(2026, 7, 6), 21))

    assert times_told(cast.ana.email) == 1


def test_but_after_midnight_it_is(cast: Cast, appeal: Deadline) -> None:
    services.remind(now=at(date(2026, 7, 6), 2))

    assert times_told(cast.ana.email) == 0


def test_each_person_has_their_own_zone_and_days_are_counted_where_the_clinic_is(
    cast: Cast, appeal: Deadline
) -> None:
    services.set_hours(cast.vic, **USUAL | {"time_zone": "Pacific/Honolulu"})
    day = SAFE - timedelta(days=7)

    services.remind(now=at(day, 8))
    in_the_east = (times_told(cast.ana.email), times_told(cast.vic.email))
    services.remind(now=at(day, 14))

    assert in_the_east == (1, 0)
    assert times_told(cast.vic.email) == 1
    assert "7 days left to act" in mail.outbox[-1].body


def test_a_later_morning_is_kept(cast: Cast, appeal: Deadline) -> None:
    services.set_hours(cast.ana, **USUAL | {"morning": 11})

    services.remind(now=at(SAFE - timedelta(days=7), 10))
    before = times_told(cast.ana.email)
    services.remind(now=at(SAFE - timedelta(days=7), 11))

    assert (before, times_told(cast.ana.email)) == (0, 1)


def test_what_is_fatal_and_near_does_not_wait_for_a_late_morning(cast: Cast, appeal: Deadline) -> None:
    services.set_hours(cast.ana, **USUAL | {"morning": 11})

    services.remind(now=at(SAFE - timedelta(days=2), 8))

    assert times_told(cast.ana.email) == 1


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"morning": 3}, "morning hour from 4:00 to 12:00"),
        ({"morning": 13}, "morning hour from 4:00 to 12:00"),
        ({"quiet_from": 16, "quiet_until": 7}, "14 hours at most"),
        ({"quiet_from": 22, "quiet_until": 9}, "lies in your quiet hours"),
    ],
)
def test_hours_that_would_keep_someone_from_being_told_are_refused(
    cast: Cast, said: dict[str, Any], why: str
) -> None:
    with pytest.raises(HoursRefused, match=why):
        services.set_hours(cast.ana, **USUAL | said)


@pytest.mark.parametrize(
    ("face", "quiet"),
    [
        (Clockface(7, 20, 7), {20, 21, 22, 23, 0, 1, 2, 3, 4, 5, 6}),
        (Clockface(7, 1, 5), {1, 2, 3, 4}),
        (Clockface(7, 5, 5), set()),
    ],
)
def test_which_hours_are_quiet(face: Clockface, quiet: set[int]) -> None:
    assert {hour for hour in range(24) if face.quiet(hour)} == quiet
    assert face.quiet_length == len(quiet)
