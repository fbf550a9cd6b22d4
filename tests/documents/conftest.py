"""A storage of the test's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def storage_home(settings: Any, tmp_path: Path) -> Path:
    settings.FILES_STORAGE, settings.FILES_DIR = "local", tmp_path / "files"
    found: Path = settings.FILES_DIR
    return found
