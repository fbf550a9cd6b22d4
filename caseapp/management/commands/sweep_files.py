"""Remove the files that no document keeps, as the nightly sweep does."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from caseapp import clock
from caseapp.documents import services
from caseapp.errors import Refused


class Command(BaseCommand):
    help = "Remove from the storage what is owed, and the files that no document keeps. Opens nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--however-many",
            action="store_true",
            help="also when they are many, as after a restore; be sure that it is the right database",
        )

    def handle(self, *, however_many: bool, **options: Any) -> None:
        try:
            owed = services.remove_owed()
            left = services.sweep(now=clock.now(), however_many=however_many)
        except Refused as refused:
            raise CommandError(refused.message) from None
        self.stdout.write(f"{owed} files that were owed and {left} that no document keeps are removed.")
