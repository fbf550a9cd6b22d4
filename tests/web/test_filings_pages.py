"""Recording what was filed and what came of it, as a person at a browser does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from caseapp.access.models import User
from caseapp.audit.models import Entry
from caseapp.deadlines import services as deadlines
from caseapp.deadlines.models import Deadline
from caseapp.filings import services
from caseapp.filings.models import Filing
from caseapp.filings.services import Sent
from tests.conftest import NOW, TODAY, Cast

Signed = Callable[[User], Client]
APPEAL = {"form": "EOIR-26", "how": "courier", "filed_on": "2026-06-03", "tracking_number": "1Z 999 AA1 0123"}


@pytest.fixture(autouse=True)
def on_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is 3 June 2026 at the clinic, at noon."""
    monkeypatch.setattr("caseapp.clock.now", lambda: NOW)


def due(cast: Cast, severity: str = "serious") -> Deadline:
    return deadlines.record_printed_date(
        cast.matter,
        title="Notice of appeal",
        due=TODAY + timedelta(days=20),
        notice_on=TODAY,
        severity=severity,
        note="",
        by=cast.ana,
        at=NOW,
    )


def filed(cast: Cast, *, form: str = "EOIR-26", meets: Deadline | None = None) -> Filing:
    sent = Sent(form=form, how="courier", filed_on=TODAY, tracking_number="1Z999")
    return services.record_filing(cast.matter, sent, by=cast.ana, at=NOW, today=TODAY, meets=meets)


def post_new(browser: Client, cast: Cast, typed: dict[str, str]) -> Any:
    return browser.post(reverse("filing-new", args=[cast.matter.id]), typed, follow=True)


def test_a_filing_is_recorded_and_meets_its_date(cast: Cast, client_for: Signed) -> None:
    deadline = due(cast)

    response = post_new(client_for(cast.ana), cast, APPEAL | {"meets": str(deadline.id)})

    shown = response.content.decode()
    assert "The filing is recorded, and its date is met." in shown
    assert "1Z 999 AA1 0123" in shown
    assert "Notice of appeal" in shown
    deadline.refresh_from_db()
    assert deadline.state == Deadline.State.MET


def test_a_fatal_date_is_met_only_when_a_second_person_agrees(cast: Cast, client_for: Signed) -> None:
    deadline = due(cast, "fatal")

    response = post_new(client_for(cast.ana), cast, APPEAL | {"meets": str(deadline.id)})

    assert b"met when a second person agrees" in response.content
    deadline.refresh_from_db()
    assert deadline.is_open


def test_the_date_named_in_the_address_is_already_chosen(cast: Cast, client_for: Signed) -> None:
    deadline = due(cast)

    shown = client_for(cast.ana).get(
        reverse("filing-new", args=[cast.matter.id]) + f"?deadline={deadline.id}"
    )

    assert f'<option value="{deadline.id}" selected>' in shown.content.decode()


@pytest.mark.parametrize(
    "typed, says",
    [
        ({"tracking_number": ""}, "what proves it"),
        ({"receipt_number": "IOE12"}, "three letters and ten digits"),
        ({"filed_on": "2026-06-04"}, "That day has not come yet"),
        ({"form": "I-999"}, "I-999"),
        ({"proof": "x" * 501}, "501 characters long"),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_what_was_typed_stays(
    cast: Cast, client_for: Signed, typed: dict[str, str], says: str
) -> None:
    response = client_for(cast.ana).post(reverse("filing-new", args=[cast.matter.id]), APPEAL | typed)

    shown = response.content.decode()
    assert response.status_code == 422
    assert says in shown
    assert all(value in shown for name, value in typed.items() if name != "form")
    assert not Filing.objects.exists()


def test_a_receipt_number_with_an_unknown_office_is_kept_and_questioned(
    cast: Cast, client_for: Signed
) -> None:
    response = post_new(client_for(cast.ana), cast, APPEAL | {"receipt_number": "zzz-09 1234 5678"})

    assert b"begin with ZZZ are not known here" in response.content
    assert Filing.objects.get().receipt_number == "ZZZ0912345678"


def test_another_matters_date_cannot_be_met(cast: Cast, client_for: Signed) -> None:
    response = client_for(cast.ana).post(
        reverse("filing-new", args=[cast.matter.id]),
        APPEAL | {"meets": "00000000-0000-4000-8000-000000000000"},
    )

    assert response.status_code == 422
    assert not Deadline.objects.filter(state=Deadline.State.MET).exists()


def test_a_rejection_opens_the_date_again_and_says_so_loudly(cast: Cast, client_for: Signed) -> None:
    deadline = due(cast)
    filing = filed(cast, meets=deadline)

    response = client_for(cast.ana).post(
        reverse("filing-outcome", args=[filing.id]),
        {"state": "REJECTED", "on": "2026-06-03", "note": "Wrong fee"},
        follow=True,
    )

    shown = response.content.decode()
    deadline.refresh_from_db()
    assert deadline.is_open
    assert "1 date is open again. Act by 23 Jun 2026." in shown
    assert "Rejected. It counts as never filed." in shown
    assert 'role="alert"' in shown
    assert "open again" in shown
    assert f"?deadline={deadline.id}" in shown


def test_an_outcome_keeps_the_receipt_number_that_came_with_it(cast: Cast, client_for: Signed) -> None:
    filing = filed(cast, form="I-765")

    client_for(cast.ana).post(
        reverse("filing-outcome", args=[filing.id]),
        {"state": "RECEIVED", "on": "2026-06-03", "receipt_number": "IOE0912345678"},
    )

    filing.refresh_from_db()
    assert (filing.state, filing.receipt_number) == (Filing.State.RECEIVED, "IOE0912345678")


def test_an_outcome_before_the_filing_is_refused(cast: Cast, client_for: Signed) -> None:
    filing = filed(cast)

    response = client_for(cast.ana).post(
        reverse("filing-outcome", args=[filing.id]), {"state": "RECEIVED", "on": "2026-06-02"}
    )

    assert response.status_code == 422
    assert b"between the filing and today" in response.content


def test_the_list_names_each_filing_and_whose_it_is(cast: Cast, client_for: Signed) -> None:
    filed(cast)

    shown = client_for(cast.ana).get("/filings/").content.decode()

    assert "EOIR-26" in shown and cast.matter.code in shown
    assert "Mateo Q&#x27;anil Pascual Andrés" in shown


@pytest.mark.parametrize("outsider", ["ben", "cam", "ira", "eve"])
def test_the_list_shows_nothing_of_a_matter_one_is_not_on(
    cast: Cast, client_for: Signed, outsider: str
) -> None:
    filed(cast)

    response = client_for(getattr(cast, outsider)).get("/filings/")

    assert response.status_code == 200
    assert b"EOIR-26" not in response.content


def test_fifty_filings_a_page_cost_as_many_queries_as_one(
    cast: Cast, client_for: Signed, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for _number in range(53):
        filed(cast)
    ana = client_for(cast.ana)
    ana.get("/filings/")

    with django_assert_max_num_queries(20):
        first = ana.get("/filings/").content.decode()

    second = ana.get("/filings/?page=2").content.decode()
    assert (first.count('id="filing-'), second.count('id="filing-')) == (50, 3)


def test_opening_a_filing_leaves_a_trace(cast: Cast, client_for: Signed) -> None:
    filing = filed(cast)

    client_for(cast.ana).get(reverse("filing", args=[filing.id]))

    assert Entry.objects.filter(event=Entry.Event.FILING_VIEWED, object_id=filing.id).count() == 1


def test_a_volunteer_reads_a_filing_and_is_offered_no_change(cast: Cast, client_for: Signed) -> None:
    filing = filed(cast)
    vic = client_for(cast.vic)

    shown = vic.get(reverse("filing", args=[filing.id])).content
    refused = vic.post(reverse("filing-outcome", args=[filing.id]), {"state": "REJECTED", "on": "2026-06-03"})

    assert b"Record the outcome" not in shown
    assert refused.status_code == 403
