"""A signing key and a state directory of the test's own."""

from pathlib import Path
from typing import Any

import pytest

from tests.audit.keys import make_signing_key


@pytest.fixture
def signing_key(tmp_path: Path, settings: Any) -> str:
    """Give the test a state directory with a signing key in it; return the public half."""
    return make_signing_key(tmp_path, settings)
