"""The keyring's tables go to the keyring, and nothing else does."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import connections, router

from caseapp.vault.models import KEYRING_MODELS, ClinicKey, Epoch, SubjectKey
from caseapp.vault.router import KeyringRouter

ROUTER = KeyringRouter()


@pytest.mark.parametrize("table", KEYRING_MODELS)
def test_a_keyring_table_is_read_written_and_migrated_in_the_keyring_only(table: Any) -> None:
    assert (router.db_for_read(table), router.db_for_write(table)) == ("keyring", "keyring")
    assert router.allow_migrate_model("keyring", table)
    assert not router.allow_migrate_model("default", table)


def test_every_other_table_stays_out_of_the_keyring() -> None:
    for table in set(apps.get_models(include_auto_created=True)) - set(KEYRING_MODELS):
        assert router.db_for_write(table) == "default"
        assert router.allow_migrate_model("default", table)
        assert not router.allow_migrate_model("keyring", table)


@pytest.mark.parametrize(("hints", "where"), [({}, "default"), ({"database": "keyring"}, "keyring")])
def test_bare_sql_runs_only_where_it_says(hints: dict[str, str], where: str) -> None:
    allowed = [db for db in ("default", "keyring") if ROUTER.allow_migrate(db, "caseapp", **hints)]

    assert allowed == [where]


def test_no_relation_crosses_between_the_databases() -> None:
    assert ROUTER.allow_relation(ClinicKey(), ContentType()) is False
    assert ROUTER.allow_relation(ContentType(), Epoch()) is False
    assert ROUTER.allow_relation(ClinicKey(), SubjectKey()) is None


@pytest.mark.django_db(databases=["default", "keyring"])
def test_the_keyring_holds_its_four_tables_and_the_record_of_migrations() -> None:
    tables = set(connections["keyring"].introspection.table_names())

    assert tables == {table._meta.db_table for table in KEYRING_MODELS} | {"django_migrations"}
    assert not tables - {"django_migrations"} & set(connections["default"].introspection.table_names())
