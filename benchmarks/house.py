"""A house to measure in: a temporary, durable PostgreSQL with the product's databases, roles and root key."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config import places
from config.embedded import Cluster

OURS = ("AMPARO_", "DATABASE_URL_", "KEYRING_URL_", "BROKER_URL")


@contextmanager
def temporary_house() -> Iterator[Path]:
    """Start the databases, make the tables, and point this process's environment at them as `web`.

    Must be entered before Django loads its settings. Nothing is left behind.
    """
    state = Path(tempfile.mkdtemp(prefix="amparo-bench-"))
    for name in [name for name in os.environ if name.startswith(OURS)]:
        if name != "AMPARO_PG_BIN":
            del os.environ[name]
    os.environ |= {"AMPARO_STATE": str(state), "DJANGO_SETTINGS_MODULE": "benchmarks.settings"}
    cluster = Cluster(state / "pg")
    try:
        cluster.initialise()
        cluster.start()
        cluster.provision()
        _prepare()
        os.environ["AMPARO_ROLE"] = "web"
        yield state
    finally:
        cluster.stop()
        shutil.rmtree(state, ignore_errors=True)


def _prepare() -> None:
    """Migrate both databases, gather the static files and make the root key, as the owner."""
    owner = os.environ | {"AMPARO_ROLE": "owner", "DJANGO_SETTINGS_MODULE": "config.settings"}
    subprocess.run(
        [sys.executable, "manage.py", "prepare"],
        cwd=places.HOUSE,
        env=owner,
        check=True,
        stdout=subprocess.DEVNULL,
    )
