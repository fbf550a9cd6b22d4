"""Write the data and the keyring, each to files that only the holder of an identity can open."""

from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from caseapp import clock
from caseapp.safekeeping import backups, mirror, services
from caseapp.safekeeping.dumps import Database, NotWhole, Recipient
from caseapp.vault import recovery
from config import embedded, places

KINDS = {backups.DATA: "default", backups.KEYRING: "keyring"}


class Command(BaseCommand):
    help = (
        "Back the data and the keyring up, apart and encrypted; forget old backups once new ones are whole."
    )
    requires_system_checks = []
    # Recipients of one backup more: a drill's own, which lives as long as the drill.
    stealth_options = ("also_for",)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--data-recipient", default=settings.BACKUP_RECIPIENT, metavar="AGE")
        parser.add_argument("--keyring-recipient", default=settings.KEYRING_BACKUP_RECIPIENT, metavar="AGE")
        parser.add_argument("--directory", type=Path, default=settings.BACKUP_DIR)
        parser.add_argument(
            "--due",
            action="store_true",
            help="only what is due: the data daily, the keyring every six hours; nothing when not set up",
        )

    def handle(
        self,
        *,
        data_recipient: str | None,
        keyring_recipient: str | None,
        directory: Path | None,
        due: bool,
        also_for: Sequence[Recipient] = (),
        **options: Any,
    ) -> None:
        if due and not (directory and data_recipient and keyring_recipient):
            return
        try:
            recipients = {
                backups.DATA: [*_recipients(data_recipient, "data"), *also_for],
                backups.KEYRING: [*_recipients(keyring_recipient, "keyring"), *also_for],
            }
            place = self._place(directory)
            refusal = "Another backup is being made. Wait for it to end."
            with embedded.sole_holder(place / ".lock", refusal):
                self._back_up(place, recipients, due=due)
        except (NotWhole, embedded.AlreadyRun, places.UnsafePlace) as refused:
            raise CommandError(str(refused)) from None

    def _place(self, directory: Path | None) -> Path:
        if directory is None:
            raise NotWhole("Where to? Set AMPARO_BACKUP_DIR, or give --directory.", code="no-place")
        return backups.check_place(directory, state=settings.STATE_DIR, root_key=places.root_key_file())

    def _copy_files(self, place: Path, at: datetime) -> None:
        """After the rows, so that every file that they name was there by then."""
        if settings.FILES_STORAGE != "local":
            return
        kept_days = _kept_days(backups.DATA)
        copied = mirror.copy(settings.FILES_DIR, place / mirror.FILES, at=at, kept_days=kept_days)
        if copied.all or copied.gone:
            self.stdout.write(f"{copied.all} sealed files, {copied.new} of them new, {copied.gone} gone")

    def _back_up(self, place: Path, recipients: dict[str, list[Recipient]], *, due: bool) -> None:
        """The data first: the keyring is then never older, so each row in the data finds its key in it."""
        backups.forget_halves(place)
        databases = {kind: Database.of(connections[alias].settings_dict) for kind, alias in KINDS.items()}
        for kind in KINDS:
            at = clock.now()
            if due and not backups.is_due(place, kind, at=at):
                continue
            try:
                backups.check_apart(databases[backups.DATA], databases[backups.KEYRING])
                made = backups.make(kind, databases[kind], place, recipients[kind], at=at)
                if kind == backups.DATA:
                    self._copy_files(place, at)
            except NotWhole as refused:
                services.record_check(f"backup-{kind}", ok=False, at=at, code=refused.code)
                raise
            services.record_check(f"backup-{kind}", ok=True, at=at)
            gone = backups.forget_old(place, kind, at=at, kept_days=_kept_days(kind))
            self.stdout.write(f"{made.name}  {made.stat().st_size} bytes")
            if gone:
                self.stdout.write(f"forgot {len(gone)} older backups of the {kind}")


def _kept_days(kind: str) -> int:
    return {backups.DATA: settings.DATA_BACKUP_DAYS, backups.KEYRING: settings.KEYRING_BACKUP_DAYS}[kind]


def _recipients(given: str | None, whose: str) -> list[Recipient]:
    """Return whom a backup is for: the one given, the recovery kit's officers, the drill's where one is set.

    Two of the officers can then restore with nothing but the backups and their sheets.
    """
    whom = [backups.recipient(given, whose)]
    officers = recovery.recipient()
    if officers and officers != (given or "").strip():
        whom.append(backups.recipient(officers, "recovery kit"))
    if settings.DRILL_IDENTITY_FILE:
        whom.append(backups.identities_in(settings.DRILL_IDENTITY_FILE)[0].to_public())
    return whom
