"""Try two shares of the recovery kit, without the root key and without changing anything."""

import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from caseapp import clock
from caseapp.errors import Refused
from caseapp.management import paper
from caseapp.safekeeping import backups
from caseapp.safekeeping import services as safekeeping
from caseapp.vault import recovery


class Command(BaseCommand):
    help = (
        "Ask for two shares of the recovery kit, and with them open its canary and read real backups to their"
        " end: those given, or the newest. Do this each quarter. With --canary it needs no database: take"
        " that file and the backups to a machine that is not on the network."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--share", action="append", default=[], metavar="FILE", help="a share to read instead of asking"
        )
        parser.add_argument(
            "--canary", type=Path, metavar="FILE", help="the canary, instead of the one in the keyring"
        )
        parser.add_argument(
            "--write-canary", type=Path, metavar="FILE", help="only write the canary, for a drill elsewhere"
        )
        parser.add_argument(
            "--record", action="store_true", help="only record that a drill elsewhere went well"
        )
        parser.add_argument(
            "--backup",
            type=Path,
            action="append",
            default=[],
            metavar="FILE",
            help="a backup to read to its end, once for each; default: the newest in AMPARO_BACKUP_DIR",
        )

    def handle(
        self,
        *,
        share: list[str],
        canary: Path | None,
        write_canary: Path | None,
        backup: list[Path],
        record: bool,
        **options: Any,
    ) -> None:
        if record:
            self._record()
            return
        try:
            sealed = self._canary(canary)
            if write_canary is not None:
                write_canary.write_bytes(sealed)
                return
            files = backup or _newest()
            shares = paper.typed(share, sys.stdin, self.stderr)
            recipient = recovery.try_canary(shares, sealed)
            self.stdout.write(f"ok: two shares open the canary of the kit {recipient}")
            for file in files:
                with file.open("rb") as sealed_file, open(os.devnull, "wb") as nowhere:
                    recovery.try_backup(shares, sealed_file, nowhere)
                self.stdout.write(f"ok: they open {file.name}, to its end")
            if not files:
                self.stderr.write("No backup was opened, so this was half a drill: give --backup FILE.")
            elif canary is None:
                self._record()
        except Refused as refused:
            raise CommandError(refused.message) from None
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from None

    def _record(self) -> None:
        safekeeping.record_check("recovery-drill", ok=True, at=clock.now())
        self.stdout.write("The clinic has it on record.")

    def _canary(self, path: Path | None) -> bytes:
        sealed = recovery.canary() if path is None else path.read_bytes()
        if sealed is None:
            raise Refused("No recovery kit was made yet. Make one: make_recovery_kit.")
        return sealed


def _newest() -> list[Path]:
    """Return the newest backup of each kind, where backups are set up and made."""
    directory: Path | None = settings.BACKUP_DIR
    if directory is None:
        return []
    kinds = (backups.DATA, backups.KEYRING)
    return [found[-1][1] for kind in kinds if (found := backups.found(directory, kind))]
