"""Sessions end when they should, nothing is kept by the browser, and each request sees one clinic."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import reverse

from caseapp.access import sessions, vault_door
from caseapp.access.models import User
from caseapp.audit.models import Entry
from caseapp.vault import keyring
from caseapp.web.http import safe_path
from caseapp.web.middleware import LockedVault
from tests.conftest import Cast, signed_in

pytestmark = pytest.mark.django_db(databases=["default", "keyring"])
PAGE = "/clinic/roles/"


class Watch:
    """The clock that sessions are measured by."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    watch = Watch()
    monkeypatch.setattr("caseapp.web.middleware.time.time", watch)
    yield watch


def is_in(browser: Client) -> bool:
    return browser.get(PAGE).status_code == 200


def test_a_session_lasts_while_it_is_used_and_ends_after_30_idle_minutes(cast: Cast, watch: Watch) -> None:
    browser = signed_in(cast.ana)
    for _ in range(3):
        watch.now += 29 * 60
        assert is_in(browser)

    watch.now += 30 * 60
    response = browser.get(PAGE)

    assert response["Location"] == f"{reverse('account_login')}?next=%2Fclinic%2Froles%2F"
    assert "_auth_user_id" not in browser.session
    assert "30 minutes" in browser.get(response["Location"]).content.decode()


def test_a_session_ends_after_12_hours_however_busy(cast: Cast, watch: Watch) -> None:
    browser = signed_in(cast.ana)
    for _ in range(35):
        watch.now += 20 * 60
        assert is_in(browser)

    watch.now += 20 * 60 + 1

    assert not is_in(browser)


def test_a_session_without_marks_is_over(cast: Cast) -> None:
    browser = signed_in(cast.ana)
    session = browser.session
    del session["began"]
    session.save()

    assert not is_in(browser)


def test_a_session_that_a_colleague_ended_is_over_and_a_later_one_is_not(cast: Cast, watch: Watch) -> None:
    browser = signed_in(cast.ana)
    shut_at = datetime.fromtimestamp(watch.now + 5, tz=UTC)
    User.objects.filter(pk=cast.ana.pk).update(sessions_end_before=shut_at)

    assert not is_in(browser)

    later = signed_in(cast.ana)
    session = later.session
    session["began"] = watch.now + 6
    session.save()
    assert is_in(later)


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "another"}])
def test_a_session_ends_with_the_account_or_the_password_it_began_with(
    cast: Cast, change: dict[str, Any]
) -> None:
    browser = signed_in(cast.ana)
    User.objects.filter(pk=cast.ana.pk).update(**change)

    assert not is_in(browser)
    assert "_auth_user_id" not in browser.session


def test_htmx_is_told_to_load_the_sign_in_page_whole(cast: Cast, watch: Watch) -> None:
    browser = signed_in(cast.ana)
    watch.now += 31 * 60

    response = browser.post(
        PAGE,
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/matters/?closed=1#notes"},
    )

    assert response.status_code == 200
    assert response["HX-Redirect"] == f"{reverse('account_login')}?next=%2Fmatters%2F%3Fclosed%3D1"


def test_locking_ends_the_session_and_comes_back_to_the_page(cast: Cast) -> None:
    browser = signed_in(cast.ana)

    response = browser.post(reverse("lock"), headers={"Referer": "http://testserver/clinic/roles/"})

    assert response["Location"] == f"{reverse('account_login')}?next=%2Fclinic%2Froles%2F"
    assert "_auth_user_id" not in browser.session
    assert "Locked" in browser.get(response["Location"]).content.decode()
    assert Entry.objects.get(event="session:locked").actor_id == cast.ana.id


def test_locking_twice_does_no_harm(client: Client) -> None:
    assert client.post(reverse("lock"))["Location"] == reverse("account_login")
    assert client.get(reverse("lock")).status_code == 405


def test_staying_moves_the_mark(cast: Cast, watch: Watch) -> None:
    browser = signed_in(cast.ana)
    watch.now += 29 * 60
    assert browser.post(reverse("still-here")).status_code == 204

    watch.now += 29 * 60

    assert is_in(browser)


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("/matters/", "/matters/"),
        ("http://testserver/matters/?a=b#c", "/matters/?a=b"),
        ("http://evil.example/matters/", ""),
        ("//evil.example/", ""),
        ("/\\evil.example", ""),
        ("javascript:alert(1)", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_only_our_own_pages_are_returned_to(address: str | None, path: str) -> None:
    assert safe_path(RequestFactory().get("/"), address) == path


def test_no_page_is_kept_by_the_browser(cast: Cast, client: Client) -> None:
    for response in (
        client.get(reverse("account_login")),
        signed_in(cast.ana).get(PAGE),
        client.get("/nowhere"),
    ):
        assert response["Cache-Control"] == "no-store"
        assert response["Referrer-Policy"] == "same-origin"
        assert "geolocation=()" in response["Permissions-Policy"]


def test_the_connection_shows_nothing_after_a_request(cast: Cast) -> None:
    signed_in(cast.ana).get(PAGE)

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('amparo.clinic', true), current_setting('amparo.door', true)")
        assert cursor.fetchone() in [("", ""), (None, None)]


def test_the_connection_shows_nothing_after_a_request_that_failed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = signed_in(cast.dee)
    browser.raise_request_exception = False
    monkeypatch.setattr("caseapp.access.queries.staff_seen_by", lambda user: 1 / 0)

    assert browser.get(reverse("staff")).status_code == 500
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('amparo.clinic', true)")
        assert cursor.fetchone() == ("",)


def test_a_session_marked_with_another_clinic_finds_nobody_there(cast: Cast) -> None:
    browser = signed_in(cast.ana)
    session = browser.session
    session["clinic"] = str(cast.other_clinic.id)
    session.save()

    assert not is_in(browser)


def test_while_the_vault_is_locked_every_page_says_so_and_the_health_page_answers(
    cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault_door, "why_locked", lambda: "There is no root key at /x.")
    browser = signed_in(cast.ana)

    for response in (browser.get(PAGE), client.get(reverse("account_login")), browser.post(reverse("lock"))):
        assert response.status_code == 503
        assert "The vault is locked" in response.content.decode()
        assert "/x" not in response.content.decode()
    assert client.get(reverse("healthz")).status_code == 200


def test_a_vault_that_locks_in_the_middle_of_a_page_is_said_too(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shut(user: User) -> list[User]:
        raise vault_door.VaultLocked("The keyring does not answer.")

    monkeypatch.setattr("caseapp.access.queries.staff_seen_by", shut)

    response = signed_in(cast.dee).get(reverse("staff"))

    assert response.status_code == 503
    assert "keyring" not in response.content.decode()


def test_the_vault_opens_again_by_itself(monkeypatch: pytest.MonkeyPatch, rf: RequestFactory) -> None:
    watch = Watch()
    monkeypatch.setattr("caseapp.web.middleware.time.monotonic", watch)
    reasons = ["no root key", ""]
    monkeypatch.setattr(vault_door, "why_locked", lambda: reasons.pop(0))
    middleware = LockedVault(lambda request: "the page")  # type: ignore[arg-type, return-value]
    assert middleware(rf.get("/")).status_code == 503

    watch.now += LockedVault.LOCKED_SECONDS

    assert middleware(rf.get("/")) == "the page"  # type: ignore[comparison-overlap]


def test_not_yours_and_not_there_are_the_same_bytes(cast: Cast) -> None:
    browser = signed_in(cast.dee)

    other = browser.post(reverse("staff-lock-out", args=[cast.eve.id]))
    nowhere = browser.get("/no/such/page/")

    assert other.status_code == nowhere.status_code == 404
    assert other.content == nowhere.content


@pytest.mark.parametrize("page", ["client", "matter"])
def test_what_was_purged_while_its_page_was_made_is_not_there(cast: Cast, page: str) -> None:
    subject = {"client": cast.mateo.id, "matter": cast.matter.id}[page]
    browser = signed_in(cast.ana)
    keyring.destroy(cast.clinic.id, [subject], reason="test")

    gone = browser.get(reverse(page, args=[subject]))

    assert gone.status_code == 404
    assert gone.content == browser.get("/no/such/page/").content


def test_a_busy_page_does_not_write_the_session_each_time(cast: Cast, watch: Watch) -> None:
    browser = signed_in(cast.ana)
    watch.now += sessions.MARK_EVERY_SECONDS + 1
    assert is_in(browser)
    first = browser.session["seen"]

    watch.now += 5
    assert is_in(browser)

    assert browser.session["seen"] == first
