"""Make the root key, which opens every clinic's key."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from caseapp.vault.root import RootKeyRefused, create_root_key
from config import places


class Command(BaseCommand):
    help = (
        "Make the root key if it is missing and nothing has been sealed yet. Afterwards a missing root key"
        " is a loss, which a new one would only hide."
    )
    requires_system_checks = []

    def handle(self, **options: Any) -> None:
        path = places.root_key_file()
        if settings.KEY_PROVIDER != "file" or path.exists():
            return
        with connections["keyring"].cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT FROM caseapp_clinickey)")
            if cursor.fetchone()[0]:
                self.stderr.write(
                    f"There is no root key at {path}, and nothing sealed can be opened without it."
                    " Put the file back from its safe copy, or set AMPARO_ROOT_KEY_FILE to where it is."
                )
                return
        try:
            create_root_key(path)
        except RootKeyRefused as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(
            f"Made the root key in {path}. Keep a copy of it away from this machine and from its backups."
        )
