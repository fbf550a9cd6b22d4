"""The second wall: tell PostgreSQL which clinic this request is for, so row-level security can hold.

The first wall is `visible_to`. If a query ever forgets it, the database still shows one clinic only.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import DatabaseError, connection

NOWHERE = ""


def _set(clinic: str, door: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('amparo.clinic', %s, false), set_config('amparo.door', %s, false)",
            [clinic, door],
        )


def enter(clinic_id: UUID) -> None:
    """Show this connection the rows of one clinic, and no others, until `leave`."""
    _set(str(clinic_id), NOWHERE)


def open_door() -> None:
    """Show the sign-in tables of every clinic: whoever is signing in has no clinic yet."""
    _set(NOWHERE, "sign-in")


def open_feed(token_hash: bytes) -> None:
    """Show the one calendar link that this is the hash of, and nothing of any clinic."""
    _set(NOWHERE, f"feed:{token_hash.hex()}")


def leave() -> None:
    """Show nothing. A connection that cannot be told so is closed, since the next request may get it."""
    if connection.connection is None:
        return
    try:
        _set(NOWHERE, NOWHERE)
    except DatabaseError:
        connection.close()


@contextmanager
def inside(clinic_id: UUID) -> Iterator[None]:
    enter(clinic_id)
    try:
        yield
    finally:
        leave()
