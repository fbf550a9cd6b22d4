"""What the notice prints counts; the count is its check, and the day to act is the earlier."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from caseapp.access.models import User
from caseapp.deadlines import services
from caseapp.deadlines.models import Deadline
from caseapp.deadlines.services import DoubtfulDate
from tests.conftest import NOW, Cast

# A decision mailed on Thu 4 June 2026: 30 days and 3 for the mail end on Tue 7 July.
NOTICE_ON = date(2026, 6, 4)


def record(cast: Cast, due: date, **said: Any) -> Deadline:
    asked: dict[str, Any] = {"notice": "uscis-denial", "service": "mail"} | said
    return services.record_printed_date(
        cast.matter,
        title="Appeal",
        due=due,
        notice_on=NOTICE_ON,
        severity="serious",
        note="",
        by=cast.ana,
        at=NOW,
        **asked,
    )


def words(deadline: Deadline) -> str:
    return " ".join(text for text, _authority in deadline.computation["steps"])


def test_a_date_that_agrees_says_so(cast: Cast) -> None:
    deadline = record(cast, date(2026, 7, 7))

    assert (deadline.legal, deadline.safe) == (date(2026, 7, 7), date(2026, 7, 7))
    assert "The count agrees: Tue 7 Jul 2026." in words(deadline)


def test_a_date_later_than_the_law_allows_is_asked_about_and_acted_on_by_the_earlier(cast: Cast) -> None:
    with pytest.raises(DoubtfulDate, match="2 days later than the law allows"):
        record(cast, date(2026, 7, 9))
    deadline = record(cast, date(2026, 7, 9), as_printed=True)

    assert (deadline.legal, deadline.safe) == (date(2026, 7, 9), date(2026, 7, 7))
    assert Deadline.objects.count() == 1


def test_an_earlier_date_counts_and_says_by_how_much(cast: Cast) -> None:
    deadline = record(cast, date(2026, 7, 6))

    assert (deadline.legal, deadline.safe) == (date(2026, 7, 6), date(2026, 7, 6))
    assert "1 day earlier, and it counts" in words(deadline)


def test_without_a_word_about_service_no_days_are_added(cast: Cast) -> None:
    with pytest.raises(DoubtfulDate, match="1 day later than the law allows"):
        record(cast, date(2026, 7, 7), service="n/a")


def test_a_closed_day_is_said(cast: Cast) -> None:
    deadline = record(cast, date(2026, 7, 5))

    assert deadline.safe == date(2026, 7, 2)
    assert "Sun 5 Jul 2026 is a closed day" in words(deadline)


def test_the_page_asks_to_look_again_and_takes_what_the_paper_says(
    cast: Cast, client_for: Callable[[User], Client]
) -> None:
    browser, page = client_for(cast.ana), reverse("printed-date-new", args=[cast.matter.id])
    typed = {"title": "Appeal", "notice": "uscis-denial", "service": "mail", "severity": "serious"}
    typed |= {"due": "2026-07-09", "notice_on": "2026-06-04"}

    asked = browser.post(page, typed)
    taken = browser.post(page, typed | {"as_printed": "on"})

    assert (asked.status_code, taken.status_code) == (422, 302)
    assert b"2 days later than the law allows" in asked.content
    assert b"Act by Tue 7 Jul 2026." in browser.get(taken.headers["Location"]).content
