"""The dead man's switch: when nobody is reminded any more, everything says so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from caseapp import clock, tasks
from caseapp.management.commands.prepare import Command
from tests.conftest import NOW, Browser, Cast, signed_in

STOPPED = "Reminders have stopped."
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def swept(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The sweep has run; the clock can be set to so long afterwards."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    tasks.remind_of_deadlines()
    return lambda passed: monkeypatch.setattr(clock, "now", lambda: NOW + passed)


@pytest.mark.parametrize(("passed", "said"), [(26 * HOUR, False), (26 * HOUR + MINUTE, True)])
def test_every_page_says_so_to_everyone_after_26_hours(
    cast: Cast, swept: Any, passed: timedelta, said: bool
) -> None:
    swept(passed)
    pages = ["today", "clients", "matters", "calendar", "my-reminders"]

    for person in (cast.ana, cast.vic, cast.dee):
        browser = signed_in(person)
        for page in pages:
            assert (STOPPED in browser.get(reverse(page)).content.decode()) is said, (person, page)
    assert (STOPPED in Browser().get(reverse("account_login")).content.decode()) is said


def test_it_stops_saying_so_with_the_next_sweep(cast: Cast, swept: Any) -> None:
    swept(30 * HOUR)
    browser = signed_in(cast.ana)
    before = browser.get(reverse("clients")).content.decode()
    tasks.remind_of_deadlines()

    assert STOPPED in before
    assert STOPPED not in browser.get(reverse("clients")).content.decode()


def test_a_clinic_that_was_just_set_up_is_given_its_time(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = signed_in(cast.ana)
    monkeypatch.setattr(clock, "now", lambda: NOW + 25 * HOUR)
    on_the_day = browser.get(reverse("clients")).content.decode()
    monkeypatch.setattr(clock, "now", lambda: NOW + 27 * HOUR)

    assert STOPPED not in on_the_day
    assert STOPPED in browser.get(reverse("clients")).content.decode()


@pytest.mark.parametrize(("passed", "status"), [(26 * HOUR, 200), (26 * HOUR + MINUTE, 503)])
def test_the_health_endpoint_fails(client: Client, swept: Any, passed: timedelta, status: int) -> None:
    swept(passed)

    answer = client.get("/healthz/reminders")

    assert answer.status_code == status
    assert answer.content in (b"ok\n", b"reminders have stopped\n")


def test_the_health_endpoint_fails_before_the_first_sweep(client: Client, cast: Cast) -> None:
    assert client.get("/healthz/reminders").status_code == 503


def test_the_load_balancer_is_told_nothing_of_it(client: Client, swept: Any) -> None:
    swept(40 * HOUR)

    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(("passed", "said"), [(26 * HOUR, False), (27 * HOUR, True)])
def test_the_start_says_so(
    swept: Any, passed: timedelta, said: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    swept(passed)

    Command()._say_if_nobody_is_reminded()

    assert (
        "Nobody has been reminded of any date since 2026-06-03 16:00 UTC" in capsys.readouterr().out
    ) is said
