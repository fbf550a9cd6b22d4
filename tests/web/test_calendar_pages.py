"""The calendar, as a person at a browser sees it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from caseapp.access.models import User
from caseapp.audit.models import Entry
from caseapp.deadlines import calendar, corrections
from caseapp.deadlines import services as deadlines
from caseapp.deadlines.corrections import Said
from caseapp.deadlines.models import Deadline
from caseapp.deadlines.rules import events
from caseapp.matters import services as matters
from caseapp.matters.models import Assignment, Matter
from tests.conftest import NOW, TODAY, Cast

Signed = Callable[[User], Client]
VIEWS = ["calendar", "calendar-week", "calendar-agenda", "calendar-print"]
HEARING_ON = date(2026, 9, 8)


@pytest.fixture(autouse=True)
def on_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is 3 June 2026 at the clinic, at noon."""
    monkeypatch.setattr("caseapp.clock.now", lambda: NOW)


def due(
    matter: Matter, by: User, on: date = TODAY, *, title: str = "Notice of appeal", severity: str = "fatal"
) -> Deadline:
    return deadlines.record_printed_date(
        matter, title=title, due=on, notice_on=date(2026, 1, 2), severity=severity, note="", by=by, at=NOW
    )


def hearing(cast: Cast, on: date = HEARING_ON) -> Any:
    event, _dates = deadlines.record_event(
        cast.matter,
        kind="hearing-set",
        on=on,
        service="n/a",
        outcome="individual",
        note="Courtroom 12, by video",
        by=cast.ana,
        at=NOW,
    )
    return event


def look(browser: Client, view: str = "calendar", **asked: str) -> str:
    answer = browser.get(reverse(view), asked)
    assert answer.status_code == 200
    return str(answer.content.decode())


def cells(page: str) -> dict[str, str]:
    """Return what stands in each day's cell."""
    parts = re.findall(r"<td role=\"cell\".*?</td>", page, re.DOTALL)
    found = {}
    for part in parts:
        named = re.search(r'datetime="([\d-]+)"', part)
        assert named
        found[named[1]] = part
    return found


@pytest.mark.parametrize("view", VIEWS)
def test_a_date_stands_on_the_day_to_act_by_with_the_last_lawful_day(
    cast: Cast, client_for: Signed, view: str
) -> None:
    sunday = date(2026, 6, 7)
    deadline = due(cast.matter, cast.ana, sunday)

    page = look(client_for(cast.ana), view)

    assert deadline.safe == date(2026, 6, 5)
    assert "Notice of appeal" in page and cast.matter.code in page
    assert "7 Jun" in page
    if view in ("calendar", "calendar-week"):
        assert "Notice of appeal" in cells(page)["2026-06-05"]
        assert "Notice of appeal" not in cells(page).get("2026-06-07", "")


@pytest.mark.parametrize("view", VIEWS)
def test_a_hearing_stands_on_its_day(cast: Cast, client_for: Signed, view: str) -> None:
    hearing(cast)

    page = look(client_for(cast.ana), view, on="2026-09-08")

    assert "Individual (merits) hearing" in page
    if view in ("calendar", "calendar-week"):
        assert "Individual" in cells(page)["2026-09-08"]
    else:
        assert "Courtroom 12, by video" in page


def test_a_hearing_entered_wrongly_stands_only_where_its_correction_says(
    cast: Cast, client_for: Signed
) -> None:
    wrong = hearing(cast)
    said = Said(on=date(2026, 10, 6), service="n/a", outcome="individual", note="Misread")
    corrections.correct(wrong, said, by=cast.ana, at=NOW)
    ana = client_for(cast.ana)

    september, october = look(ana, on="2026-09-08"), look(ana, on="2026-10-06")

    assert "Individual (merits) hearing" not in september
    assert october.count("Individual (merits) hearing") == 1
    assert "Individual" in cells(october)["2026-10-06"]


def test_a_hearing_stays_when_its_preparation_was_moved(cast: Cast, client_for: Signed) -> None:
    event = hearing(cast)
    for deadline in Deadline.objects.filter(event=event):
        deadlines.move(
            deadline,
            by=cast.ana,
            at=NOW,
            legal=date(2026, 7, 6),
            safe=date(2026, 7, 6),
            reason="The judge said so",
        )

    assert "Individual (merits) hearing" in look(client_for(cast.ana), on="2026-09-08")


@pytest.mark.parametrize("outcome", events.event("hearing-set").outcomes)
@pytest.mark.parametrize("on", [date(2026, 7, 5) + timedelta(days=n) for n in range(0, 365, 11)])
def test_every_kind_of_hearing_makes_a_date_by_which_it_is_found(outcome: str, on: date) -> None:
    earliest, latest = on - calendar.PREPARED_AT_MOST, on - calendar.PREPARED_AT_LEAST

    counted = [p.computation.nominal for p in events.proposals("hearing-set", on, outcome=outcome)]

    assert any(earliest <= day <= latest for day in counted)


def test_today_is_marked_and_so_is_no_other_day(cast: Cast, client_for: Signed) -> None:
    page = look(client_for(cast.ana))

    assert page.count('aria-current="date"') == 1
    assert 'aria-current="date"' in cells(page)["2026-06-03"]
    assert 'aria-current="date"' not in look(client_for(cast.ana), on="2026-07-01")


def test_the_table_says_what_it_is(cast: Cast, client_for: Signed) -> None:
    page = look(client_for(cast.ana))

    assert "<caption>Dates to act by and hearings, by day of the month</caption>" in page
    assert page.count('scope="col"') == 7


def test_earlier_and_later_lead_on_and_keep_what_was_chosen(cast: Cast, client_for: Signed) -> None:
    page = look(client_for(cast.ana), on="2026-06-20", what="fatal")

    assert 'href="?on=2026-05-01&amp;what=fatal"' in page
    assert 'href="?on=2026-07-01&amp;what=fatal"' in page
    assert "on=2026-06-20&amp;what=fatal" in page


@pytest.mark.parametrize(
    "on, says",
    [
        ("1989-12-31", "The calendar goes from 1990 to 2100"),
        ("2101-01-01", "The calendar goes from 1990 to 2100"),
        ("9999-12-31", "The calendar goes from 1990 to 2100"),
        ("2026-02-30", "There is no such day"),
        ("soon", "There is no such day"),
    ],
)
def test_a_day_that_is_on_no_page_is_refused_in_words(
    cast: Cast, client_for: Signed, on: str, says: str
) -> None:
    due(cast.matter, cast.ana)
    ana = client_for(cast.ana)

    for view in VIEWS:
        answer = ana.get(reverse(view), {"on": on})

        assert answer.status_code == 422
        assert says in answer.content.decode()
        assert b"<table" not in answer.content and b"Nothing falls" not in answer.content


@pytest.mark.parametrize("on", ["1990-01-01", "2100-12-31"])
def test_both_ends_of_the_calendar_have_a_page(cast: Cast, client_for: Signed, on: str) -> None:
    for view in VIEWS:
        look(client_for(cast.ana), view, on=on)


def test_one_severity_or_hearings_alone_can_be_shown(cast: Cast, client_for: Signed) -> None:
    due(cast.matter, cast.ana, title="Gravest", severity="fatal")
    due(cast.matter, cast.ana, title="Mildest", severity="advisory")
    hearing(cast, date(2026, 6, 25))
    ana = client_for(cast.ana)

    fatal, alone = look(ana, what="fatal"), look(ana, what="hearing")

    assert "Gravest" in fatal and "Mildest" not in fatal and "Individual (merits)" not in fatal
    assert "Individual (merits)" in alone and "Gravest" not in alone


def test_one_kind_of_matter_can_be_shown(cast: Cast, client_for: Signed) -> None:
    due(cast.matter, cast.ana)
    hearing(cast, date(2026, 6, 25))
    ana = client_for(cast.ana)

    same, other = look(ana, kind="asylum-defensive"), look(ana, kind="asylum-affirmative")

    assert "Notice of appeal" in same and "Individual (merits)" in same
    assert "Notice of appeal" not in other and "Individual (merits)" not in other
    assert "Nothing here with what is chosen" in other


def test_a_directors_calendar_can_be_of_everyone_themselves_or_a_colleague(
    cast: Cast, client_for: Signed
) -> None:
    due(cast.matter, cast.ana)
    dee = client_for(cast.dee)

    shown = {
        who: "Notice of appeal" in look(dee, who=who)
        for who in ("", "mine", str(cast.ana.id), str(cast.ben.id))
    }

    assert shown == {"": True, "mine": False, str(cast.ana.id): True, str(cast.ben.id): False}


def test_a_colleague_who_is_not_one_is_refused(cast: Cast, client_for: Signed) -> None:
    answer = client_for(cast.dee).get(reverse("calendar"), {"who": str(cast.eve.id)})

    assert answer.status_code == 422


def test_a_volunteer_is_offered_no_list_of_colleagues(cast: Cast, client_for: Signed) -> None:
    page = look(client_for(cast.vic))

    assert str(cast.ana.id) not in page
    assert 'value="mine"' in page


@pytest.mark.parametrize("outsider", ["ben", "cam", "ira", "eve"])
def test_an_outsider_sees_nothing_of_a_matter(cast: Cast, client_for: Signed, outsider: str) -> None:
    due(cast.matter, cast.ana)
    hearing(cast, date(2026, 6, 25))
    browser = client_for(getattr(cast, outsider))
    asked_for: list[dict[str, str]] = [{}, {"who": str(cast.ana.id)}, {"kind": "asylum-defensive"}]

    for view, asked in product(VIEWS, asked_for):
        page = browser.get(reverse(view), asked).content.decode()

        assert cast.matter.code not in page
        assert "Notice of appeal" not in page and "Individual (merits)" not in page


def test_what_applies_no_longer_is_left_out_and_what_is_met_stays(cast: Cast, client_for: Signed) -> None:
    dropped = due(cast.matter, cast.ana, title="Moot", severity="advisory")
    met = due(cast.matter, cast.ana, title="Done", severity="advisory")
    Deadline.objects.filter(pk=dropped.pk).update(state="DROPPED")
    Deadline.objects.filter(pk=met.pk).update(state="MET", met_on=TODAY)

    for view in VIEWS:
        page = look(client_for(cast.ana), view)

        assert "Done" in page and "Moot" not in page


def test_the_title_carries_no_name(cast: Cast, client_for: Signed) -> None:
    due(cast.matter, cast.ana)
    ana = client_for(cast.ana)

    for view in VIEWS:
        title = re.search(r"<title>(.*?)</title>", look(ana, view), re.DOTALL)

        assert title and not re.search("Pascual|Mateo|appeal", title[1])
        assert re.search("2026", title[1])


def test_a_full_day_says_how_many_more_there_are(cast: Cast, client_for: Signed) -> None:
    for number in range(7):
        due(cast.matter, cast.ana, title=f"Paper {number}")
    ana = client_for(cast.ana)

    month, agenda = look(ana), look(ana, "calendar-agenda", on="2026-06-03")

    assert month.count('class="entry') == 4
    assert "3 more" in month
    assert sum(f"Paper {number}" in agenda for number in range(7)) == 7


def test_the_agenda_opens_on_the_page_of_its_day(cast: Cast, client_for: Signed) -> None:
    for number in range(61):
        due(cast.matter, cast.ana, date(2026, 6, 2), title=f"Early {number}")
    due(cast.matter, cast.ana, date(2026, 6, 24), title="The late one")
    ana = client_for(cast.ana)

    assert "The late one" in look(ana, "calendar-agenda", on="2026-06-24")
    assert "The late one" not in look(ana, "calendar-agenda")


def test_opening_the_calendar_leaves_a_trace(cast: Cast, client_for: Signed) -> None:
    before = Entry.objects.filter(event=Entry.Event.MATTERS_LISTED).count()

    look(client_for(cast.ana))

    assert Entry.objects.filter(event=Entry.Event.MATTERS_LISTED).count() == before + 1


def test_the_calendar_stands_in_the_rail(cast: Cast, client_for: Signed) -> None:
    page = look(client_for(cast.ana))

    rail = page[page.index('class="rail"') :]
    assert rail.index("Matters") < rail.index("Calendar") < rail.index("Filings")
    assert re.search(r'href="/calendar/" aria-current="page"', rail)


@pytest.mark.parametrize("view", VIEWS)
def test_many_dates_cost_as_many_queries_as_few(
    cast: Cast, client_for: Signed, django_assert_max_num_queries: Callable[..., Any], view: str
) -> None:
    for number in range(4):
        matter = matters.open_matter(cast.mateo, kind="asylum-defensive", by=cast.ana, on=TODAY, at=NOW)
        matters.assign(matter, cast.vic, role=Assignment.Role.VOLUNTEER, by=cast.ana, today=TODAY)
        for day in range(10):
            due(matter, cast.ana, TODAY + timedelta(days=day + number), title=f"Paper {number} {day}")
    hearing(cast, date(2026, 6, 25))
    ana = client_for(cast.ana)

    with django_assert_max_num_queries(25):
        page = look(ana, view, kind="asylum-defensive")

    assert "Paper 0 0" in page
