"""A PostgreSQL of the tests' own, started before pytest-django reads the settings, gone afterwards."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from caseapp.vault.root import create_root_key
from config.embedded import Cluster

_cluster: Cluster | None = None
_state: Path | None = None


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Start it, unless this is a worker of xdist, which inherits it, or the environment names a server."""
    global _cluster, _state
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    _state = Path(tempfile.mkdtemp(prefix="amparo-tests-"))
    # A run that fails before its first test is never unconfigured.
    atexit.register(pytest_unconfigure)
    os.environ |= {"AMPARO_STATE": str(_state), "AMPARO_ROLE": "owner"}
    (_state / "static").mkdir()
    create_root_key(_state / "root" / "root.key")
    if "DATABASE_URL_OWNER" in os.environ:
        return
    _cluster = Cluster(_state / "pg", durable=False)
    _cluster.initialise()
    _cluster.start()
    _cluster.provision(for_tests=True)


def pytest_unconfigure() -> None:
    global _cluster, _state
    if _cluster is not None:
        _cluster.stop()
        _cluster = None
    if _state is not None:
        shutil.rmtree(_state, ignore_errors=True)
        _state = None
