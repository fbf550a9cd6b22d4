"""Setting up, joining and the people page, as a browser meets them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from caseapp import clock
from caseapp.access import links, services, wall
from caseapp.access.models import Invitation, User
from caseapp.audit.models import Entry
from tests.conftest import Cast, signed_in

PASSWORD = "quiet lamps over harbour"
SET_UP = {
    "clinic_name": "Clínica Nueva",
    "time_zone": "America/Chicago",
    "name": "Inés Ōta",
    "email": "ines@nueva.example",
    "password": PASSWORD,
    "password_again": PASSWORD,
}

pytestmark = pytest.mark.django_db(databases=["default", "keyring"])


def path_of(url: str) -> str:
    return urlsplit(url).path


def link_on(response: Any) -> str:
    found = re.search(r"http://localhost:8000(/join/[^<\"/]+/)", response.content.decode())
    assert found, response.content.decode()
    return found.group(1)


def events() -> list[str]:
    return list(Entry.objects.order_by("at").values_list("event", flat=True))


def test_the_set_up_page_makes_the_clinic_and_goes_on_to_the_second_step(client: Client) -> None:
    path = path_of(services.make_setup_link(clock.now()))
    assert client.get(path).status_code == 200

    done = client.post(path, SET_UP)
    then = client.get(done["Location"])

    assert then.status_code == 302
    assert then["Location"] == reverse("second-step")
    assert client.get(then["Location"]).status_code == 200
    assert events() == ["clinic:made", "staff:joined", "session:began"]


def test_a_set_up_page_that_was_used_says_whom_to_ask(client: Client) -> None:
    path = path_of(services.make_setup_link(clock.now()))
    client.post(path, SET_UP)
    client.logout()

    response = client.get(path)

    assert response.status_code == 410
    assert "whoever runs the server" in response.content.decode()


@pytest.mark.parametrize("page", ["setup", "join"])
def test_a_link_nobody_made_is_refused(client: Client, page: str) -> None:
    response = client.get(reverse(page, args=["x" * 43]))

    assert response.status_code == 404
    assert "not known here" in response.content.decode()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"password_again": "something else entirely"}, "differ"),
        ({"password": "short", "password_again": "short"}, "too short"),
        ({"time_zone": "Mars/Olympus"}, "Select a valid choice"),
        ({"name": "a\x00b"}, "Null characters"),
        ({"email": "no address"}, "valid email"),
    ],
)
def test_what_was_typed_wrong_is_said_at_the_field(client: Client, typed: dict[str, str], said: str) -> None:
    path = path_of(services.make_setup_link(clock.now()))

    response = client.post(path, SET_UP | typed)

    assert response.status_code == 422
    assert said in response.content.decode()
    assert PASSWORD not in response.content.decode()
    assert not User.objects.exists()


def test_an_invited_colleague_joins_and_goes_on_to_the_second_step(cast: Cast, client: Client) -> None:
    made = signed_in(cast.dee).post(reverse("staff-invite"), {"email": "nia@x.example", "role": "PARALEGAL"})
    path = link_on(made)
    assert "Paralegal" in client.get(path).content.decode()

    client.post(path, {"name": "Nia Bell", "password": PASSWORD, "password_again": PASSWORD})

    nia = User.objects.get(email="nia@x.example")
    assert (nia.clinic_id, nia.role) == (cast.clinic.id, "PARALEGAL")
    assert client.session["clinic"] == str(cast.clinic.id)
    assert client.get("/")["Location"] == reverse("second-step")


def test_the_join_page_tells_nobody_the_clinic_or_who_invited(cast: Cast, client: Client) -> None:
    made = signed_in(cast.dee).post(reverse("staff-invite"), {"email": "nia@x.example", "role": "PARALEGAL"})

    page = client.get(link_on(made)).content.decode()

    for told in ("Dee", "Clínica del Río", "nia@x.example"):
        assert told not in page


def test_joining_in_a_browser_where_someone_is_signed_in_ends_their_session(cast: Cast) -> None:
    wall.open_door()
    _, url = links.new_invitation(
        cast.other_clinic.id, cast.eve, email="new@harbor.example", role="PARALEGAL", now=clock.now()
    )
    browser = signed_in(cast.ana)

    browser.post(path_of(url), {"name": "New", "password": PASSWORD, "password_again": PASSWORD})

    assert browser.session["clinic"] == str(cast.other_clinic.id)
    assert browser.session["_auth_user_id"] == str(User.objects.get(email="new@harbor.example").pk)


@pytest.mark.parametrize("state", ["used", "withdrawn", "expired"])
def test_a_dead_invitation_says_so(cast: Cast, client: Client, state: str) -> None:
    now = clock.now()
    invitation, url = links.new_invitation(
        cast.clinic.id, cast.dee, email="n@x.example", role="PARALEGAL", now=now
    )
    changes = {"used": {"used_at": now}, "withdrawn": {"withdrawn_at": now}, "expired": {"expires_at": now}}
    Invitation.objects.filter(pk=invitation.pk).update(**changes[state])

    for response in (
        client.get(path_of(url)),
        client.post(path_of(url), {"name": "N", "password": PASSWORD}),
    ):
        assert response.status_code == 410
        assert "Ask the director" in response.content.decode()


def test_the_people_page_shows_the_clinic_and_no_other(cast: Cast) -> None:
    page = signed_in(cast.dee).get(reverse("staff")).content.decode()

    for name in ("Ana", "Ben", "Cam", "Dee", "Vic", "Ira", "Clínica del Río"):
        assert name in page
    assert "Eve" not in page
    assert "Invite someone" in page


@pytest.mark.parametrize(("who", "status"), [("ana", 200), ("ben", 200), ("ira", 200), ("vic", 403)])
def test_who_sees_the_people_page(cast: Cast, who: str, status: int) -> None:
    response = signed_in(getattr(cast, who)).get(reverse("staff"))

    assert response.status_code == status
    assert "Invite someone" not in response.content.decode()


def test_an_invitation_that_is_refused_keeps_what_was_typed(cast: Cast) -> None:
    response = signed_in(cast.dee).post(
        reverse("staff-invite"), {"email": cast.ana.email, "role": "VOLUNTEER"}
    )

    assert response.status_code == 422
    assert cast.ana.email in response.content.decode()
    assert "A colleague has this" in response.content.decode()


def test_an_invitation_can_be_withdrawn_from_the_page(cast: Cast, client: Client) -> None:
    director = signed_in(cast.dee)
    path = link_on(director.post(reverse("staff-invite"), {"email": "n@x.example", "role": "PARALEGAL"}))
    invitation = Invitation.objects.get()

    director.post(reverse("invitation-withdraw", args=[invitation.pk]))

    assert client.get(path).status_code == 410


PAGES = {"staff-role": {"role": "VOLUNTEER"}, "staff-lock-out": {}, "staff-let-in": {}, "staff-reset": {}}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("who", ["dee", "ana", "ira"])
def test_a_colleague_of_another_clinic_is_not_there(cast: Cast, page: str, who: str) -> None:
    browser = signed_in(getattr(cast, who))

    real = browser.post(reverse(page, args=[cast.eve.id]), PAGES[page])
    missing = browser.post(reverse(page, args=[uuid4()]), PAGES[page])

    assert real.status_code == missing.status_code == 404
    assert real.content == missing.content
    assert User.objects.get(pk=cast.eve.pk).is_active


def test_an_invitation_of_another_clinic_is_not_there(cast: Cast) -> None:
    invitation, _ = links.new_invitation(
        cast.other_clinic.id, cast.eve, email="n@x.example", role="PARALEGAL", now=clock.now()
    )
    browser = signed_in(cast.dee)

    real = browser.post(reverse("invitation-withdraw", args=[invitation.id]))
    missing = browser.post(reverse("invitation-withdraw", args=[uuid4()]))

    assert (real.status_code, real.content) == (404, missing.content)
    assert Invitation.objects.unused().exists()


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("who", ["ana", "ben", "vic"])
def test_who_may_not_is_told_or_refused_and_nothing_changes(cast: Cast, page: str, who: str) -> None:
    before = User.objects.values().get(pk=cast.cam.pk)

    response = signed_in(getattr(cast, who)).post(reverse(page, args=[cast.cam.id]), PAGES[page])

    assert response.status_code in (302, 403)
    assert User.objects.values().get(pk=cast.cam.pk) == before


def test_it_locks_out_a_leaver_in_one_click_and_their_next_page_is_the_sign_in(cast: Cast) -> None:
    leaver = signed_in(cast.ben)
    assert leaver.get(reverse("roles")).status_code == 200

    signed_in(cast.ira).post(reverse("staff-lock-out", args=[cast.ben.id]))
    response = leaver.get(reverse("roles"))

    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))
    assert "_auth_user_id" not in leaver.session


def test_a_reset_shows_its_link_once_and_the_person_signs_in_anew(cast: Cast, client: Client) -> None:
    response = signed_in(cast.dee).post(reverse("staff-reset", args=[cast.ana.id]))
    path = link_on(response)

    page = client.get(path).content.decode()
    client.post(path, {"password": PASSWORD, "password_again": PASSWORD})

    assert 'name="name"' not in page
    assert client.session["_auth_user_id"] == str(cast.ana.pk)
    assert client.get("/")["Location"] == reverse("second-step")


def test_the_roles_page_is_the_matrix_itself(cast: Cast) -> None:
    page = signed_in(cast.ana).get(reverse("roles")).content.decode()

    assert "invite staff, change roles, reset signing in" in page
    assert "Accredited representative" in page


def test_a_link_made_long_ago_is_no_longer_in_the_list(cast: Cast) -> None:
    links.new_invitation(
        cast.clinic.id,
        cast.dee,
        email="old@x.example",
        role="PARALEGAL",
        now=clock.now() - timedelta(days=8),
    )

    assert "old@x.example" not in signed_in(cast.dee).get(reverse("staff")).content.decode()
