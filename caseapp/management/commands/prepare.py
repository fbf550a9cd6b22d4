"""Make ready what the clinic stands on: tables, pages, and on the first day the root key."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from caseapp import clock
from caseapp.audit import signing
from caseapp.retention import restored
from caseapp.safekeeping import queries as safekeeping
from caseapp.vault.root import RootKeyRefused, create_root_key
from config import places


class Command(BaseCommand):
    help = "Bring both databases and the static files up to date, purge again, make the first root key."
    requires_system_checks = []

    def handle(self, **options: Any) -> None:
        for database in ("default", "keyring"):
            call_command("migrate", database=database, interactive=False, verbosity=0)
        again = restored.purge_again(at=clock.now())
        if again:
            self.stdout.write(f"A restored backup had {again} purged records in it. They are removed again.")
        self._say_if_nobody_is_reminded()
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        self._make_signing_key()
        path = places.root_key_file()
        if settings.KEY_PROVIDER != "file" or path.exists():
            return
        if _keys_exist():
            # A new key would only hide the loss.
            self.stdout.write(
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

    def _say_if_nobody_is_reminded(self) -> None:
        since = safekeeping.reminders_silent_since(clock.now())
        if since is not None:
            self.stdout.write(
                f"Nobody has been reminded of any date since {since:%Y-%m-%d %H:%M} UTC. What is owed goes"
                " out within a quarter of an hour of the start; until then look at Today for what is due."
            )

    def _make_signing_key(self) -> None:
        if settings.AUDIT_KEY_FILE.exists():
            return
        try:
            places.secret_file(settings.AUDIT_KEY_FILE, signing.new_key())
        except places.UnsafePlace as unsafe:
            raise CommandError(str(unsafe)) from None
        self.stdout.write(
            f"Made the key certificates are signed with. Its public half, to keep: {signing.public_key()}"
        )


def _keys_exist() -> bool:
    with connections["keyring"].cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM caseapp_clinickey)")
        row = cursor.fetchone()
    return bool(row and row[0])
