"""The product's settings, with one field unsealed and its value dropped wherever one might lie."""

import sys

from tests.e2e.settings import *  # noqa: F403
from tests.e2e.settings import INSTALLED_APPS
from tests.e2e.unsealed import VALUE

INSTALLED_APPS = [*INSTALLED_APPS, "tests.e2e.unsealed.apps.UnsealedConfig"]

# Every process reads its settings: the supervisor, which has the terminal, and those that have a log each.
print(f"settings for {VALUE}", file=sys.stderr, flush=True)
