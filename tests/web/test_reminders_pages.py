"""The pages on which people answer their reminders and say when they want them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from caseapp.access.models import User
from caseapp.deadlines import services as deadlines
from caseapp.deadlines.models import Deadline
from caseapp.reminders import queries, services, steps
from caseapp.reminders.hours import Clockface
from caseapp.reminders.models import Hours
from tests.conftest import NOW, TODAY, Cast

Signed = Callable[[User], Client]
HOURS = {"time_zone": "America/Chicago", "morning": "8", "quiet_from": "21", "quiet_until": "6"}


@pytest.fixture(autouse=True)
def on_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("caseapp.clock.now", lambda: NOW)


@pytest.fixture
def brief(cast: Cast) -> Deadline:
    """A serious date three weeks off, of which Ana and Vic have been reminded."""
    deadline = deadlines.record_printed_date(
        cast.matter,
        title="Brief to the judge",
        due=TODAY + timedelta(days=21),
        notice_on=TODAY,
        severity="serious",
        note="",
        by=cast.ana,
        at=NOW,
    )
    deadlines.confirm(deadline, by=cast.ana, at=NOW)
    services.remind(now=NOW)
    return deadline


def test_how_long_one_has_to_answer_is_said_as_it_is_counted(
    cast: Cast, client_for: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = steps.Step(within=timedelta(days=9), near=timedelta(hours=7))
    monkeypatch.setitem(steps.STEPS, "advisory", {steps.TEAM: step})

    page = client_for(cast.ana).get(reverse("my-reminders")).content.decode()

    table = page[page.index("<tbody") : page.index("</tbody>")]
    rows = [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in table.split("</tr>")]
    assert "Advisory, within 3 days after 7 hours never" in rows
    assert "Advisory after 9 days never" in rows


def answers(page: str) -> str:
    return page[page.index('id="answer-h"') :].split("</section>")[0] if 'id="answer-h"' in page else ""


def test_today_lists_what_one_was_reminded_of_until_one_says_seen(
    cast: Cast, brief: Deadline, client_for: Signed
) -> None:
    browser = client_for(cast.ana)
    before = browser.get("/").content.decode()
    answer = browser.post(reverse("deadline-seen", args=[brief.id]), {"from": "today"}, follow=True)

    assert "Brief to the judge" in answers(before) and "Mateo Q&#x27;anil" in answers(before)
    assert answer.redirect_chain == [("/", 302)]
    assert "Noted that you have seen it." in answer.content.decode()
    assert answers(answer.content.decode()) == ""


def test_the_dates_own_page_has_the_button_and_says_who_answered(
    cast: Cast, brief: Deadline, client_for: Signed
) -> None:
    browser = client_for(cast.ana)
    page = reverse("deadline", args=[brief.id])
    before = browser.get(page).content.decode()
    after = browser.post(reverse("deadline-seen", args=[brief.id]), follow=True).content.decode()

    assert "You were reminded of this date." in before and before.count("not answered yet") == 2
    assert "You were reminded of this date." not in after and after.count("not answered yet") == 1


def test_a_second_click_is_told_so(cast: Cast, brief: Deadline, client_for: Signed) -> None:
    browser = client_for(cast.ana)
    browser.post(reverse("deadline-seen", args=[brief.id]))

    again = browser.post(reverse("deadline-seen", args=[brief.id]), follow=True).content.decode()

    assert "You have answered already." in again


def test_a_volunteer_is_told_that_someone_else_is_still_asked(
    cast: Cast, brief: Deadline, client_for: Signed
) -> None:
    answer = client_for(cast.vic).post(reverse("deadline-seen", args=[brief.id]), follow=True)

    assert "Someone who may decide about it is still asked." in answer.content.decode()


def test_hours_are_kept_and_shown_again(cast: Cast, client_for: Signed) -> None:
    browser = client_for(cast.ana)

    answer = browser.post(reverse("my-reminders"), HOURS, follow=True)

    assert "Saved." in answer.content.decode()
    assert queries.hours_of(cast.ana) == (Clockface(8, 21, 6), "America/Chicago")
    assert '<option value="America/Chicago" selected>' in answer.content.decode()


def test_hours_that_will_not_do_are_refused_in_words_and_stay_typed(cast: Cast, client_for: Signed) -> None:
    answer = client_for(cast.ana).post(reverse("my-reminders"), HOURS | {"quiet_until": "9"})

    assert answer.status_code == 422
    assert "The morning hour lies in your quiet hours." in answer.content.decode()
    assert not Hours.objects.exists()


@pytest.mark.parametrize("said", [{"morning": "25"}, {"time_zone": "Mars/Olympus"}, {"quiet_from": ""}])
def test_what_is_no_hour_or_zone_is_refused(cast: Cast, client_for: Signed, said: dict[str, str]) -> None:
    assert client_for(cast.ana).post(reverse("my-reminders"), HOURS | said).status_code == 422


def test_a_client_detained_later_shortens_the_ladder_on_the_matters_own_page(
    cast: Cast, brief: Deadline, client_for: Signed
) -> None:
    browser = client_for(cast.ana)
    stage = {"stage": cast.matter.stage}
    browser.post(reverse("matter-stage", args=[cast.matter.id]), stage | {"detained": "on"})
    brief.refresh_from_db()
    detained = brief.ladder
    browser.post(reverse("matter-stage", args=[cast.matter.id]), stage)
    brief.refresh_from_db()

    assert detained == [21, 14, 11, 7, 4, 3, 2, 1, 0]
    assert brief.ladder == [21, 14, 7, 3, 1, 0]
