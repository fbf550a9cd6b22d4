"""The second wall: what PostgreSQL itself refuses, whatever the code above it forgets."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.db import ProgrammingError, connection, connections, transaction

from caseapp.access import wall
from caseapp.access.models import Clinic, User
from caseapp.audit.models import Entry
from caseapp.deadlines.models import Deadline
from caseapp.matters.models import Matter
from caseapp.people.models import Person
from caseapp.vault.models import KEYRING_MODELS
from tests.conftest import Cast, as_the_web_process

KEYRING_TABLES = {m._meta.db_table for m in KEYRING_MODELS}
# Hold no clinic's rows: a hash of a token that belongs to nobody yet; how the last backups and drills went.
WITHOUT_CLINIC = {"caseapp_setuplink", "caseapp_check"}


def our_tables() -> set[str]:
    return {m._meta.db_table for m in apps.get_app_config("caseapp").get_models()} - KEYRING_TABLES


def rows(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


@pytest.mark.django_db
def test_every_table_with_a_clinic_is_walled_for_the_web_and_open_to_the_keyless_worker() -> None:
    walled = {t for (t,) in rows("SELECT relname FROM pg_class WHERE relrowsecurity AND relkind = 'r'")}
    policies = set(rows("SELECT tablename, unnest(roles)::text FROM pg_policies"))

    assert our_tables() - WITHOUT_CLINIC <= walled
    assert {"account_emailaddress", "mfa_authenticator"} <= walled
    for table in walled:
        assert {(table, "amparo_web"), (table, "amparo_worker")} <= policies


@pytest.mark.django_db
def test_no_role_of_a_process_is_owner_or_superuser_or_may_pass_the_wall() -> None:
    powers = rows(
        "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles"
        " WHERE rolname LIKE 'amparo_%' AND rolname <> 'amparo_owner'"
    )
    owned = rows(
        "SELECT tablename FROM pg_tables WHERE tableowner IN"
        " ('amparo_web', 'amparo_worker', 'amparo_keyring', 'amparo_shredder')"
    )

    assert {name for name, *_ in powers} == {
        "amparo_web",
        "amparo_worker",
        "amparo_keyring",
        "amparo_shredder",
    }
    assert all(not any(power) for _name, *power in powers)
    assert owned == []


@pytest.mark.parametrize("model", [Person, Matter, Entry, User, Clinic])
def test_without_the_filter_the_web_still_sees_one_clinic_only(cast: Cast, model: Any) -> None:
    def clinics() -> set[UUID]:
        column = "id" if model is Clinic else "clinic_id"
        return set(model.objects.values_list(column, flat=True))

    everything = clinics()

    with as_the_web_process(), wall.inside(cast.clinic.id):
        seen = clinics()

    assert everything == {cast.clinic.id, cast.other_clinic.id}
    assert seen == {cast.clinic.id}


def test_outside_every_clinic_the_web_sees_nothing(cast: Cast) -> None:
    wall.leave()

    with as_the_web_process():
        seen = [Person.objects.count(), Matter.objects.count(), Entry.objects.count(), User.objects.count()]

    assert seen == [0, 0, 0, 0]


def test_the_door_shows_who_may_sign_in_and_no_client(cast: Cast) -> None:
    wall.open_door()

    with as_the_web_process():
        seen = [User.objects.count(), Person.objects.count(), Matter.objects.count()]
    wall.leave()

    assert seen == [7, 0, 0]


def test_the_web_cannot_write_into_another_clinic(cast: Cast) -> None:
    stranger = Person(
        clinic_id=cast.other_clinic.id, recorded_by=cast.eve, recorded_at=cast.mateo.recorded_at
    )
    stranger.id = cast.noor.id

    with as_the_web_process(), wall.inside(cast.clinic.id), transaction.atomic():
        changed = Matter.objects.filter(pk=cast.noors_matter.pk).update(code="MOVED-1")
        gone, _ = Matter.objects.filter(pk=cast.noors_matter.pk).delete()

    assert (changed, gone) == (0, 0)
    assert Matter.objects.get(pk=cast.noors_matter.pk).code == cast.noors_matter.code


def test_the_web_cannot_move_its_own_row_to_another_clinic(cast: Cast) -> None:
    elsewhere = "UPDATE caseapp_matter SET clinic_id = %s WHERE id = %s"

    refused = pytest.raises(ProgrammingError, match="row-level security")
    with as_the_web_process(), wall.inside(cast.clinic.id), refused, transaction.atomic():
        connection.cursor().execute(elsewhere, [cast.other_clinic.id, cast.matter.id])


@pytest.mark.parametrize("role", ["amparo_web", "amparo_worker"])
@pytest.mark.parametrize("statement", ["UPDATE caseapp_entry SET event = 'x'", "DELETE FROM caseapp_entry"])
def test_nobody_can_change_or_remove_what_was_audited(cast: Cast, role: str, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role}")
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            cursor.execute(statement)
        cursor.execute("RESET ROLE")


def test_the_worker_cannot_read_one_key(cast: Cast) -> None:
    with connections["keyring"].cursor() as cursor:
        cursor.execute("SET ROLE amparo_shredder")
        for table in ("caseapp_subjectkey", "caseapp_clinickey"):
            with (
                pytest.raises(ProgrammingError, match="permission denied"),
                transaction.atomic(using="keyring"),
            ):
                cursor.execute(f"SELECT wrapped FROM {table}")
        cursor.execute("RESET ROLE")


def test_the_worker_sees_the_dates_of_every_clinic(cast: Cast) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE amparo_worker")
    try:
        clinics = set(Matter.objects.values_list("clinic_id", flat=True))
        dates = Deadline.objects.count()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")

    assert clinics == {cast.clinic.id, cast.other_clinic.id}
    assert dates == 0
