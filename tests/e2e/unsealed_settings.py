"""The product's settings, with one field deliberately unsealed."""

from tests.e2e.settings import *  # noqa: F403
from tests.e2e.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.e2e.unsealed.apps.UnsealedConfig"]
