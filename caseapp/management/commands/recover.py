"""Let a director back in who lost their password, their second steps and their recovery codes."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from caseapp import clock
from caseapp.access import services
from caseapp.errors import Refused


class Command(BaseCommand):
    help = (
        "End an active director's sessions, forget their password and second steps, and print a one-time"
        " link to set new ones, good for 24 hours. Be sure of who asks you: nobody signs for it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the address the director signs in with")

    def handle(self, *, email: str, **options: Any) -> None:
        try:
            self.stdout.write(services.recover(email, now=clock.now()))
        except Refused as refusal:
            raise CommandError(refusal.message) from None
