"""Run the whole clinic from one command, until Ctrl-C."""

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config import env
from config.embedded import EmbeddedServerError
from config.places import HOUSE, UnsafePlace
from config.supervisor import Supervisor, SupervisorError


class Command(BaseCommand):
    help = "Start the databases, the queue, the pages and the background work, and keep them running."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--bind",
            default=env.text("AMPARO_BIND", "127.0.0.1:8000"),
            metavar="HOST:PORT",
            help="where to listen (default: AMPARO_BIND, or 127.0.0.1:8000)",
        )
        parser.add_argument(
            "--demo",
            action="store_true",
            help="a disposable clinic of invented people, on this machine only; emptied at every start",
        )

    def handle(self, *, bind: str, demo: bool, **options: Any) -> None:
        if demo and not settings.DEMO:
            # The settings were read for the real clinic: start over with the demo's.
            command = [sys.executable, str(HOUSE / "manage.py"), "serve", "--bind", bind, "--demo"]
            os.execve(sys.executable, command, os.environ | {"AMPARO_DEMO": "yes"})  # noqa: S606
        try:
            Supervisor(bind=bind, state=settings.STATE_DIR, demo=settings.DEMO).run()
        except (EmbeddedServerError, SupervisorError, UnsafePlace) as error:
            raise CommandError(str(error)) from None
