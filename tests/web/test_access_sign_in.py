"""Signing in takes two steps or a passkey; a password alone opens nothing."""

from __future__ import annotations

import json
import time
from typing import Any

import pyotp
import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.urls import get_resolver, reverse

from caseapp.access import mfa
from caseapp.access.models import User
from caseapp.audit.models import Entry
from tests.conftest import Browser, Cast, signed_in

PASSWORD = "a long enough pass phrase"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

pytestmark = pytest.mark.django_db(databases=["default", "keyring"])


@pytest.fixture(autouse=True)
def no_tries_counted() -> None:
    cache.clear()


@pytest.fixture
def ana(cast: Cast) -> User:
    """Ana, with an authenticator app whose secret we know."""
    EmailAddress.objects.create(user=cast.ana, email=cast.ana.email, primary=True, verified=True)
    app = Authenticator.objects.get(user=cast.ana)
    app.data = {"secret": mfa.seal(SECRET, whose=cast.ana)}
    app.save()
    return cast.ana


@pytest.fixture
def newcomer(ana: User) -> User:
    """Ana again, before she set up a second step."""
    Authenticator.objects.filter(user=ana).delete()
    return ana


def give_password(browser: Client, user: User, *, password: str = PASSWORD, next: str = "") -> Any:
    return browser.post(reverse("account_login"), {"login": user.email, "password": password, "next": next})


def code_of(secret: str) -> str:
    """Return the code the app shows, not in the last moment before the next one."""
    if time.time() % 30 > 27:
        time.sleep(3)
    return pyotp.TOTP(secret).now()


def code_now() -> str:
    return code_of(SECRET)


def test_a_password_alone_stops_at_the_second_step(ana: User, client: Client) -> None:
    response = give_password(client, ana)

    assert response["Location"] == reverse("mfa_authenticate")
    assert "_auth_user_id" not in client.session
    assert client.get(reverse("staff"))["Location"].startswith(reverse("account_login"))


def test_the_password_and_a_code_sign_in_behind_the_wall_of_the_clinic(ana: User, client: Client) -> None:
    give_password(client, ana, next=reverse("roles"))

    response = client.post(reverse("mfa_authenticate"), {"code": code_now()})

    assert response["Location"] == reverse("roles")
    assert client.session["clinic"] == str(ana.clinic_id)
    assert client.get(reverse("roles")).status_code == 200
    assert Entry.objects.get(event="session:began").actor_id == ana.id


def test_a_code_works_once(ana: User, client: Client) -> None:
    code = code_now()
    give_password(client, ana)
    client.post(reverse("mfa_authenticate"), {"code": code})
    thief = Browser()
    give_password(thief, ana)

    response = thief.post(reverse("mfa_authenticate"), {"code": code})

    assert response.status_code == 200
    assert "_auth_user_id" not in thief.session


def test_guessing_codes_comes_to_an_end(ana: User, client: Client) -> None:
    give_password(client, ana)
    wrong = "000000" if code_now() != "000000" else "111111"
    for _ in range(5):
        client.post(reverse("mfa_authenticate"), {"code": wrong})

    response = client.post(reverse("mfa_authenticate"), {"code": code_now()})

    assert "_auth_user_id" not in client.session
    assert "too many tries" in response.content.decode()


def test_guessing_passwords_comes_to_an_end(ana: User, client: Client) -> None:
    for _ in range(5):
        give_password(client, ana, password="wrong wrong wrong")

    response = give_password(client, ana)

    assert response.status_code == 200
    assert "too many tries" in response.content.decode()


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(ana: User, client: Client) -> None:
    wrong = give_password(client, ana, password="wrong wrong wrong")
    unknown = client.post(reverse("account_login"), {"login": "nobody@x.example", "password": PASSWORD})

    said = "This address and password do not go together"
    assert wrong.status_code == unknown.status_code == 200
    assert said in wrong.content.decode()
    assert said in unknown.content.decode()


@pytest.mark.parametrize(
    "bad", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_signing_in_never_leads_to_another_site(ana: User, client: Client, bad: str) -> None:
    give_password(client, ana, next=bad)

    response = client.post(reverse("mfa_authenticate"), {"code": code_now()})

    assert response["Location"] == "/"


def test_someone_locked_out_is_told_so_and_not_let_in(ana: User, client: Client) -> None:
    User.objects.filter(pk=ana.pk).update(is_active=False)

    response = give_password(client, ana)

    assert response["Location"] == reverse("account_inactive")
    assert client.get(response["Location"]).status_code == 200
    assert "_auth_user_id" not in client.session


def every_page() -> list[tuple[str, list[str]]]:
    """Every named page of the house with one made-up value for each part of its address."""
    made_up = {"UUIDConverter": "00000000-0000-4000-8000-000000000000", "IntConverter": "1"}
    pages = []
    for pattern in get_resolver().url_patterns:
        for one in getattr(pattern, "url_patterns", [pattern]):
            parts = [made_up.get(type(c).__name__, "x") for c in one.pattern.converters.values()]
            pages.append((one.name, parts))
    return pages


OPEN = {
    "healthz", "healthz-reminders", "setup", "join", "feed", "lock", "account_login", "account_inactive",
    "mfa_authenticate", "mfa_login_webauthn",
}  # fmt: skip
WITHOUT_SECOND_STEP = {
    "still-here", "account_reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn",
    "second-step", "mfa_add_webauthn", "mfa_activate_totp",
}  # fmt: skip


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_is_sent_to_sign_in_from_every_page(client: Client, method: str) -> None:
    for name, parts in every_page():
        if name in OPEN:
            continue
        response = getattr(client, method)(reverse(name, args=parts))
        assert response.status_code == 302, name
        assert response["Location"].startswith(reverse("account_login")), name


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_second_step_cannot_be_skipped_on_any_page(newcomer: User, method: str) -> None:
    browser = signed_in(newcomer)
    for name, parts in every_page():
        if name in OPEN | WITHOUT_SECOND_STEP:
            continue
        response = getattr(browser, method)(reverse(name, args=parts))
        assert (response.status_code, response["Location"]) == (302, reverse("second-step")), name


def test_recovery_codes_alone_are_no_second_step(newcomer: User) -> None:
    Authenticator.objects.create(
        user=newcomer, type=Authenticator.Type.RECOVERY_CODES, data={"viewed_at": 1, "used_mask": 0}
    )

    assert signed_in(newcomer).get(reverse("roles"))["Location"] == reverse("second-step")


def set_up_app(browser: Client) -> Any:
    page = browser.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    return secret, browser.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})


def test_setting_up_an_app_shows_the_recovery_codes_before_going_on(newcomer: User, client: Client) -> None:
    give_password(client, newcomer)
    codes_page = reverse("mfa_view_recovery_codes")

    _, response = set_up_app(client)

    assert response["Location"] == codes_page
    assert client.get(reverse("roles"))["Location"] == codes_page
    assert len(client.get(codes_page).context["unused_codes"]) == 10
    assert client.get(reverse("roles")).status_code == 200
    assert Entry.objects.filter(event="second-step:changed", actor_id=newcomer.id).count() == 1


def test_no_secret_of_an_app_stands_readable_in_any_table(newcomer: User, client: Client) -> None:
    give_password(client, newcomer)
    client.get(reverse("mfa_activate_totp"))
    begun = [row.get_decoded() for row in Session.objects.all()]

    secret, _ = set_up_app(client)
    codes = client.get(reverse("mfa_view_recovery_codes")).context["unused_codes"]

    kept = json.dumps(list(Authenticator.objects.filter(user=newcomer).values_list("data", flat=True)))
    session_kept = json.dumps([begun, [row.get_decoded() for row in Session.objects.all()]])
    assert '"sf1:' in kept
    assert '"sf1:' in session_kept
    for value in [secret, *codes]:
        assert value not in kept
        assert value not in session_kept


def test_the_secret_that_was_set_up_signs_in_afterwards(newcomer: User, client: Client) -> None:
    give_password(client, newcomer)
    secret, _ = set_up_app(client)
    later = Browser()
    give_password(later, newcomer)
    later_code = code_of(secret)

    later.post(reverse("mfa_authenticate"), {"code": later_code})

    assert later.session["_auth_user_id"] == str(newcomer.pk)


def test_a_recovery_code_signs_in_once(newcomer: User, client: Client) -> None:
    give_password(client, newcomer)
    set_up_app(client)
    code = client.get(reverse("mfa_view_recovery_codes")).context["unused_codes"][0]

    first, second = Browser(), Browser()
    for browser in (first, second):
        give_password(browser, newcomer)
        browser.post(reverse("mfa_authenticate"), {"code": code})

    assert "_auth_user_id" in first.session
    assert "_auth_user_id" not in second.session


def test_the_only_second_step_stays(ana: User, client: Client) -> None:
    give_password(client, ana)
    client.post(reverse("mfa_authenticate"), {"code": code_now()})

    client.post(reverse("mfa_deactivate_totp"))

    assert Authenticator.objects.filter(user=ana, type=Authenticator.Type.TOTP).exists()


def test_an_old_session_is_asked_again_before_a_second_step_is_added(ana: User) -> None:
    browser = signed_in(ana)
    session = browser.session
    session["began"] = time.time() - 3600
    session.save()

    response = browser.get(reverse("mfa_add_webauthn"))

    # Not the password: someone at an open screen may know that, too.
    assert response["Location"].startswith(reverse("mfa_reauthenticate"))


def test_a_passkey_is_asked_for_without_saying_who(client: Client) -> None:
    response = client.get(reverse("mfa_login_webauthn"), headers={"Accept": "application/json"})

    options = response.json()["request_options"]["publicKey"]
    assert options["rpId"] == "localhost"
    assert options["userVerification"] == "required"
    assert not options.get("allowCredentials")


def test_the_pages_allauth_has_for_other_houses_are_not_here() -> None:
    names = {name for name, _ in every_page()}

    assert not names & {
        "account_signup", "account_reset_password", "account_email", "account_change_password",
        "account_set_password", "account_logout", "account_confirm_email", "account_request_login_code",
        "account_email_verification_sent", "mfa_signup_webauthn", "mfa_trust",
    }  # fmt: skip
