"""Which database a table lives in: the keyring's own, or the one for everything else."""

from typing import Any, Final

from django.db import models

KEYRING: Final = "keyring"
_KEYRING_TABLES: Final = frozenset({"clinickey", "subjectkey", "tombstone", "epoch", "officers"})


def _is_keyring(app_label: str, model_name: str | None) -> bool:
    return app_label == "caseapp" and model_name in _KEYRING_TABLES


class KeyringRouter:
    """Send the keyring's models to the keyring, and let nothing else in.

    A migration that runs SQL or Python says where with hints={"database": "keyring"}; without that
    hint it runs on the data only.
    """

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str | None:
        return KEYRING if _is_keyring(model._meta.app_label, model._meta.model_name) else None

    db_for_write = db_for_read

    def allow_relation(self, one: models.Model, other: models.Model, **hints: Any) -> bool | None:
        """Refuse a relation that would cross from one database to the other."""
        inside = [_is_keyring(row._meta.app_label, row._meta.model_name) for row in (one, other)]
        return False if any(inside) and not all(inside) else None

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool:
        belongs = KEYRING if _is_keyring(app_label, model_name) else hints.get("database", "default")
        return bool((db == KEYRING) == (belongs == KEYRING))
