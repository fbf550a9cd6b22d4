"""Two clinics with two people each, and the tables of proof_models."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, connections

from caseapp.vault import keyring, registry
from caseapp.vault.grants import KEYRING_GRANTS
from tests.vault.proof_models import DECLARED, Letter, Parcel, Stamp


@pytest.fixture(scope="session")
def proof_tables(django_db_setup: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        with connection.schema_editor() as editor:
            for table in (Letter, Parcel, Stamp):
                editor.create_model(table)
        with connections["keyring"].cursor() as cursor:
            for grant in KEYRING_GRANTS:
                cursor.execute(grant)


@pytest.fixture(autouse=True)
def declared(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Declare the test's tables, and start with no keys held."""
    for label, entry in DECLARED.items():
        monkeypatch.setitem(registry.FIELDS, label, entry)
    keyring.drop_all()
    yield
    keyring.drop_all()


@pytest.fixture
def root_key(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root key file of the test's own, to be spoiled at will: others are at work with the real one."""
    path = tmp_path / "root" / "root.key"
    path.parent.mkdir(0o700)
    path.touch(0o600)
    path.write_bytes(Path(settings.ROOT_KEY_FILE).read_bytes())
    settings.ROOT_KEY_FILE = path
    monkeypatch.setenv("AMPARO_ROOT_KEY_FILE", str(path))
    return path


@pytest.fixture
def vault(proof_tables: None, db: None) -> None:
    """Both databases, with the tables."""


def set_up_clinic() -> UUID:
    clinic_id = uuid4()
    keyring.make_clinic_key(clinic_id)
    return clinic_id


def record_person(clinic_id: UUID) -> UUID:
    person_id = uuid4()
    keyring.make_key(clinic_id, person_id)
    return person_id


@pytest.fixture
def clinic(vault: None) -> UUID:
    return set_up_clinic()


@pytest.fixture
def person(clinic: UUID) -> UUID:
    return record_person(clinic)


@pytest.fixture
def letter(clinic: UUID, person: UUID) -> Letter:
    """A saved letter, loaded anew: nothing in it is open."""
    made = Letter(clinic_id=clinic, person_id=person, text="Dear María", number="A200")
    made.save()
    return Letter.objects.get(pk=made.pk)


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def tick(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    keyring.drop_all()
    monkeypatch.setattr(keyring.cache, "clock", clock)
    return clock


@pytest.fixture
def acting_as() -> Callable[[str], AbstractContextManager[None]]:
    """Return what runs the block under another PostgreSQL role on the keyring."""

    @contextmanager
    def acting(role: str) -> Iterator[None]:
        with connections["keyring"].cursor() as cursor:
            cursor.execute(f"SET ROLE {role}")
            try:
                yield
            finally:
                cursor.execute("RESET ROLE")

    return acting
