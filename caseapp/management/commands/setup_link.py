"""Print the one-time link that makes a clinic and its director."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from caseapp import clock
from caseapp.access import queries, services


class Command(BaseCommand):
    help = "Print a one-time link, good for 24 hours, that makes a clinic; none if there is a clinic already."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--another", action="store_true", help="make one more clinic beside those there are"
        )

    def handle(self, *, another: bool, **options: Any) -> None:
        if queries.a_clinic_exists() and not another:
            self.stderr.write("There is a clinic already. For one more, run: setup_link --another")
            return
        self.stdout.write(services.make_setup_link(clock.now()))
