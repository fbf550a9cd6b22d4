"""Make the officers' recovery kit and print its three shares, once."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from caseapp import clock
from caseapp.errors import Refused
from caseapp.management import paper
from caseapp.safekeeping import kit
from caseapp.vault import recovery
from caseapp.vault.cipher import SealLocked


class Command(BaseCommand):
    help = (
        "Make a key that opens everything, exists only as three printed shares, and needs two of them."
        " Print it at once: AMPARO_ROLE=web ./run manage make_recovery_kit | lp. Nothing of it is stored."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--replace",
            action="store_true",
            help="make a new kit; the shares of the one before are then void",
        )

    def handle(self, *, replace: bool, **options: Any) -> None:
        if settings.AMPARO_ROLE != "web":
            raise CommandError(
                "This needs the root key. Run: AMPARO_ROLE=web ./run manage make_recovery_kit | lp"
            )
        before = recovery.made_at()
        if before is not None and not replace:
            raise CommandError(
                f"A kit was made on {before:%Y-%m-%d}. To make another, which makes its shares void, add"
                " --replace."
            )
        try:
            made = kit.make_at_the_machine()
        except (Refused, SealLocked) as refused:
            raise CommandError(str(refused)) from None
        for page in paper.pages(made.shares, made=f"{clock.now():%Y-%m-%d}", recipient=made.recipient):
            self.stdout.write(page, ending="")
        if made.replaced:
            self.stderr.write("The shares of the kit before are void now. Collect and burn them.")
        self.stderr.write(
            f"Sealed {made.generations} clinic keys to this kit. Give each officer one page, and try it now:"
            " ./run manage recovery_drill"
        )
