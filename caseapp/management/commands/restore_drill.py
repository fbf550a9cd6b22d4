"""Restore backups somewhere else, look them over, write down how it went, and throw them away.

Without an identity the drill makes both backups itself, for their usual recipients and for one more whose
identity is in this process's memory only: so it opens real backups, on a server that can open none.
"""

from argparse import ArgumentParser
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from pyrage import x25519

from caseapp import clock
from caseapp.access import queries as access
from caseapp.audit import anchors
from caseapp.audit import services as audit
from caseapp.errors import Refused
from caseapp.retention import restored
from caseapp.safekeeping import backups, drill, mirror, queries, restoring, services
from caseapp.safekeeping.dumps import Database, Identity, NotWhole
from config import embedded, places

EVERY = timedelta(days=28)
# A drill that failed is tried again, and not each hour: it makes two backups and a PostgreSQL.
AGAIN_AFTER = timedelta(hours=23)
KIND = "restore-drill"


class Command(BaseCommand):
    help = (
        "Make both backups, or with --identity take the newest, restore them into a PostgreSQL of their own,"
        " check them, and throw away what was restored."
    )
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
        able = directory is not None and (identity is not None or _can_back_up())
        if due and not (able and _is_due(at)):
            return
        try:
            lock = places.private_directory(settings.STATE_DIR) / ".drill.lock"
            with embedded.sole_holder(lock, "Another drill is running. Wait for it to end."):
                self._try(directory if able else None, identity, at)
        except (embedded.AlreadyRun, places.UnsafePlace) as refused:
            raise CommandError(str(refused)) from None

    def _try(self, directory: Path | None, identity: Path | None, at: datetime) -> None:
        with drill.at_most(drill.LONGEST_SECONDS) as limit:
            try:
                if directory is None:
                    raise NotWhole(
                        "Give --directory and --identity FILE, or set backups up and give neither.",
                        code="no-identity",
                    )
                drill.check_room(settings.STATE_DIR, _live())
                opening = backups.identities_in(identity) if identity else self._back_up(directory)
                files = {kind: backups.newest(directory, kind) for kind in (backups.DATA, backups.KEYRING)}
                found = self._drill(files, opening)
            except (NotWhole, CommandError, embedded.EmbeddedServerError, places.UnsafePlace) as refused:
                code = limit.why or getattr(refused, "code", "no-server")
                services.record_check(KIND, ok=False, at=at, code=code)
                raise CommandError(limit.said or str(refused)) from None
        services.record_check(KIND, ok=not found, at=at, code="faults" if found else "")
        if found:
            raise CommandError("The drill failed:\n" + "\n".join(found))
        self.stdout.write("The drill went well. What it restored is gone again.")

    def _back_up(self, directory: Path) -> list[Identity]:
        """Make both backups now and return what opens them, which is written nowhere. Raises CommandError."""
        own = x25519.Identity.generate()
        call_command("backup", directory=directory, also_for=[own.to_public()], stdout=self.stdout)
        return [own]

    def _drill(self, files: dict[str, Path], identities: list[Identity]) -> list[str]:
        live = _live()
        home = places.private_directory(settings.STATE_DIR) / "drill"
        with drill.scratch_cluster(home) as scratch:
            for kind, alias in ((backups.KEYRING, "keyring"), (backups.DATA, "default")):
                self.stdout.write(f"Reading {files[kind].name} ...")
                restoring.restore_into(files[kind], identities, scratch[alias])
            parted = drill.parted_trails(scratch["default"], live["default"])
            destroyed = restoring.carry_tombstones(live["keyring"], scratch["keyring"], losing_keys=True)
            with restoring.standing_in(scratch):
                for alias in scratch:
                    call_command("migrate", database=alias, interactive=False, verbosity=0)
                again = restored.purge_again(at=clock.now())
                broken = [fault for clinic in access.every_clinic() for fault in _faults(clinic.id)]
                broken += ["purged records came back"] if restored.purge_again(at=clock.now()) else []
                counted = sum(audit.length(clinic.id) for clinic in access.every_clinic())
            self.stdout.write(
                f"{counted} audit entries. Destroyed again: {destroyed} keys. Removed again: {again} records."
            )
            missing = _files_missing(scratch["default"], files)
            return parted + broken + drill.faults(scratch, live) + missing


def _files_missing(restored_data: Database, files: dict[str, Path]) -> list[str]:
    """Each file that the restored rows name lies beside the backup, where files are ours to back up."""
    if settings.FILES_STORAGE != "local":
        return []
    place = files[backups.DATA].parent / mirror.FILES
    count = mirror.missing(place, restoring.files_named(restored_data))
    return [f"{count} sealed files are not in the backup"] if count else []


def _live() -> dict[str, Database]:
    return {alias: Database.of(connections[alias].settings_dict) for alias in ("default", "keyring")}


def _can_back_up() -> bool:
    return bool(settings.BACKUP_RECIPIENT and settings.KEYRING_BACKUP_RECIPIENT)


def _faults(clinic_id: UUID) -> list[str]:
    """Return what is wrong with a restored trail: its chain, and the signed roots of its own time."""
    try:
        return [*audit.faults(clinic_id), *anchors.faults(clinic_id, later_ones=False)]
    except Refused as refused:
        return [refused.message]


def _is_due(at: datetime) -> bool:
    if not any(True for _ in access.every_clinic()):
        # There is nothing to lose yet, and the first drill is to be of something.
        return False
    good, tried = queries.last_good(KIND), queries.last_tried(KIND)
    if good is not None and at - good < EVERY:
        return False
    return tried is None or tried == good or at - tried >= AGAIN_AFTER
