"""Clinics are set up and people join with one-time links, each of which works once, and in time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection

from caseapp.access import links, queries, services, wall
from caseapp.access.links import DeadLink
from caseapp.access.models import Clinic, Invitation, SetupLink, User
from caseapp.access.rules import MATRIX, Act, MayNot
from caseapp.access.services import AlreadySo, EmailTaken, WeakPassword
from caseapp.audit.models import Entry
from caseapp.errors import Refused
from tests.conftest import Cast, as_the_web_process

NOW = datetime(2026, 6, 3, 16, 0, tzinfo=UTC)
PASSWORD = "quiet lamps over harbour"
TYPED = {
    "clinic_name": "Clínica Nueva",
    "time_zone": "America/Chicago",
    "name": "Inés Ōta",
    "email": "Ines@Nueva.example",
    "password": PASSWORD,
}

pytestmark = pytest.mark.django_db(databases=["default", "keyring"])


@pytest.fixture(autouse=True)
def as_web(request: pytest.FixtureRequest, db: None) -> Iterator[None]:
    """Run as the web process, once the cast is there."""
    if "cast" in request.fixturenames:
        request.getfixturevalue("cast")
    with as_the_web_process():
        yield
        wall.leave()


@pytest.fixture
def here(cast: Cast) -> Cast:
    """The cast, seen from inside the first clinic."""
    wall.enter(cast.clinic.id)
    return cast


def token_of(url: str) -> str:
    return url.rstrip("/").rsplit("/", 1)[1]


def set_up(**instead: str) -> User:
    return services.set_up_clinic(token_of(services.make_setup_link(NOW)), **{**TYPED, **instead}, now=NOW)


def invite(cast: Cast, email: str = "new@clinic.example", role: str = "PARALEGAL") -> tuple[Invitation, str]:
    invitation, url = services.invite(cast.dee, email=email, role=role, now=NOW)
    return invitation, token_of(url)


def test_a_set_up_link_makes_a_clinic_and_its_director() -> None:
    director = set_up()

    found = User.objects.get(pk=director.pk)
    assert (found.name, found.email, found.role) == ("Inés Ōta", "ines@nueva.example", User.Role.DIRECTOR)
    assert found.check_password(PASSWORD)
    assert Clinic.objects.get(pk=found.clinic_id).name == "Clínica Nueva"
    assert EmailAddress.objects.get(user=found).verified
    assert set(Entry.objects.values_list("event", flat=True)) == {"clinic:made", "staff:joined"}


def test_only_a_hash_of_the_link_is_kept() -> None:
    token = token_of(services.make_setup_link(NOW))

    kept = bytes(SetupLink.objects.get().token_hash)

    assert kept == hashlib.sha256(token.encode()).digest()
    assert len(token) == 43  # 32 bytes


def test_a_set_up_link_works_once() -> None:
    token = token_of(services.make_setup_link(NOW))
    services.set_up_clinic(token, **TYPED, now=NOW)

    with pytest.raises(DeadLink, match="used") as refusal:
        services.set_up_clinic(token, **{**TYPED, "email": "b@b.example"}, now=NOW)

    assert "whoever runs the server" in refusal.value.message


@pytest.mark.parametrize(("hours", "works"), [(23, True), (24, False), (48, False)])
def test_a_set_up_link_works_for_24_hours(hours: int, works: bool) -> None:
    token = token_of(services.make_setup_link(NOW))
    later = NOW + timedelta(hours=hours)

    if works:
        assert queries.setup_link(token, now=later)
    else:
        with pytest.raises(DeadLink, match="24 hours"):
            queries.setup_link(token, now=later)


def test_an_unknown_link_says_whom_to_ask() -> None:
    with pytest.raises(DeadLink, match=r"not known here.*whoever runs the server"):
        queries.setup_link("x" * 43, now=NOW)
    with pytest.raises(DeadLink, match=r"not known here.*director"):
        queries.invitation("x" * 43, now=NOW)


def test_a_refused_set_up_leaves_the_link_good_and_no_clinic(here: Cast) -> None:
    token = token_of(services.make_setup_link(NOW))

    with pytest.raises(EmailTaken):
        services.set_up_clinic(token, **{**TYPED, "email": here.eve.email.upper()}, now=NOW)

    assert queries.setup_link(token, now=NOW)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short and b", "too short"),
        ("password1234", "common"),
        ("8325819470263", "numeric"),
        ("the clínica of rivers", "the clinic's"),
        ("call me inés tomorrow", "your name"),
    ],
)
def test_a_password_that_would_be_guessed_is_refused(password: str, why: str) -> None:
    with pytest.raises(WeakPassword, match=why):
        set_up(password=password)


def test_an_invited_colleague_joins_with_the_role_they_were_given(here: Cast) -> None:
    invitation, token = invite(here, role="ATTORNEY")
    wall.leave()

    joined = services.join(token, name="Nia Bell", password=PASSWORD, now=NOW)

    assert (joined.clinic_id, joined.role, joined.email) == (here.clinic.id, "ATTORNEY", "new@clinic.example")
    assert User.objects.get(pk=joined.pk).name == "Nia Bell"
    assert Entry.objects.filter(event="staff:invited", actor_id=here.dee.id, object_id=invitation.id).exists()
    assert Entry.objects.filter(event="staff:joined", actor_id=joined.id).exists()


def test_an_invitation_works_once(here: Cast) -> None:
    _, token = invite(here)
    services.join(token, name="Nia", password=PASSWORD, now=NOW)

    with pytest.raises(DeadLink, match=r"has been used.*director"):
        services.join(token, name="Nia again", password=PASSWORD, now=NOW)


@pytest.mark.parametrize(("days", "works"), [(6, True), (7, False)])
def test_an_invitation_works_for_a_week(here: Cast, days: int, works: bool) -> None:
    _, token = invite(here)
    later = NOW + timedelta(days=days)

    if works:
        assert queries.invitation(token, now=later).clinic == here.clinic
    else:
        with pytest.raises(DeadLink, match="run out"):
            queries.invitation(token, now=later)


def test_a_withdrawn_invitation_lets_nobody_in(here: Cast) -> None:
    invitation, token = invite(here)
    services.withdraw_invitation(here.dee, invitation, now=NOW)

    with pytest.raises(DeadLink, match="withdrawn"):
        services.join(token, name="Nia", password=PASSWORD, now=NOW)
    wall.enter(here.clinic.id)
    with pytest.raises(AlreadySo):
        services.withdraw_invitation(here.dee, invitation, now=NOW)


def test_of_two_people_with_one_link_the_second_is_refused(here: Cast) -> None:
    invitation, _ = invite(here)
    links.use_invitation(invitation, now=NOW)

    with pytest.raises(DeadLink, match="a moment ago"):
        links.use_invitation(invitation, now=NOW)


def test_an_invitation_is_mailed_and_names_nobody(here: Cast) -> None:
    _, token = invite(here)

    (sent,) = mail.outbox
    assert sent.to == ["new@clinic.example"]
    assert token in sent.body
    assert "Nobody will ask for your password by phone" in sent.body
    for told in ("Dee", "Clínica", "PARALEGAL", "Paralegal"):
        assert told not in f"{sent.body}{sent.subject}"


def test_an_invitation_stands_when_mail_is_not_set_up(here: Cast, settings: object) -> None:
    settings.EMAIL_BACKEND = "config.mail.OwedBackend"  # type: ignore[attr-defined]

    _, token = invite(here)

    assert queries.invitation(token, now=NOW)


@pytest.mark.parametrize("who", ["ana", "ben", "cam", "vic", "ira"])
def test_only_a_director_invites(here: Cast, who: str) -> None:
    with pytest.raises(MayNot):
        services.invite(getattr(here, who), email="x@x.example", role="VOLUNTEER", now=NOW)


def test_nobody_gives_a_role_that_does_not_exist(here: Cast) -> None:
    with pytest.raises(MayNot):
        services.invite(here.dee, email="x@x.example", role="OWNER", now=NOW)


def test_nobody_grants_more_than_they_may_do(monkeypatch: pytest.MonkeyPatch, here: Cast) -> None:
    monkeypatch.setitem(MATRIX, User.Role.IT, frozenset({Act.SEE_STAFF, Act.MANAGE_STAFF}))

    with pytest.raises(MayNot, match="more than yours"):
        services.invite(here.ira, email="x@x.example", role="DIRECTOR", now=NOW)


def test_an_address_is_invited_once_at_a_time(here: Cast) -> None:
    invite(here)

    with pytest.raises(EmailTaken, match="open invitation"):
        invite(here, email="NEW@clinic.example")


def test_a_colleague_is_not_invited_again(here: Cast) -> None:
    with pytest.raises(EmailTaken, match="A colleague has this"):
        invite(here, email=here.ana.email)


def test_inviting_does_not_tell_who_works_at_another_clinic(here: Cast) -> None:
    _, token = invite(here, email=here.eve.email)

    with pytest.raises(EmailTaken):
        services.join(token, name="Eve", password=PASSWORD, now=NOW)
    assert queries.invitation(token, now=NOW)


def test_the_invited_address_is_sealed_in_the_table(here: Cast) -> None:
    invitation, _ = invite(here)

    with connection.cursor() as cursor:
        cursor.execute("SELECT email FROM caseapp_invitation WHERE id = %s", [invitation.pk])
        (kept,) = cursor.fetchone()

    assert len(kept) == 70  # as any text of up to 30 bytes
    assert b"new@clinic.example" not in bytes(kept)


def test_the_command_prints_a_link_only_while_there_is_no_clinic(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("setup_link")
    first = capsys.readouterr()
    services.set_up_clinic(token_of(first.out.strip()), **TYPED, now=datetime.now(UTC))
    wall.leave()

    call_command("setup_link")
    second = capsys.readouterr()

    assert first.out.startswith("http://localhost:8000/set-up/")
    assert second.out == ""
    assert "--another" in second.err


def test_a_clinic_is_shown_only_to_its_own(here: Cast) -> None:
    assert list(Clinic.objects.all()) == [here.clinic]
    assert set(User.objects.values_list("clinic_id", flat=True)) == {here.clinic.id}
    wall.leave()
    assert not User.objects.exists()
    wall.enter(uuid4())
    assert not User.objects.exists()


def test_recover_is_for_directors_only(here: Cast) -> None:
    with pytest.raises(CommandError, match="asks their director"):
        call_command("recover", here.ana.email)


def test_recover_says_no_in_the_same_words_for_someone_unknown(here: Cast) -> None:
    with pytest.raises(Refused) as unknown:
        services.recover("nobody@nowhere.example", now=NOW)
    with pytest.raises(Refused) as no_director:
        services.recover(here.ben.email, now=NOW)

    assert unknown.value.message == no_director.value.message
