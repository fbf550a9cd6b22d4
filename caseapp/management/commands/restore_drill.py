"""Restore the newest backups somewhere else, look them over, write down how it went, and throw them away."""

from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from caseapp import clock
from caseapp.access import queries as access
from caseapp.audit import services as audit
from caseapp.retention import restored
from caseapp.safekeeping import backups, drill, queries, restoring, services
from caseapp.safekeeping.dumps import Database, Identity, NotWhole
from config import embedded, places

EVERY = timedelta(days=28)
KIND = "restore-drill"


class Command(BaseCommand):
    help = "Restore the newest backups into a PostgreSQL of their own, check them, and throw them away."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--directory", type=Path, default=settings.BACKUP_DIR)
        parser.add_argument("--identity", type=Path, default=settings.DRILL_IDENTITY_FILE, metavar="FILE")
        parser.add_argument("--due", action="store_true", help="only if the last one was four weeks ago")

    def handle(
        self,
        *,
        directory: Path | None,
        identity: Path | None,
        due: bool,
        **options: Any,
    ) -> None:
        at = clock.now()
        if due and (directory is None or identity is None or not _is_due()):
            return
        try:
            if directory is None or identity is None:
                raise NotWhole("Give --directory and --identity FILE, or set both up.", code="no-identity")
            files = {kind: backups.newest(directory, kind) for kind in (backups.DATA, backups.KEYRING)}
            found = self._drill(files, backups.identities_in(identity))
        except (NotWhole, embedded.EmbeddedServerError, places.UnsafePlace) as refused:
            services.record_check(KIND, ok=False, at=at, code=getattr(refused, "code", "no-server"))
            raise CommandError(str(refused)) from None
        services.record_check(KIND, ok=not found, at=at, code="faults" if found else "")
        if found:
            raise CommandError("The drill failed:\n" + "\n".join(found))
        self.stdout.write("The drill went well. What it restored is gone again.")

    def _drill(self, files: dict[str, Path], identities: list[Identity]) -> list[str]:
        live = {alias: Database.of(connections[alias].settings_dict) for alias in ("default", "keyring")}
        home = places.private_directory(settings.STATE_DIR) / "drill"
        with drill.scratch_cluster(home) as scratch:
            for kind, alias in ((backups.KEYRING, "keyring"), (backups.DATA, "default")):
                self.stdout.write(f"Reading {files[kind].name} ...")
                restoring.restore_into(files[kind], identities, scratch[alias])
            destroyed = restoring.carry_tombstones(live["keyring"], scratch["keyring"], losing_keys=True)
            with restoring.standing_in(scratch):
                for alias in scratch:
                    call_command("migrate", database=alias, interactive=False, verbosity=0)
                again = restored.purge_again(at=clock.now())
                broken = [fault for clinic in access.every_clinic() for fault in audit.faults(clinic.id)]
                broken += ["purged records came back"] if restored.purge_again(at=clock.now()) else []
                counted = sum(audit.length(clinic.id) for clinic in access.every_clinic())
            self.stdout.write(
                f"{counted} audit entries. Destroyed again: {destroyed} keys. Removed again: {again} records."
            )
            return broken + drill.faults(scratch, live)


def _is_due() -> bool:
    last = queries.last_good(KIND)
    return last is None or clock.now() - last >= EVERY
