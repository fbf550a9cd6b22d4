"""Open a clinic whose root key is lost, with two shares of the recovery kit."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from caseapp.errors import Refused
from caseapp.management import paper
from caseapp.vault import recovery
from caseapp.vault.cipher import SealLocked


class Command(BaseCommand):
    help = (
        "Ask for two shares of the recovery kit and put each clinic's key under the root key that is here"
        " now; a missing root key file is made anew. Only for when the root key is lost: the shares meet on"
        " this machine, so make a new kit afterwards."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--share", action="append", default=[], metavar="FILE", help="a share to read instead of asking"
        )

    def handle(self, *, share: list[str], **options: Any) -> None:
        if settings.AMPARO_ROLE != "web":
            raise CommandError("This needs a root key. Run: AMPARO_ROLE=web ./run manage recover_root")
        try:
            recovered = recovery.recover(paper.typed(share, sys.stdin, self.stderr))
        except (Refused, SealLocked) as refused:
            raise CommandError(str(refused)) from None
        if recovered == (0, 0):
            self.stdout.write("Nothing to recover: the root key here opens every clinic's key.")
            return
        self.stdout.write(f"Opened {recovered.opened} clinic keys and put them under the root key here.")
        if recovered.lost:
            self.stdout.write(
                f"{recovered.lost} were never sealed to this kit and stay shut. An older copy of the root key"
                " or of the keyring may still open them."
            )
        self.stdout.write(
            "Now: keep a copy of the new root key elsewhere, start a new generation of the clinics' keys"
            " (rekey), and make a new kit (make_recovery_kit --replace)."
        )
