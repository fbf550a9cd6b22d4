"""Fill the demo's empty clinic with invented people."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from caseapp import clock
from caseapp.demo import services as demo


class Command(BaseCommand):
    help = "Fill a demo clinic. Only with AMPARO_DEMO, which ./run demo sets, on a state of its own."

    def handle(self, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This is not the demo: AMPARO_DEMO is not set. Nothing was written.")
        demo.seed(now=clock.now())
