"""The product's settings, with a clock that the test sets."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.e2e.clockwork.apps.ClockworkConfig"]
