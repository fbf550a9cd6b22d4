"""The health page and the banner: what is overdue, what to do, and nothing that is secret."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from caseapp import clock, tasks
from caseapp.access.models import User
from caseapp.safekeeping import kit, queries, services
from caseapp.safekeeping.models import Check
from caseapp.safekeeping.queries import Standing
from tests.conftest import NOW, Cast

Browse = Callable[[User], Client]
LIMITS = {
    "backup-data": timedelta(hours=26),
    "backup-keyring": timedelta(hours=26),
    "restore-drill": timedelta(days=35),
    "recovery-drill": timedelta(days=100),
    "reminders": timedelta(hours=26),
}
NAGGED = {"dee": True, "ira": True, "ana": False, "ben": False}


@pytest.fixture(autouse=True)
def at_that_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clinic was set up at NOW: it is an hour later."""
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(hours=1))


def standing(kind: str, now: datetime) -> Standing:
    (line,) = (line for line in queries.state(now) if line.name == kind)
    return line.standing


def test_a_new_clinic_is_told_what_was_never_done_and_is_not_nagged(cast: Cast, client_for: Browse) -> None:
    page = client_for(cast.dee).get(reverse("health")).content.decode()

    assert "never yet" in page and "Set AMPARO_BACKUP_DIR" in page
    assert "Overdue" not in page


@pytest.mark.parametrize("kind", LIMITS)
def test_each_is_overdue_when_it_should_be_and_not_before(cast: Cast, kind: str) -> None:
    services.record_check(kind, ok=True, at=NOW)

    assert standing(kind, NOW + LIMITS[kind]) is Standing.WELL
    assert standing(kind, NOW + LIMITS[kind] + timedelta(seconds=1)) is Standing.LATE


@pytest.mark.parametrize("kind", LIMITS)
def test_what_was_never_done_is_overdue_counted_from_the_first_day(cast: Cast, kind: str) -> None:
    assert standing(kind, NOW + LIMITS[kind]) is Standing.SOON
    assert standing(kind, NOW + LIMITS[kind] + timedelta(seconds=1)) is Standing.LATE


def test_a_failed_try_is_said_and_does_not_count(cast: Cast) -> None:
    services.record_check("backup-data", ok=True, at=NOW)
    services.record_check("backup-data", ok=False, at=NOW + timedelta(hours=25), code="disk-full")

    soon, late = (queries.state(NOW + timedelta(hours=hours))[0] for hours in (25, 27))

    assert (soon.standing, soon.said, soon.at) == (Standing.SOON, "the last try failed", NOW)
    assert late.standing is Standing.LATE


def test_the_sweep_of_reminders_says_that_it_ran(cast: Cast) -> None:
    services.record_reminders(at=NOW - timedelta(days=3))

    tasks.remind_of_deadlines()

    assert [(c.kind, c.ok, c.at) for c in Check.objects.all()] == [
        ("reminders", True, NOW + timedelta(hours=1))
    ]


def test_the_lack_of_a_recovery_kit_is_said_until_one_is_made(cast: Cast) -> None:
    assert standing("kit", NOW) is Standing.LATE

    kit.make_at_the_machine()

    assert standing("kit", NOW) is Standing.WELL


def test_the_quarters_recovery_drill_is_asked_for_above_every_page(
    cast: Cast, client_for: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.record_check("recovery-drill", ok=True, at=NOW)
    later = NOW + timedelta(days=101)
    for kind in LIMITS.keys() - {"recovery-drill"}:
        services.record_check(kind, ok=True, at=later)
    monkeypatch.setattr(clock, "now", lambda: later)
    browser = client_for(cast.dee)

    nagged = browser.get(reverse("roles")).content.decode()
    services.record_check("recovery-drill", ok=True, at=later)
    after = browser.get(reverse("roles")).content.decode()

    assert "Overdue: Recovery drill." in nagged
    assert "Overdue" not in after


def test_mail_that_is_not_set_up_is_said(cast: Cast, settings: Any) -> None:
    assert queries.state(NOW)[-1].standing is Standing.WELL

    settings.EMAIL_BACKEND = "config.mail.OwedBackend"

    assert queries.state(NOW)[-1].standing is Standing.LATE


@pytest.mark.parametrize(("name", "status"), [("dee", 200), ("ira", 200), ("ana", 403), ("vic", 403)])
def test_directors_and_it_may_look(cast: Cast, client_for: Browse, name: str, status: int) -> None:
    assert client_for(getattr(cast, name)).get(reverse("health")).status_code == status


def test_the_banner_nags_those_who_can_do_something(
    cast: Cast, client_for: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=40))

    pages = {name: client_for(getattr(cast, name)).get(reverse("staff")).content.decode() for name in NAGGED}

    for name, page in pages.items():
        assert ("Overdue: Backup of the data, " in page) is NAGGED[name]
    assert f'<a href="{reverse("health")}">What to do</a>' in pages["dee"]


def test_the_page_names_no_key_no_path_and_no_other_clinic(
    cast: Cast, client_for: Browse, settings: Any
) -> None:
    settings.BACKUP_RECIPIENT = "age1secretive"

    page = client_for(cast.ira).get(reverse("health")).content.decode()

    for unsaid in ("age1secretive", str(settings.STATE_DIR), str(cast.other_clinic.id), "root.key"):
        assert unsaid not in page
