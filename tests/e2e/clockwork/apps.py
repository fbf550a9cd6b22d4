"""Put the test's clock in place when the process starts, and let beat tick every second or two."""

import os
from datetime import datetime, timedelta
from pathlib import Path

from django.apps import AppConfig
from django.utils import timezone

from caseapp import clock
from config.celery import app as queue

BEAT_SECONDS = 2.0


def told_now() -> datetime:
    """Return the real time, moved by as many seconds as the test wrote down."""
    told = Path(os.environ["AMPARO_TEST_CLOCK"])
    moved = float(told.read_text()) if told.exists() else 0.0
    return timezone.now() + timedelta(seconds=moved)


class ClockworkConfig(AppConfig):
    name = "tests.e2e.clockwork"

    def ready(self) -> None:
        clock.now = told_now
        for name in ("remind", "finish-purges"):
            queue.conf.beat_schedule[name]["schedule"] = BEAT_SECONDS
