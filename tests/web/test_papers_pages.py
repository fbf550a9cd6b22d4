"""The papers of a client at a browser: on the client's page, on Today, and in a list of their own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from caseapp.access.models import User
from caseapp.audit.models import Entry
from caseapp.documents import services as documents
from caseapp.documents.receiving import receive
from caseapp.documents.services import Described as DescribedDocument
from caseapp.matters import services as matters
from caseapp.people import papers
from caseapp.people import services as people
from caseapp.people.models import Paper
from caseapp.people.papers import Described
from caseapp.people.services import Particulars
from caseapp.vault import keyring
from tests.conftest import NOW, TODAY, Cast
from tests.web.test_today import Counted, printed

Signed = Callable[[User], Client]


@pytest.fixture(autouse=True)
def on_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is 3 June 2026 at the clinic, at noon."""
    monkeypatch.setattr("caseapp.clock.now", lambda: NOW)


def record(cast: Cast, ends: date, *, kind: str = "passport", note: str = "") -> Paper:
    said = Described(kind=kind, number="GT-1234567", expires_on=ends, note=note)
    return papers.record(cast.mateo, said, by=cast.ana, at=NOW)


def text_of(response: Any) -> str:
    assert response.status_code == 200
    return str(response.content.decode())


def test_a_paper_is_recorded_changed_and_removed_from_the_clients_page(
    cast: Cast, client_for: Signed
) -> None:
    browser = client_for(cast.ana)
    sent = {"kind": "work permit", "expires_on": "2026-09-01", "number": "SRC2190012345", "note": "C08"}

    browser.post(reverse("paper-new", args=[cast.mateo.id]), sent)
    paper = Paper.objects.get()
    page = text_of(browser.get(reverse("client", args=[cast.mateo.id])))
    edit = reverse("paper-edit", args=[paper.id])
    form = text_of(browser.get(edit))
    browser.post(edit, {"kind": "work permit", "expires_on": "2031-09-01", "number": "", "note": "C08"})
    changed = Paper.objects.get()
    browser.post(reverse("paper-remove", args=[paper.id]))

    assert "1 Sep 2026" in page and "SRC2190012345" not in page
    assert "SRC2190012345" not in form
    assert (changed.expires_on, changed.number) == (date(2031, 9, 1), "SRC2190012345")
    assert not Paper.objects.exists()


def test_a_papers_number_is_shown_only_when_asked_for_and_that_is_recorded(
    cast: Cast, client_for: Signed
) -> None:
    paper = record(cast, date(2026, 8, 1))

    shown = text_of(client_for(cast.ana).post(reverse("paper-show", args=[paper.id])))

    assert "GT-1234567" in shown
    assert Entry.objects.filter(event=Entry.Event.VALUE_SHOWN, object_id=paper.id).count() == 1


def test_a_paper_without_a_kind_is_refused_in_its_place(cast: Cast, client_for: Signed) -> None:
    answer = client_for(cast.ana).post(reverse("paper-new", args=[cast.mateo.id]), {"note": "Grey folder"})

    assert answer.status_code == 422
    assert b"Grey folder" in answer.content
    assert not Paper.objects.exists()


def test_papers_and_documents_stand_in_one_list_the_earliest_first(cast: Cast, client_for: Signed) -> None:
    record(cast, TODAY + timedelta(days=20), kind="entry")
    record(cast, TODAY + timedelta(days=91), kind="certification")
    file = receive("pass.pdf", b"%PDF-")
    said = DescribedDocument(kind="passport", title="Travel book", expires_on=TODAY + timedelta(days=10))
    documents.add_document(cast.matter, file, said, by=cast.ana, at=NOW)
    browser = client_for(cast.ana)

    in_90 = text_of(browser.get("/expiring/?within=90"))
    in_180 = text_of(browser.get("/expiring/"))
    on_today = text_of(browser.get("/"))

    assert 0 < in_90.index("Travel book") < in_90.index("Entry record (I-94)")
    assert "Certification" not in in_90.split('<nav class="filters"')[1]
    assert "Certification (U or T visa)" in in_180
    assert "Travel book" in on_today and "Entry record (I-94)" in on_today
    assert "Certification (U or T visa)" not in on_today


@pytest.mark.parametrize("outsider", ["ben", "cam", "ira", "eve"])
def test_someone_outside_the_matter_sees_nothing_of_its_papers(
    cast: Cast, client_for: Signed, outsider: str
) -> None:
    record(cast, TODAY + timedelta(days=20), kind="entry")
    browser = client_for(getattr(cast, outsider))

    for address in ("/", "/expiring/"):
        assert "Entry record (I-94)" not in text_of(browser.get(address))


def test_today_still_asks_at_most_twelve_times_with_papers_to_name(cast: Cast, client_for: Signed) -> None:
    for days in range(5):
        other = people.record_person(
            Particulars(given_names=f"Ana {days}", first_surname="Tum"), by=cast.ana, at=NOW
        )
        matter = matters.open_matter(other, kind="asylum-defensive", by=cast.ana, on=TODAY, at=NOW)
        printed(matter, by=cast.ana, due=TODAY + timedelta(days=days), title="Answer")
        record(cast, TODAY + timedelta(days=days))
        said = DescribedDocument(kind="passport", title=f"Book {days}", expires_on=TODAY)
        documents.add_document(cast.matter, receive("a.pdf", b"%PDF-"), said, by=cast.ana, at=NOW)
    browser = client_for(cast.ana)
    browser.get("/")
    keyring.preload(cast.clinic.id, [cast.clinic.id])
    keyring.cache.trusted_until = float("-inf")

    with Counted() as seen:
        page = text_of(browser.get("/"))

    assert "Passport" in page and "Book 4" in page and "Answer" in page
    assert len(seen.statements) <= 12, seen.statements
