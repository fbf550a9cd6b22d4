"""Try two shares of the recovery kit, without the root key and without changing anything."""

import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from caseapp import clock
from caseapp.errors import Refused
from caseapp.management import paper
from caseapp.safekeeping import services as safekeeping
from caseapp.vault import recovery


class Command(BaseCommand):
    help = (
        "Ask for two shares of the recovery kit and open its canary with them; with --backup, read a backup"
        " to its end as well. Do this each quarter. With --canary it needs no database: take the file to a"
        " machine that is not on the network."
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
        parser.add_argument("--backup", type=Path, metavar="FILE", help="a backup to read to its end")

    def handle(
        self,
        *,
        share: list[str],
        canary: Path | None,
        write_canary: Path | None,
        backup: Path | None,
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
            shares = paper.typed(share, sys.stdin, self.stderr)
            recipient = recovery.try_canary(shares, sealed)
            self.stdout.write(f"ok: two shares open the canary of the kit {recipient}")
            if backup is not None:
                with backup.open("rb") as sealed_file, open(os.devnull, "wb") as nowhere:
                    recovery.try_backup(shares, sealed_file, nowhere)
                self.stdout.write(f"ok: they open {backup.name}, to its end")
            if canary is None:
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
