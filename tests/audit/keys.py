"""Make the signing key that a test needs."""

from pathlib import Path
from typing import Any

from caseapp.audit import signing


def make_signing_key(state: Path, settings: Any) -> str:
    """Put a new key in `state`, make that the state directory, and return the public half in hex."""
    settings.STATE_DIR = state
    settings.AUDIT_KEY_FILE = state / "signing.key"
    settings.AUDIT_KEY_FILE.unlink(missing_ok=True)
    settings.AUDIT_KEY_FILE.touch(0o600)
    settings.AUDIT_KEY_FILE.write_text(signing.new_key())
    return signing.public_key()
