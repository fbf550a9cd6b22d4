"""Make the benchmarks' own tables, behind the same wall as the product's."""

from collections.abc import Iterable
from typing import Any

from django.db import connections

from caseapp.access.wall_sql import wall


def make(models: Iterable[Any]) -> None:
    """Make each model's table as the owner, with row-level security by clinic, and let the web use it."""
    with connections["owner"].schema_editor() as editor:
        for model in models:
            table = model._meta.db_table
            editor.create_model(model)
            editor.execute(wall(table), None)
            editor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO amparo_web", None)
    connections["owner"].close()


def empty(models: Iterable[Any]) -> None:
    names = ", ".join(model._meta.db_table for model in models)
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"TRUNCATE {names} CASCADE")


def settle() -> None:
    """Let the planner know the tables as they are now, in both databases."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def size(model: Any) -> int:
    """Return the bytes of a table with its indexes and whatever is stored beside it."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size(%s)", [model._meta.db_table])
        return int(cursor.fetchone()[0])


def server() -> str:
    """Return the version of PostgreSQL, and whether it waits for the disk."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), current_setting('fsync')")
        version, fsync = cursor.fetchone()
    return f"PostgreSQL {version}, fsync {fsync}"
