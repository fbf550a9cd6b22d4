"""Adding a date, understanding it, and deciding about it, as a person at a browser does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from caseapp.access.models import User
from caseapp.audit.models import Entry
from caseapp.deadlines import services
from caseapp.deadlines.models import CaseEvent, Change, Deadline
from caseapp.filings import services as filings
from caseapp.filings.services import Sent
from tests.conftest import NOW, TODAY, Cast

Signed = Callable[[User], Client]
HTMX: dict[str, Any] = {"headers": {"HX-Request": "true"}}


@pytest.fixture(autouse=True)
def on_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is 3 June 2026 at the clinic, at noon."""
    monkeypatch.setattr("caseapp.clock.now", lambda: NOW)


def proposed(cast: Cast, variant: str = "30d") -> Deadline:
    _event, dates = services.record_event(
        cast.matter,
        kind="ij-decision",
        on=TODAY,
        service="oral",
        outcome="denied",
        note="",
        by=cast.ana,
        at=NOW,
    )
    return next(d for d in dates if d.computation["variant"] == variant)


def paper(cast: Cast, severity: str = "serious", due: date = date(2026, 7, 7)) -> Deadline:
    deadline = services.record_printed_date(
        cast.matter, title="Answer", due=due, notice_on=TODAY, severity=severity, note="", by=cast.ana, at=NOW
    )
    if severity != "fatal":
        services.confirm(deadline, by=cast.ana, at=NOW)
    return deadline


def page(browser: Client, name: str, thing: Any) -> str:
    response = browser.get(reverse(name, args=[thing.id]))
    assert response.status_code == 200
    return response.content.decode()


def test_what_happened_is_chosen_first_and_only_its_own_questions_are_asked(
    cast: Cast, client_for: Signed
) -> None:
    ana = client_for(cast.ana)
    address = reverse("event-new", args=[cast.matter.id])

    choose = ana.get(address).content.decode()
    decision = ana.get(address + "?kind=ij-decision").content.decode()
    moved = ana.get(address + "?kind=last-entry").content.decode()

    assert "Immigration judge&#x27;s decision" in choose
    assert "Given orally" in decision and "Denied, or removal ordered" in decision
    assert "How it reached the client" not in moved and "What was decided" not in moved


def test_what_happened_may_be_chosen_and_entered_with_nothing_of_it_in_the_address(
    cast: Cast, client_for: Signed
) -> None:
    ana, address = client_for(cast.ana), reverse("event-new", args=[cast.matter.id])

    asked = ana.post(address, {"choose": "ij-decision"})
    entered = ana.post(
        address,
        {"kind": "ij-decision", "on": "2026-06-03", "service": "oral", "outcome": "denied", "note": ""},
    )

    shown = asked.content.decode()
    assert asked.status_code == 200 and "Given orally" in shown and "aria-invalid" not in shown
    assert f'action="{address}"' in shown and 'name="kind" value="ij-decision"' in shown
    assert entered.status_code == 302
    assert CaseEvent.objects.get().kind == "ij-decision"


def test_a_decision_is_entered_and_its_dates_are_proposed_with_their_reasons(
    cast: Cast, client_for: Signed
) -> None:
    """The issue's own example: an oral decision of 3 June 2026."""
    response = client_for(cast.ana).post(
        reverse("event-new", args=[cast.matter.id]) + "?kind=ij-decision",
        {"on": "2026-06-03", "service": "oral", "outcome": "denied", "note": "Judge Ortiz"},
        follow=True,
    )

    shown = response.content.decode()
    assert response.status_code == 200
    assert "Mon 6 Jul 2026" in shown and "Thu 2 Jul 2026" in shown
    assert "Fri 12 Jun 2026" in shown, "the protective ten days"
    assert "vacated by a court" in shown
    assert "The judge gave the decision orally on Wed 3 Jun 2026." in shown
    assert "8 CFR 1003.38(b)" in shown
    assert shown.count("/confirm/") == 4
    assert not Deadline.objects.exclude(state=Deadline.State.PROPOSED).exists()


@pytest.mark.parametrize(
    "typed, says",
    [
        ({"on": "2026-02-30"}, "There is no such day"),
        ({"on": "2206-06-03"}, "That year cannot be right"),
        ({"on": "1955-06-03"}, "Dates from 1990-01-01 to 2100-12-31 are counted"),
        ({"service": "pigeon"}, "pigeon"),
        ({"note": "a NUL \x00 here"}, "control character"),
        ({"outcome": ""}, "This field is required"),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_what_was_typed_stays(
    cast: Cast, client_for: Signed, typed: dict[str, str], says: str
) -> None:
    good = {"on": "2026-06-03", "service": "oral", "outcome": "denied", "note": "Kept as typed"}

    response = client_for(cast.ana).post(
        reverse("event-new", args=[cast.matter.id]) + "?kind=ij-decision", good | typed
    )

    shown = response.content.decode()
    assert response.status_code == 422
    assert says in shown
    assert "note" in typed or "Kept as typed" in shown
    assert not CaseEvent.objects.exists()


def test_half_a_character_is_refused_in_words(cast: Cast, client_for: Signed) -> None:
    body = "on=2026-06-03&service=oral&outcome=denied&note=half+a+%ED%A0%BD+pair"

    response = client_for(cast.ana).post(
        reverse("event-new", args=[cast.matter.id]) + "?kind=ij-decision",
        body,
        content_type="application/x-www-form-urlencoded",
    )

    assert response.status_code == 422
    assert b"did not arrive whole" in response.content


def test_one_rule_of_the_pack_can_be_counted_by_itself(cast: Cast, client_for: Signed) -> None:
    response = client_for(cast.ana).post(
        reverse("event-new", args=[cast.matter.id]) + "?kind=other-rule",
        {"on": "2026-06-03", "service": "n/a", "outcome": "asylum-one-year-bar"},
        follow=True,
    )

    assert response.status_code == 200
    assert Deadline.objects.get().computation["rule"] == "asylum-one-year-bar"


def test_a_printed_date_counts_as_printed(cast: Cast, client_for: Signed) -> None:
    typed = {"title": "Response to the request for evidence", "due": "2026-07-04", "notice_on": "2026-06-01"}

    response = client_for(cast.ana).post(
        reverse("printed-date-new", args=[cast.matter.id]), typed | {"severity": "fatal"}, follow=True
    )

    shown = response.content.decode()
    assert "The notice prints Sat 4 Jul 2026 as the last day." in shown
    assert "The last open day before it is Thu 2 Jul 2026: act by then." in shown


def test_a_printed_date_before_its_notice_is_refused(cast: Cast, client_for: Signed) -> None:
    typed = {"title": "Answer", "due": "2026-05-01", "notice_on": "2026-06-01", "severity": "fatal"}

    response = client_for(cast.ana).post(reverse("printed-date-new", args=[cast.matter.id]), typed)

    assert response.status_code == 422
    assert b"before the notice" in response.content


def test_the_page_of_a_date_says_how_it_was_counted_and_how_far_it_can_be_relied_on(
    cast: Cast, client_for: Signed
) -> None:
    shown = page(client_for(cast.ana), "deadline", proposed(cast))

    assert "Thu 2 Jul 2026" in shown and "Mon 6 Jul 2026" in shown and "Fri 3 Jul 2026" in shown
    assert "carries to the next open day" in shown
    assert "Contested." in shown and "Amica Center" in shown
    assert "text verified" in shown and "in force when checked" in shown
    assert "no attorney yet" in shown
    assert "a second person is then asked" in shown
    assert "11 Jun 2026" in shown, "the first reminder, 21 days before"


def test_a_rule_that_was_checked_long_ago_asks_to_be_checked_again(
    cast: Cast, client_for: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadline = proposed(cast)
    monkeypatch.setattr("caseapp.clock.now", lambda: NOW.replace(year=2027, month=3, day=21))

    shown = page(client_for(cast.ana), "deadline", deadline)

    assert "Check again." in shown
    assert "last looked up 117 days ago" in shown


def test_two_people_confirm_a_fatal_date_each_from_their_own_page(cast: Cast, client_for: Signed) -> None:
    deadline = proposed(cast)
    ana, dee = client_for(cast.ana), client_for(cast.dee)

    ana.post(reverse("deadline-confirm", args=[deadline.id]))
    change = Change.objects.get()
    for_ana, for_dee = page(ana, "deadline", deadline), page(dee, "deadline", deadline)
    refused = ana.post(reverse("change-second", args=[change.id]), follow=True).content.decode()
    deadline.refresh_from_db()
    before = deadline.state
    dee.post(reverse("change-second", args=[change.id]))

    deadline.refresh_from_db()
    assert "Agree</button>" not in for_ana and "Take it back" in for_ana
    assert "Agree</button>" in for_dee and "Refuse" in for_dee
    assert "someone else has to agree" in refused
    assert before == Deadline.State.PROPOSED
    assert deadline.state == Deadline.State.CONFIRMED
    assert "agreed by a second person" in page(ana, "deadline", deadline)


def test_a_second_person_may_refuse(cast: Cast, client_for: Signed) -> None:
    deadline = proposed(cast)
    change = services.confirm(deadline, by=cast.ana, at=NOW)

    client_for(cast.dee).post(reverse("change-refuse", args=[change.id]))

    change.refresh_from_db()
    assert change.state == Change.State.REFUSED


def test_a_date_is_met_in_place_and_its_row_comes_back(cast: Cast, client_for: Signed) -> None:
    deadline = paper(cast)

    response = client_for(cast.ana).post(
        reverse("deadline-met", args=[deadline.id]), {"on": "2026-06-03", "proof": "Stamped copy"}, **HTMX
    )

    shown = response.content.decode()
    assert response.status_code == 200
    assert shown.startswith("<li") and f'id="deadline-{deadline.id}"' in shown
    assert "met" in shown and "Mark met" not in shown


def test_a_date_is_met_without_javascript(cast: Cast, client_for: Signed) -> None:
    deadline = paper(cast)

    response = client_for(cast.ana).post(
        reverse("deadline-met", args=[deadline.id]), {"on": "2026-06-03", "proof": "Stamped copy"}
    )

    deadline.refresh_from_db()
    assert response.status_code == 302
    assert deadline.state == Deadline.State.MET


def test_a_date_is_met_by_a_filing_of_its_matter(cast: Cast, client_for: Signed) -> None:
    deadline = paper(cast)
    sent = Sent(form="EOIR-26", how="courier", filed_on=TODAY, tracking_number="1Z999")
    filing = filings.record_filing(cast.matter, sent, by=cast.ana, at=NOW, today=TODAY)

    client_for(cast.ana).post(
        reverse("deadline-met", args=[deadline.id]),
        {"on": "2026-06-03", "proof": "", "filing": str(filing.id)},
    )

    assert Change.objects.get(kind=Change.Kind.MEET).filing_id == filing.id


@pytest.mark.parametrize("headers", [{}, HTMX["headers"]])
def test_a_date_is_not_met_without_proof_and_says_so_where_it_was_asked(
    cast: Cast, client_for: Signed, headers: dict[str, str]
) -> None:
    deadline = paper(cast)

    response = client_for(cast.ana).post(
        reverse("deadline-met", args=[deadline.id]), {"on": "2026-06-03", "proof": ""}, headers=headers
    )

    assert response.status_code == 422
    assert b"Say how it was done" in response.content
    deadline.refresh_from_db()
    assert deadline.is_open


def test_a_date_moves_with_its_reason_and_the_computed_one_stays_beside_it(
    cast: Cast, client_for: Signed
) -> None:
    deadline = paper(cast)
    ana = client_for(cast.ana)

    ana.post(
        reverse("deadline-move", args=[deadline.id]),
        {"move-legal": "2026-07-21", "move-reason": "Order of 10 June"},
    )

    shown = page(ana, "deadline", deadline)
    assert "Tue 21 Jul 2026" in shown
    assert "Changed." in shown and "Tue 7 Jul 2026" in shown
    assert "Order of 10 June" in shown


@pytest.mark.parametrize(
    "name, typed", [("deadline-move", {"move-legal": "2026-07-21"}), ("deadline-drop", {})]
)
def test_a_date_changes_only_with_a_reason(
    cast: Cast, client_for: Signed, name: str, typed: dict[str, str]
) -> None:
    deadline = paper(cast)

    response = client_for(cast.ana).post(reverse(name, args=[deadline.id]), typed)

    assert response.status_code == 422
    assert Change.objects.exclude(kind=Change.Kind.CONFIRM).count() == 0


def test_a_dropped_date_can_be_opened_again_by_one_person(cast: Cast, client_for: Signed) -> None:
    deadline = paper(cast)
    ana = client_for(cast.ana)
    ana.post(reverse("deadline-drop", args=[deadline.id]), {"drop-reason": "Withdrawn"})
    deadline.refresh_from_db()
    dropped = deadline.state

    ana.post(reverse("deadline-reopen", args=[deadline.id]), {"reopen-reason": "It was not"})

    deadline.refresh_from_db()
    assert dropped == Deadline.State.DROPPED
    assert deadline.state == Deadline.State.CONFIRMED
    assert "It was not" in page(ana, "deadline", deadline)


def test_the_sheet_for_the_paper_file_holds_each_step_and_the_client(cast: Cast, client_for: Signed) -> None:
    shown = page(client_for(cast.ana), "deadline-print", proposed(cast))

    assert "30 calendar days; weekends and holidays count." in shown
    assert "Mateo Q&#x27;anil Pascual Andrés" in shown
    assert "3 Jun 2026, 12:00 EDT" in shown, "the clinic's own clock"


def test_opening_a_date_leaves_a_trace(cast: Cast, client_for: Signed) -> None:
    deadline = proposed(cast)
    ana = client_for(cast.ana)

    page(ana, "deadline", deadline)
    page(ana, "event", deadline.event)

    seen = Entry.objects.filter(event=Entry.Event.DEADLINE_VIEWED, actor_id=cast.ana.id)
    assert {entry.object_id for entry in seen} == {deadline.id, deadline.event_id}


@pytest.mark.parametrize("outsider", ["ben", "cam", "ira", "eve"])
def test_an_outsider_cannot_tell_that_an_event_exists(cast: Cast, client_for: Signed, outsider: str) -> None:
    deadline = proposed(cast)
    browser = client_for(getattr(cast, outsider))

    real = browser.get(reverse("event", args=[deadline.event_id]))
    missing = browser.get(reverse("event", args=["00000000-0000-4000-8000-000000000000"]))

    assert (real.status_code, real.content) == (missing.status_code, missing.content)
    assert real.status_code == 404


def test_a_volunteer_reads_a_date_and_is_offered_no_decision(cast: Cast, client_for: Signed) -> None:
    deadline = paper(cast)
    vic = client_for(cast.vic)

    shown = page(vic, "deadline", deadline)
    refused = vic.post(reverse("deadline-drop", args=[deadline.id]), {"drop-reason": "No"})

    assert (
        "Mark met" not in shown
        and "Change this date" not in shown
        and "Confirm" not in shown.split("History")[0]
    )
    assert refused.status_code == 403
    deadline.refresh_from_db()
    assert deadline.is_open


def test_nothing_changes_by_looking(cast: Cast, client_for: Signed) -> None:
    deadline = paper(cast)
    ana = client_for(cast.ana)

    for name in ["deadline-confirm", "deadline-reopen"]:
        assert ana.get(reverse(name, args=[deadline.id])).status_code == 405

    assert Deadline.objects.get().state == Deadline.State.CONFIRMED


def test_a_page_of_a_date_costs_few_queries(
    cast: Cast, client_for: Signed, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    deadline = paper(cast, due=TODAY + timedelta(days=30))
    for day in range(1, 9):
        services.move(deadline, by=cast.ana, at=NOW, legal=TODAY + timedelta(days=30 + day), reason="Order")
    ana = client_for(cast.ana)
    page(ana, "deadline", deadline)

    with django_assert_max_num_queries(22):
        page(ana, "deadline", deadline)
