"""Print the signed certificate of a purge."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from caseapp import clock
from caseapp.errors import Refused
from caseapp.retention import certificates, verifying


class Command(BaseCommand):
    help = "Print the certificate of a purge as JSON. Without PURGE, list what was purged."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("purge", nargs="?", type=UUID, metavar="PURGE", help="the id of a purge")
        parser.add_argument(
            "--out", type=Path, metavar="FILE", help="write it there instead; never over a file"
        )

    def handle(self, *, purge: UUID | None, out: Path | None, **options: Any) -> None:
        if purge is None:
            for each in certificates.every_purge():
                self.stdout.write(
                    f"{each.id}  {each.done_at:%Y-%m-%d}  {each.code or 'someone on no matter'}"
                )
            return
        found = certificates.every_purge().filter(pk=purge).first()
        if found is None:
            raise CommandError(
                f"No purge {purge} was carried out. Without an id, this lists those that were."
            )
        try:
            file = verifying.written(certificates.certify(found, at=clock.now()))
        except Refused as refused:
            raise CommandError(refused.message) from None
        if out is None:
            self.stdout.write(file.decode(), ending="")
            return
        try:
            with out.open("xb") as written:
                written.write(file)
        except OSError as error:
            raise CommandError(f"{out} was not written: {error.strerror}.") from None
