"""Notices not yet turned into dates, at a browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from caseapp.access.models import User
from caseapp.deadlines.models import CaseEvent, Notice
from tests.conftest import NOW, Cast, uuid_of_nothing

Signed = Callable[[User], Client]
RFE = {"arrived_on": "2026-06-02", "dated": "2026-05-28", "kind": "uscis-rfe", "service": "mail"}


@pytest.fixture(autouse=True)
def on_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is 3 June 2026 at the clinic, at noon."""
    monkeypatch.setattr("caseapp.clock.now", lambda: NOW)


def text_of(response: Any) -> str:
    assert response.status_code == 200
    return str(response.content.decode())


def came(cast: Cast, browser: Client) -> Notice:
    browser.post(reverse("notice-new", args=[cast.matter.id]), RFE)
    return Notice.objects.get()


def test_a_notice_stands_on_today_and_is_counted_until_its_dates_are_entered(
    cast: Cast, client_for: Signed
) -> None:
    browser = client_for(cast.ana)
    notice = came(cast, browser)
    matter, today = reverse("matter", args=[cast.matter.id]), "/"
    enter = reverse("event-new", args=[cast.matter.id]) + f"?kind=uscis-rfe&notice={notice.id}"

    before = text_of(browser.get(today))
    on_matter = text_of(browser.get(matter))
    form = text_of(browser.get(enter))
    sent = {"on": "2026-05-28", "service": "mail", "outcome": "", "note": ""}
    outcome = form.split('name="outcome" value="')
    sent["outcome"] = outcome[1].split('"')[0] if len(outcome) > 1 else ""
    answer = browser.post(enter, sent)
    after = text_of(browser.get(today))

    assert "Notices not yet turned into dates" in before and "1<span> undated" in before
    assert enter.replace("&", "&amp;") in on_matter
    assert 'value="2026-05-28"' in form
    assert answer.status_code == 302
    assert Notice.objects.get().event == CaseEvent.objects.get()
    assert "Notices not yet turned into dates" not in after and "undated" not in after


def test_a_printed_date_begins_with_what_the_notice_says(cast: Cast, client_for: Signed) -> None:
    browser = client_for(cast.ana)
    notice = came(cast, browser)
    address = reverse("printed-date-new", args=[cast.matter.id]) + f"?notice={notice.id}"

    form = text_of(browser.get(address))
    sent = {"title": "Response", "notice": "", "service": "mail", "due": "2026-07-01"}
    answer = browser.post(address, sent | {"notice_on": "2026-05-28", "severity": "serious"})

    assert 'value="2026-05-28"' in form
    assert answer.status_code == 302
    assert Notice.objects.get().settled_by == cast.ana


def test_no_date_follows_only_with_a_reason(cast: Cast, client_for: Signed) -> None:
    browser = client_for(cast.ana)
    address = reverse("notice-no-date", args=[came(cast, browser).id])

    empty = browser.post(address, {"reason": ""})
    waited = Notice.objects.get().settled_at is None
    browser.post(address, {"reason": "A receipt"})

    assert empty.status_code == 422 and waited
    assert Notice.objects.get().reason == "A receipt"


@pytest.mark.parametrize("named", ["nonsense", str(uuid_of_nothing())])
def test_a_notice_that_is_not_there_is_not_entered(cast: Cast, client_for: Signed, named: str) -> None:
    address = reverse("event-new", args=[cast.matter.id]) + f"?notice={named}"

    assert client_for(cast.ana).get(address).status_code == 404


def test_whoever_is_not_on_the_matter_sees_no_notice(cast: Cast, client_for: Signed) -> None:
    came(cast, client_for(cast.ana))

    page = text_of(client_for(cast.ben).get("/"))

    assert "Notices not yet turned into dates" not in page and "undated" not in page
