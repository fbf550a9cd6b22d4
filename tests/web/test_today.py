"""Today: what is owed, first of all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from caseapp.access.models import User
from caseapp.deadlines import services as deadlines
from caseapp.deadlines.models import Deadline
from caseapp.matters import services as matters
from caseapp.matters.models import Assignment, Matter
from caseapp.vault import keyring
from tests.conftest import NOW, TODAY, Cast

Signed = Callable[[User], Client]


@pytest.fixture(autouse=True)
def on_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is 3 June 2026 at the clinic, at noon."""
    monkeypatch.setattr("caseapp.clock.now", lambda: NOW)


def printed(matter: Matter, *, by: User, due: date, title: str, severity: str = "serious") -> Deadline:
    return deadlines.record_printed_date(
        matter, title=title, due=due, notice_on=date(2026, 5, 1), severity=severity, note="", by=by, at=NOW
    )


def text(page: bytes, *, start: str, end: str = "</section>") -> str:
    """The part of a page that begins with the heading `start`."""
    body = page.decode()
    at = body.index(start)
    return body[at : body.index(end, at)]


def test_what_is_late_stands_apart_from_what_is_due_today_and_what_comes(
    cast: Cast, client_for: Signed
) -> None:
    printed(cast.matter, by=cast.ana, due=TODAY - timedelta(days=1), title="Address to the court")
    printed(cast.matter, by=cast.ana, due=TODAY, title="Answer to the notice")
    printed(cast.matter, by=cast.ana, due=TODAY + timedelta(days=2), title="Brief to the judge")
    printed(cast.matter, by=cast.ana, due=TODAY + timedelta(days=40), title="Far away")

    page = client_for(cast.ana).get("/").content

    assert "Address to the court" in text(page, start='id="late-h"')
    assert "1 day late" in text(page, start='id="late-h"')
    assert "Answer to the notice" in text(page, start='id="due-h"')
    assert "Brief to the judge" in text(page, start='id="next-h"')
    assert "Far away" not in text(page, start='id="next-h"')
    assert "Far away" in text(page, start='id="confirm-h"')
    assert '<b class="late">1<span> late</span></b>' in page.decode()


def test_the_client_is_named_with_every_letter(cast: Cast, client_for: Signed) -> None:
    printed(cast.matter, by=cast.ana, due=TODAY, title="Answer")

    page = client_for(cast.ana).get("/").content.decode()

    assert "Mateo Q&#x27;anil Pascual Andrés" in page


def test_a_decision_about_a_fatal_date_waits_for_a_colleague_and_not_for_the_one_who_asked(
    cast: Cast, client_for: Signed
) -> None:
    deadline = printed(
        cast.matter, by=cast.ana, due=TODAY + timedelta(days=30), title="Appeal", severity="fatal"
    )
    deadlines.confirm(deadline, by=cast.ana, at=NOW)

    for_dee = client_for(cast.dee).get("/").content
    for_ana = client_for(cast.ana).get("/").content

    assert "asked by Ana" in text(for_dee, start='id="second-h"')
    assert b'id="second-h"' not in for_ana
    assert "Appeal" not in text(for_ana, start='id="confirm-h"')


def test_a_matter_with_no_next_step_is_named_until_it_has_one(cast: Cast, client_for: Signed) -> None:
    before = client_for(cast.ana).get("/").content
    printed(cast.matter, by=cast.ana, due=TODAY + timedelta(days=40), title="Brief")

    after = client_for(cast.ana).get("/").content

    assert cast.matter.code in text(before, start='id="quiet-h"')
    assert "Every open matter has a next date." in text(after, start='id="quiet-h"')


@pytest.mark.parametrize("outsider", ["ben", "cam", "ira", "eve"])
def test_someone_who_is_not_on_the_matter_sees_nothing_of_it(
    cast: Cast, client_for: Signed, outsider: str
) -> None:
    printed(cast.matter, by=cast.ana, due=TODAY, title="Answer to the notice")

    response = client_for(getattr(cast, outsider)).get("/")

    assert response.status_code == 200
    assert cast.matter.code.encode() not in response.content
    assert b"Answer to the notice" not in response.content


def test_a_volunteer_is_offered_nothing_that_their_role_forbids(cast: Cast, client_for: Signed) -> None:
    printed(cast.matter, by=cast.ana, due=TODAY, title="Answer to the notice")

    page = client_for(cast.vic).get("/").content

    assert b"Answer to the notice" in page
    assert b"Mark met" not in page
    assert b"Wants your confirmation" not in page


class Counted:
    """Every statement of both databases while it is open, but for the tests' own changes of role.

    Session, wall, person, audit and keys are among them.
    """

    def __init__(self) -> None:
        self.captured = [CaptureQueriesContext(connections[alias]) for alias in ("default", "keyring")]

    def __enter__(self) -> Counted:
        for each in self.captured:
            each.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        for each in self.captured:
            each.__exit__(None, None, None)

    @property
    def statements(self) -> list[str]:
        said = [query["sql"] for each in self.captured for query in each.captured_queries]
        return [sql for sql in said if not sql.endswith(" ROLE") and not sql.startswith("SET ROLE")]


def test_today_asks_at_most_twelve_times_however_much_is_owed(cast: Cast, client_for: Signed) -> None:
    for days in range(20):
        matter = matters.open_matter(cast.mateo, kind="asylum-defensive", by=cast.dee, on=TODAY, at=NOW)
        matters.assign(matter, cast.ana, role=Assignment.Role.ATTORNEY, by=cast.dee, today=TODAY)
        printed(matter, by=cast.ana, due=TODAY + timedelta(days=days % 7), title=f"Paper {days}")
    fatal = printed(cast.matter, by=cast.ana, due=TODAY, title="Appeal", severity="fatal")
    deadlines.confirm(fatal, by=cast.ana, at=NOW)
    browser = client_for(cast.ana)
    browser.get("/")
    keyring.preload(cast.clinic.id, [cast.clinic.id])
    keyring.cache.trusted_until = float("-inf")

    with Counted() as seen:
        page = browser.get("/").content

    assert page.count(b"Paper 1") >= 10
    assert len(seen.statements) <= 12, seen.statements
