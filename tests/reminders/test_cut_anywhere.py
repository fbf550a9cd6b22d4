"""Cut off at any statement, with a real mail server: nothing is lost, nothing goes twice in a day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from caseapp.audit.models import Entry
from caseapp.deadlines.models import Deadline
from caseapp.reminders import services
from caseapp.reminders.models import Dispatch, Reminder
from tests.conftest import NOW, TODAY, Cast
from tests.reminders.sink import Sink, free_port, sink_on

SAFE = date(2026, 7, 2)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
A_WEEK_BEFORE = NOW + (SAFE - TODAY) - 7 * DAY
TWO_DAYS_BEFORE = NOW + (SAFE - TODAY) - 2 * DAY


class CutError(BaseException):
    """The process ends here. Not an Exception: nothing in the product may catch it."""


@pytest.fixture
def sink(settings: Any) -> Iterator[Sink]:
    port = free_port()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    with sink_on(port) as sink:
        yield sink


@contextmanager
def cut_at(number: int) -> Iterator[list[int]]:
    """Raise CutError in place of the numbered statement, once. Yields the count."""
    count = [0]

    def step(execute: Callable[..., Any], *args: Any) -> Any:
        count[0] += 1
        if count[0] == number:
            raise CutError
        return execute(*args)

    with connection.execute_wrapper(step):
        yield count


def forget_everything() -> None:
    Reminder.objects.all().delete()
    Dispatch.objects.all().delete()


def cut_everywhere(
    start: datetime, sink: Sink, deadline: Deadline, check: Callable[[list[tuple[str, str, str]]], None]
) -> int:
    """Cut a night's work at each statement in turn, go on till the next noon, and check.

    `check` gets (address, Message-ID, first line) of what arrived. Returns how many statements there were.
    """
    for number in range(1, 150):
        forget_everything()
        Deadline.objects.filter(pk=deadline.pk).update(remind_on=start.date())
        sink.arrived.clear()
        try:
            with cut_at(number) as count:
                services.remind(now=start)
        except CutError:
            for hours in (1, 2, 8, 24):
                services.remind(now=start + hours * HOUR)
        else:
            assert count[0] < number
            return count[0]
        check([(str(m["To"]), str(m["Message-ID"]), _first_line(m)) for m in sink.arrived])
    raise AssertionError("It never ran to its end.")


def _first_line(message: Any) -> str:
    return str(message.get_payload(decode=True).decode().splitlines()[0])


@pytest.mark.django_db(databases=["default", "keyring"], transaction=True)
def test_cut_at_any_statement_everyone_is_told_by_the_next_morning_and_once_a_day(
    cast: Cast, appeal: Deadline, sink: Sink
) -> None:
    """A date a week off: at the worst, what was cut off after it went is told again the next day."""

    def check(arrived: list[tuple[str, str, str]]) -> None:
        for address in (cast.ana.email, cast.vic.email):
            mine = [(key, line) for to, key, line in arrived if to == address]
            the_day, the_next = (f"{cast.matter.code}: {n} days left to act" for n in (7, 6))
            said = [line.removesuffix(", and nobody has answered") for _key, line in mine]
            assert said in ([the_day], [the_next], [the_day, the_next])
            assert len({key for key, _line in mine}) == len(mine)
        assert not Reminder.objects.exclude(state=Reminder.State.SENT).exists()

    statements = cut_everywhere(A_WEEK_BEFORE, sink, appeal, check)

    assert statements > 20


@pytest.mark.django_db(databases=["default", "keyring"], transaction=True)
def test_cut_at_any_statement_a_fatal_date_within_days_is_told_that_day_at_most_as_a_repeat(
    cast: Cast, appeal: Deadline, sink: Sink
) -> None:
    """That day everyone is told, and whatever came twice is one message to a mailbox: it has one id."""

    def check(arrived: list[tuple[str, str, str]]) -> None:
        for address in (cast.ana.email, cast.vic.email):
            that_day = Counter(key for to, key, line in arrived if to == address and "2 days left" in line)
            assert len(that_day) == 1 and that_day.total() <= 2

    cut_everywhere(TWO_DAYS_BEFORE, sink, appeal, check)


def test_accepted_but_cut_off_before_the_answer_is_told_the_next_day_not_twice_that_day(
    cast: Cast, appeal: Deadline, sink: Sink
) -> None:
    sink.answer = "hang up"
    services.remind(now=A_WEEK_BEFORE)
    sink.answer = ""
    for hours in range(1, 8):
        services.remind(now=A_WEEK_BEFORE + hours * HOUR)
    that_day = len(sink.arrived)
    services.remind(now=A_WEEK_BEFORE + DAY)

    assert that_day == 2
    assert Counter(m["To"] for m in sink.arrived if "6 days left" in _first_line(m)).keys() >= {
        cast.ana.email,
        cast.vic.email,
    }


def test_accepted_but_cut_off_before_the_answer_comes_again_as_the_same_message_if_it_presses(
    cast: Cast, appeal: Deadline, sink: Sink
) -> None:
    sink.answer = "hang up"
    services.remind(now=TWO_DAYS_BEFORE)
    sink.answer = ""
    for minutes in range(1, 60, 4):
        services.remind(now=TWO_DAYS_BEFORE + timedelta(minutes=minutes))

    assert sorted(Counter(sink.ids()).values()) == [2, 2]


@pytest.mark.parametrize("answer", ["451 try later", "550 no such person"])
def test_what_the_server_refuses_is_owed_and_goes_the_same_day(
    cast: Cast, appeal: Deadline, sink: Sink, answer: str
) -> None:
    sink.answer = answer
    refused = services.remind(now=A_WEEK_BEFORE)
    sink.answer = ""
    after = services.remind(now=A_WEEK_BEFORE + timedelta(minutes=15))

    assert (refused, after) == (0, 2)
    assert Entry.objects.filter(event=Entry.Event.REMINDER_SENT).count() == 2


def test_a_server_that_is_not_there_costs_no_day(
    cast: Cast, appeal: Deadline, sink: Sink, settings: Any
) -> None:
    there = settings.EMAIL_PORT
    settings.EMAIL_PORT = free_port()
    nobody = services.remind(now=A_WEEK_BEFORE)
    settings.EMAIL_PORT = there

    assert (nobody, services.remind(now=A_WEEK_BEFORE + timedelta(minutes=15))) == (0, 2)
