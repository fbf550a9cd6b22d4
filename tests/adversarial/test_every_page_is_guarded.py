"""Every page, tried by every kind of outsider. A page nobody listed here fails the first test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from caseapp.access import services as access
from caseapp.access.models import User
from caseapp.deadlines import notices
from caseapp.deadlines import services as deadlines
from caseapp.documents import services as documents
from caseapp.documents.receiving import receive
from caseapp.documents.services import Described
from caseapp.filings import services as filings
from caseapp.filings.services import Sent
from caseapp.people import papers
from caseapp.people import services as people
from caseapp.people.services import Particulars
from caseapp.retention import services as retention
from caseapp.retention.models import Hold, Purge
from tests.conftest import NOW, TODAY, Cast, make_user, signed_in, uuid_of_nothing

# Pages without an object in their address: anyone signed in may ask for them.
PLAIN = {
    "today", "clients", "client-new", "matters", "search", "filings", "retention", "hold-new",
    "staff", "roles", "health", "dates-review",
    "recovery-kit", "recovery-kit-new", "recovery-kit-confirm",
    "expiring",
    "calendar", "calendar-week", "calendar-agenda", "calendar-print",
    "my-reminders", "healthz-reminders", "calendar-link", "calendar-link-make", "calendar-link-end",
    "lock", "still-here", "second-step", "healthz", "staff-invite", "account_inactive",
    "account_login", "account_reauthenticate",
    "mfa_index", "mfa_authenticate", "mfa_reauthenticate", "mfa_activate_totp", "mfa_deactivate_totp",
    "mfa_generate_recovery_codes", "mfa_view_recovery_codes", "mfa_download_recovery_codes",
    "mfa_list_webauthn", "mfa_add_webauthn", "mfa_login_webauthn", "mfa_reauthenticate_webauthn",
}  # fmt: skip
# Answered before anyone has signed in, without a word about anyone.
OPEN_TO_ALL = {
    "healthz", "healthz-reminders", "account_login", "account_inactive",
    "mfa_login_webauthn", "mfa_authenticate",
}  # fmt: skip
# Links that let in whoever holds the token; a wrong token is the same page for everyone.
BY_TOKEN = {"setup", "join", "feed"}
# allauth's own, each bound to the signed-in user's passkeys by their own query.
OWN_PASSKEYS = {"mfa_remove_webauthn", "mfa_edit_webauthn"}
DEMO_ONLY = {"demo", "demo-sign-in"}

# page name -> the kind of object its address names
PAGES = {
    "client": "person", "client-edit": "person", "client-a-number": "person", "client-contact-new": "person",
    "relative-new": "person", "client-trail": "person", "matter-new": "person",
    "paper-new": "person", "paper-edit": "paper", "paper-show": "paper", "paper-remove": "paper",
    "contact-show": "contact", "contact-remove": "contact",
    "matter": "matter", "matter-stage": "matter", "matter-include": "matter", "matter-assign": "matter",
    "matter-take-off": "matter", "matter-screen": "matter",
    "matter-screen-lift": "matter", "note-new": "matter", "matter-close": "matter",
    "matter-reopen": "matter", "matter-trail": "matter", "matter-print": "matter",
    "event": "event", "event-new": "matter", "printed-date-new": "matter",
    "notice-new": "matter", "notice-no-date": "notice", "filing-new": "matter",
    "deadline": "deadline", "deadline-confirm": "deadline", "deadline-met": "deadline",
    "deadline-move": "deadline",
    "deadline-drop": "deadline", "deadline-reopen": "deadline", "deadline-seen": "deadline",
    "deadline-print": "deadline",
    "review-accept": "deadline", "review-keep": "deadline", "event-correct": "event",
    "change-second": "change", "change-refuse": "change",
    "filing": "filing", "filing-outcome": "filing",
    "document-new": "matter", "document": "document", "document-edit": "document",
    "document-version": "document", "document-remove": "document", "document-file": "version",
    "purge-propose": "matter", "purge-approve": "purge", "purge-refuse": "purge",
    "purge-certificate": "gone", "purge-certificate-file": "gone",
    "hold-lift-ask": "hold", "hold-lift": "hold",
    "invitation-withdraw": "invitation",
    "staff-role": "colleague", "staff-lock-out": "colleague", "staff-let-in": "colleague",
    "staff-reset": "colleague",
}  # fmt: skip
# These name a colleague after the object.
WITH_A_COLLEAGUE = {"matter-take-off", "matter-screen-lift"}
# What only someone of another clinic is outside of: colleagues may know of it.
CLINIC_WIDE = {"invitation", "colleague", "gone"}


def every_pattern(patterns: list[Any] | None = None) -> Iterator[URLPattern]:
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            yield from every_pattern(pattern.url_patterns)
        else:
            yield pattern


def test_every_page_has_a_name_and_is_listed_here() -> None:
    named = {pattern.name for pattern in every_pattern()}

    assert None not in named
    assert named - DEMO_ONLY == set(PAGES) | PLAIN | BY_TOKEN | OWN_PASSKEYS


@pytest.fixture
def objects(cast: Cast) -> dict[str, UUID]:
    """One of each thing that stands in an address, all of them about the cast."""
    event, proposed = deadlines.record_event(
        cast.matter,
        kind="ij-decision",
        on=TODAY,
        service="oral",
        outcome="denied",
        note="",
        by=cast.ana,
        at=NOW,
    )
    change = deadlines.confirm(proposed[0], by=cast.ana, at=NOW)
    sent = Sent(form="EOIR-26", how="courier", filed_on=TODAY, tracking_number="794600000000")
    filing = filings.record_filing(cast.matter, sent, by=cast.ana, at=NOW, today=TODAY)
    hold = retention.place_hold(
        matter=cast.matter,
        reason="a demand",
        authority="letter",
        review_on=date(2026, 9, 1),
        by=cast.ana,
        at=NOW,
    )
    paper = documents.add_document(
        cast.matter, receive("a.pdf", b"%PDF-"), Described(kind="letter"), by=cast.ana, at=NOW
    )
    invitation, _url = access.invite(cast.dee, email="fay@example.org", role=User.Role.PARALEGAL, now=NOW)
    return {
        "person": cast.mateo.id,
        "paper": papers.record(cast.mateo, papers.Described(kind="passport"), by=cast.ana, at=NOW).id,
        "contact": cast.mateo.safe_contacts.get().id,
        "matter": cast.matter.id,
        "notice": notices.record(
            cast.matter, notices.Arrived(arrived_on=TODAY, service="mail"), by=cast.ana, at=NOW
        ).id,
        "event": event.id,
        "deadline": proposed[0].id,
        "change": change.id,
        "filing": filing.id,
        "document": paper.id,
        "version": paper.versions.get().id,
        "hold": hold.id,
        "gone": purge_of_someone_on_no_matter(cast),
        "purge": purge_of_a_closed_matter(cast),
        "invitation": invitation.id,
        "colleague": cast.ben.id,
    }


def purge_of_a_closed_matter(cast: Cast) -> UUID:
    from_long_ago = date(2018, 1, 2)
    closed = type(cast.matter).objects.get(pk=cast.matter.pk)
    type(closed).objects.filter(pk=closed.pk).update(
        closed_on=from_long_ago, kept_as="FULL", keep_until=date(2025, 1, 2)
    )
    closed.refresh_from_db()
    Hold.objects.filter(matter_id=closed.id).delete()
    purge = retention.propose_purge(closed, by=cast.dee, at=NOW, today=TODAY)
    type(closed).objects.filter(pk=closed.pk).update(closed_on=None, kept_as=None, keep_until=None)
    return purge.id


def purge_of_someone_on_no_matter(cast: Cast) -> UUID:
    people.record_person(
        Particulars(given_names="Rosa", first_surname="Quispe"), by=cast.ana, at=NOW - timedelta(days=40)
    )
    retention.purge_prospects(now=NOW)
    return Purge.objects.get(code="").id


def methods() -> list[Callable[[Client, str], Any]]:
    return [
        lambda c, url: c.get(url),
        lambda c, url: c.post(url),
        lambda c, url: c.post(url, headers={"HX-Request": "true"}),
    ]


def outsiders(cast: Cast, kind: str) -> list[User]:
    if kind in CLINIC_WIDE:
        return [cast.eve]
    fay = make_user(cast.clinic, "Fay", User.Role.ATTORNEY)
    return [cast.ben, cast.cam, cast.ira, cast.eve, fay]


@pytest.mark.parametrize("page", PAGES)
def test_an_outsider_gets_the_same_answer_as_for_a_page_that_is_not_there(
    cast: Cast, objects: dict[str, UUID], page: str
) -> None:
    more = [cast.vic.id] if page in WITH_A_COLLEAGUE else []
    real = reverse(page, args=[objects[PAGES[page]], *more])
    missing = reverse(page, args=[uuid_of_nothing(), *more])
    nowhere = "/there/is/no/such/page/"

    for outsider in outsiders(cast, PAGES[page]):
        browser = signed_in(outsider)
        for ask in methods():
            answers = [ask(browser, url) for url in (real, missing)]
            told = [(a.status_code, a.content) for a in answers]
            assert told[0] == told[1], f"{outsider.email} can tell that {page} is there"
            if told[0][0] != 405:
                assert told[0] == (404, browser.get(nowhere).content)


@pytest.mark.parametrize("page", sorted(PAGES | dict.fromkeys(PLAIN - OPEN_TO_ALL, "")))
def test_a_stranger_is_sent_to_sign_in_and_learns_nothing(
    client: Client, cast: Cast, objects: dict[str, UUID], page: str
) -> None:
    more = [cast.vic.id] if page in WITH_A_COLLEAGUE else []
    url = reverse(page, args=[objects[PAGES[page]], *more]) if page in PAGES else reverse(page)

    answers = [client.get(url), client.post(url)]

    for answer in answers:
        assert answer.status_code in (302, 404, 405)
        if answer.status_code == 302:
            assert answer.headers["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("page", sorted(OPEN_TO_ALL))
def test_what_anyone_may_ask_for_names_nobody(client: Client, cast: Cast, page: str) -> None:
    answer = client.get(reverse(page))

    assert answer.status_code in (200, 302) or page == "healthz-reminders"
    assert b"example" not in answer.content and b"Ana" not in answer.content


@pytest.mark.parametrize("page", sorted(BY_TOKEN))
def test_a_wrong_token_is_refused_in_words(client: Client, cast: Cast, page: str) -> None:
    answer = client.get(reverse(page, args=["not-a-token"]))

    assert answer.status_code == 404
