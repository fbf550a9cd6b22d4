"""The cast that most tests are about, and a browser for each of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from allauth.mfa.models import Authenticator
from django.db import connections
from django.test import Client

from caseapp.access.models import Clinic, User
from caseapp.matters import services as matters
from caseapp.matters.models import Assignment, Matter
from caseapp.people import roster
from caseapp.people import services as people
from caseapp.people.models import Person
from caseapp.people.services import Particulars, Reach
from caseapp.safekeeping.queries import forget_what_was_seen
from caseapp.vault import keyring

NOW = datetime(2026, 6, 3, 16, 0, tzinfo=UTC)
TODAY = date(2026, 6, 3)
Role = User.Role


@dataclass
class Cast:
    """The people most tests are about.

    Ana is the attorney on the matter. Ben works at the same clinic, on other things. Cam is screened
    off it. Dee directs the clinic. Vic volunteers on the matter. Ira keeps the machines. Eve directs
    another clinic. Mateo is the client and Eulalia, his daughter, is included in his matter; Eve's
    clinic has a client of its own, Noor.
    """

    clinic: Clinic
    other_clinic: Clinic
    ana: User
    ben: User
    cam: User
    dee: User
    vic: User
    ira: User
    eve: User
    mateo: Person
    eulalia: Person
    matter: Matter
    noor: Person
    noors_matter: Matter


def make_clinic(name: str) -> Clinic:
    clinic = Clinic(id=uuid4(), name=name, time_zone="America/New_York", made_at=NOW)
    keyring.make_clinic_key(clinic.id)
    keyring.make_key(clinic.id, clinic.id)
    clinic.save(force_insert=True)
    return clinic


def make_user(clinic: Clinic, name: str, role: str) -> User:
    """A member of staff who has already set up an authenticator app."""
    user = User(
        clinic=clinic, email=f"{name.lower()}@{clinic.id}.example", name=name, role=role, joined_at=NOW
    )
    user.set_password("a long enough pass phrase")
    user.save(force_insert=True)
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "unused"})
    return user


MATEO = Particulars(
    given_names="Mateo Q'anil",
    first_surname="Pascual",
    second_surname="Andrés",
    birth_date=date(1989, 2, 11),
    a_number="A201-555-902",
    country="Guatemala",
    language="Q'anjob'al",
    interpreter=True,
)
EULALIA = Particulars(
    given_names="Eulalia",
    first_surname="Pascual",
    second_surname="Domingo",
    birth_date=date(2012, 3, 9),
    a_number="A201-555-903",
    country="Guatemala",
    language="Q'anjob'al",
)


def make_cast() -> Cast:
    clinic, other = make_clinic("Clínica del Río"), make_clinic("Harbor Law")
    ana = make_user(clinic, "Ana", Role.ATTORNEY)
    ben = make_user(clinic, "Ben", Role.PARALEGAL)
    cam = make_user(clinic, "Cam", Role.ATTORNEY)
    dee = make_user(clinic, "Dee", Role.DIRECTOR)
    vic = make_user(clinic, "Vic", Role.VOLUNTEER)
    ira = make_user(clinic, "Ira", Role.IT)
    eve = make_user(other, "Eve", Role.DIRECTOR)
    reach = Reach(channel="text", address="+1 212 555 0142", hours="after 18:00", instructions="Never call.")
    mateo = people.record_person(MATEO, by=ana, at=NOW, reach=reach)
    eulalia = people.record_person(EULALIA, by=ana, at=NOW)
    people.relate(mateo, eulalia, kind="daughter", by=ana)
    matter = matters.open_matter(
        mateo, kind="asylum-defensive", by=ana, on=TODAY, at=NOW, derivatives=[eulalia]
    )
    matters.assign(matter, vic, role=Assignment.Role.VOLUNTEER, by=ana, today=TODAY)
    matters.screen_off(matter, cam, by=dee, at=NOW)
    noor = people.record_person(Particulars(given_names="Noor", first_surname="Rahimi"), by=eve, at=NOW)
    noors_matter = matters.open_matter(noor, kind="asylum-affirmative", by=eve, on=TODAY, at=NOW)
    return Cast(clinic, other, ana, ben, cam, dee, vic, ira, eve, mateo, eulalia, matter, noor, noors_matter)


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@contextmanager
def as_the_web_process() -> Iterator[None]:
    """Take on the database roles that the web process has, so that grants and row-level security hold."""
    roles = {"default": "amparo_web", "keyring": "amparo_keyring"}
    for alias, role in roles.items():
        with connections[alias].cursor() as cursor:
            cursor.execute(f"SET ROLE {role}")
    try:
        yield
    finally:
        for alias in roles:
            with connections[alias].cursor() as cursor:
                cursor.execute("RESET ROLE")


class Browser(Client):
    """Django's test client, answered by a process that has only the web's rights in the databases."""

    def request(self, **request: Any) -> Any:
        with as_the_web_process():
            return super().request(**request)


@pytest.fixture
def client() -> Client:
    return Browser()


@pytest.fixture
def client_for() -> Callable[[User], Client]:
    """Return a maker of signed-in browsers."""
    return signed_in


def signed_in(user: User) -> Client:
    browser = Browser()
    browser.force_login(user)
    session = browser.session
    session.update({"clinic": str(user.clinic_id), "began": int(time.time()), "seen": int(time.time())})
    session.save()
    return browser


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """Each test starts with empty key caches and rosters, as a process does."""
    yield
    keyring.drop_all()
    roster.forget()
    forget_what_was_seen()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever uses the cast uses both databases."""
    for item in items:
        names = getattr(item, "fixturenames", ())
        if "cast" in names and item.get_closest_marker("django_db") is None:
            item.add_marker(pytest.mark.django_db(databases=["default", "keyring"]))


def uuid_of_nothing() -> UUID:
    return UUID("00000000-0000-4000-8000-000000000000")
