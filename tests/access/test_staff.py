"""Who may change what colleagues do, shut them out, let them in and reset how they sign in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.db import connections
from django.http import Http404

from caseapp.access import queries, services, wall
from caseapp.access.links import DeadLink
from caseapp.access.models import Invitation, User
from caseapp.access.rules import MayNot
from caseapp.access.services import AlreadySo, LastDirector, NotYourself
from caseapp.audit.models import Entry
from caseapp.errors import Refused
from tests.conftest import Cast, as_the_web_process, make_user

NOW = datetime(2026, 6, 3, 16, 0, tzinfo=UTC)
PASSWORD = "quiet lamps over harbour"

pytestmark = pytest.mark.django_db(databases=["default", "keyring"])

ACTS: dict[str, Callable[[User, User], object]] = {
    "change_role": lambda by, who: services.change_role(by, who, role="PARALEGAL", now=NOW),
    "lock_out": lambda by, who: services.lock_out(by, who, now=NOW),
    "let_in": lambda by, who: services.let_in(by, who, now=NOW),
    "reset": lambda by, who: services.reset_signing_in(by, who, now=NOW),
}
ALLOWED = {
    "change_role": {"dee"},
    "lock_out": {"dee", "ira"},
    "let_in": {"dee"},
    "reset": {"dee"},
}


@pytest.fixture
def here(cast: Cast) -> Iterator[Cast]:
    """The cast as the web process sees it from inside the first clinic."""
    with as_the_web_process():
        wall.enter(cast.clinic.id)
        yield cast
        wall.leave()


def again(user: User) -> User:
    return User.objects.get(pk=user.pk)


@pytest.mark.parametrize("who", ["ana", "ben", "cam", "dee", "vic", "ira"])
@pytest.mark.parametrize("act", ACTS)
def test_each_role_may_do_to_a_colleague_what_the_matrix_says(here: Cast, act: str, who: str) -> None:
    target = make_user(here.clinic, "Zoe", User.Role.ATTORNEY)
    if act == "let_in":
        services.lock_out(here.dee, target, now=NOW)
    by = getattr(here, who)

    if who in ALLOWED[act]:
        ACTS[act](by, target)
        assert Entry.objects.filter(actor_id=by.id, object_id=target.id).exists()
    else:
        with pytest.raises(MayNot):
            ACTS[act](by, target)
        assert not Entry.objects.filter(actor_id=by.id, object_id=target.id).exists()


@pytest.mark.parametrize("act", ACTS)
def test_nobody_reaches_a_colleague_of_another_clinic(here: Cast, act: str) -> None:
    with pytest.raises(User.DoesNotExist):
        ACTS[act](here.dee, here.eve)


@pytest.mark.parametrize("act", ["lock_out", "reset", "change_role"])
def test_nobody_does_it_to_themselves(here: Cast, act: str) -> None:
    make_user(here.clinic, "Dot", User.Role.DIRECTOR)

    with pytest.raises(NotYourself):
        ACTS[act](here.dee, here.dee)


def test_the_last_director_cannot_be_locked_out(here: Cast) -> None:
    with pytest.raises(LastDirector, match="only legal director"):
        services.lock_out(here.ira, here.dee, now=NOW)

    assert again(here.dee).is_active


def test_a_director_who_is_locked_out_does_not_count_as_one_who_remains(here: Cast) -> None:
    dot = make_user(here.clinic, "Dot", User.Role.DIRECTOR)
    services.lock_out(here.dee, dot, now=NOW)

    with pytest.raises(LastDirector):
        services.lock_out(here.ira, here.dee, now=NOW)


def test_the_last_director_cannot_step_down(here: Cast) -> None:
    with pytest.raises(LastDirector):
        services.change_role(here.dee, here.dee, role="ATTORNEY", now=NOW)


def test_one_of_two_directors_can_be_made_something_else(here: Cast) -> None:
    dot = make_user(here.clinic, "Dot", User.Role.DIRECTOR)

    services.change_role(here.dee, dot, role="ATTORNEY", now=NOW)

    assert again(dot).role == "ATTORNEY"
    assert Entry.objects.get(event="staff:changed").object_id == dot.id


def test_someone_locked_out_a_moment_ago_can_no_longer_act(here: Cast) -> None:
    dot = make_user(here.clinic, "Dot", User.Role.DIRECTOR)
    services.lock_out(here.dee, dot, now=NOW)

    with pytest.raises(MayNot):
        services.lock_out(dot, here.dee, now=NOW)


@pytest.mark.parametrize("act", ACTS)
def test_someone_demoted_a_moment_ago_can_no_longer_act(here: Cast, act: str) -> None:
    dot = make_user(here.clinic, "Dot", User.Role.DIRECTOR)
    before = again(dot)
    services.change_role(here.dee, dot, role="PARALEGAL", now=NOW)

    with pytest.raises(MayNot):
        ACTS[act](before, here.ana)


def test_locking_out_shuts_every_door_the_person_left_open(here: Cast) -> None:
    dot = make_user(here.clinic, "Dot", User.Role.DIRECTOR)
    services.invite(dot, email="friend@of.dot.example", role="DIRECTOR", now=NOW)
    services.reset_signing_in(dot, here.ben, now=NOW)
    services.reset_signing_in(here.dee, dot, now=NOW)

    services.lock_out(here.dee, dot, now=NOW)

    assert not Invitation.objects.open(now=NOW).exists()
    assert again(dot).sessions_end_before == NOW


def test_someone_who_no_longer_lets_people_in_has_their_links_withdrawn(here: Cast) -> None:
    dot = make_user(here.clinic, "Dot", User.Role.DIRECTOR)
    services.invite(dot, email="friend@of.dot.example", role="DIRECTOR", now=NOW)

    services.change_role(here.dee, dot, role="PARALEGAL", now=NOW)

    assert not Invitation.objects.open(now=NOW).exists()


def test_what_is_so_already_is_not_done_twice(here: Cast) -> None:
    services.lock_out(here.dee, here.ben, now=NOW)

    with pytest.raises(AlreadySo):
        services.lock_out(here.dee, here.ben, now=NOW)
    with pytest.raises(AlreadySo):
        services.let_in(here.dee, here.ana, now=NOW)
    with pytest.raises(AlreadySo):
        services.change_role(here.dee, here.ana, role="ATTORNEY", now=NOW)


def test_letting_in_again_does_not_bring_old_sessions_back(here: Cast) -> None:
    services.lock_out(here.dee, here.ben, now=NOW)

    services.let_in(here.dee, here.ben, now=NOW + timedelta(days=1))

    assert again(here.ben).is_active
    assert again(here.ben).sessions_end_before == NOW + timedelta(days=1)


def test_a_reset_forgets_the_password_and_every_second_step(here: Cast) -> None:
    services.reset_signing_in(here.dee, here.ana, now=NOW)

    ana = again(here.ana)
    assert not ana.has_usable_password()
    assert not Authenticator.objects.filter(user=ana).exists()
    assert Authenticator.objects.filter(user=here.ben).exists()
    assert ana.sessions_end_before == NOW


def test_the_reset_link_sets_a_new_password_and_nothing_else(here: Cast) -> None:
    url = services.reset_signing_in(here.dee, here.ana, now=NOW)
    token = url.rstrip("/").rsplit("/", 1)[1]
    wall.leave()

    back = services.join(token, name="Somebody Else", password=PASSWORD, now=NOW)

    assert back.pk == here.ana.pk
    ana = again(here.ana)
    assert (ana.name, ana.role, ana.email) == ("Ana", "ATTORNEY", here.ana.email)
    assert ana.check_password(PASSWORD)
    with pytest.raises(DeadLink):
        services.join(token, name="", password=PASSWORD, now=NOW)


def test_a_reset_link_works_for_a_day_and_only_the_latest(here: Cast) -> None:
    first = services.reset_signing_in(here.dee, here.ana, now=NOW).rstrip("/").rsplit("/", 1)[1]
    second = services.reset_signing_in(here.dee, here.ana, now=NOW).rstrip("/").rsplit("/", 1)[1]

    with pytest.raises(DeadLink, match="withdrawn"):
        queries.invitation(first, now=NOW)
    assert queries.invitation(second, now=NOW + timedelta(hours=23)).for_user_id == here.ana.id
    with pytest.raises(DeadLink, match="run out"):
        queries.invitation(second, now=NOW + timedelta(hours=24))


def test_a_reset_link_does_not_let_in_someone_locked_out(here: Cast) -> None:
    with pytest.raises(Refused, match="locked out"):
        services.lock_out(here.dee, here.ana, now=NOW)
        services.reset_signing_in(here.dee, here.ana, now=NOW)


def test_an_operator_lets_a_director_back_in_without_any_key(cast: Cast) -> None:
    for alias, role in {"default": "amparo_worker", "keyring": "amparo_shredder"}.items():
        with connections[alias].cursor() as cursor:
            cursor.execute(f"SET ROLE {role}")

    url = services.recover(cast.eve.email.upper(), now=NOW)

    for alias in ("default", "keyring"):
        with connections[alias].cursor() as cursor:
            cursor.execute("RESET ROLE")
    entry = Entry.objects.get(event="staff:reset")
    assert (entry.actor_id, entry.object_id, entry.clinic_id) == (None, cast.eve.id, cast.other_clinic.id)
    assert queries.invitation(url.rstrip("/").rsplit("/", 1)[1], now=NOW).for_user_id == cast.eve.id
    assert not again(cast.eve).has_usable_password()


def test_staff_are_listed_by_name_with_leavers_last(here: Cast) -> None:
    services.lock_out(here.dee, here.ana, now=NOW)

    listed = [person.name for person in queries.staff_seen_by(here.dee)]

    assert listed == ["Ben", "Cam", "Dee", "Ira", "Vic", "Ana"]


def test_the_first_wall_holds_without_the_second(cast: Cast) -> None:
    """As the tables' owner, whom row-level security does not bind."""
    invitation, _ = services.invite(cast.eve, email="n@x.example", role="PARALEGAL", now=NOW)

    assert cast.eve.id not in [person.id for person in queries.staff_seen_by(cast.dee)]
    assert invitation not in queries.open_invitations_seen_by(cast.dee, now=NOW)
    with pytest.raises(Http404):
        queries.colleague_for(cast.dee, cast.eve.id)
    with pytest.raises(Http404):
        queries.invitation_for(cast.dee, invitation.id)


def test_a_volunteer_does_not_see_the_list_of_staff(here: Cast) -> None:
    with pytest.raises(MayNot):
        queries.staff_seen_by(here.vic)
