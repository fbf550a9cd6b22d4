"""The key this deployment signs with: Ed25519, one for all clinics, in a file that web and worker read."""

import os
import secrets
import stat
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from caseapp.audit import signatures
from caseapp.errors import Refused

SEED_BYTES = 32


class SigningKeyRefused(Refused):
    """The signing key is missing, damaged, or can be read by others. The message says what to do."""


def new_key() -> str:
    """Return the text of a new key's file: 32 random bytes in hex."""
    return secrets.token_hex(SEED_BYTES)


def sign(purpose: str, value: Any) -> str:
    """Return the signature over a JSON value, in hex. Raises SigningKeyRefused."""
    return _key().sign(signatures.signed_bytes(purpose, value)).hex()


def public_key() -> str:
    """Return the public half in hex, to be kept by whoever checks. Raises SigningKeyRefused."""
    return _key().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def _key() -> Ed25519PrivateKey:
    path: Path = settings.AUDIT_KEY_FILE
    try:
        return Ed25519PrivateKey.from_private_bytes(signatures.from_hex(_read(path).strip(), SEED_BYTES))
    except ValueError:
        raise SigningKeyRefused(
            f"The signing key {path} is damaged. Put the file back from its safe copy."
        ) from None


def _read(path: Path) -> str:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise SigningKeyRefused(
            f"The signing key {path} cannot be read ({error.strerror}). Nothing is signed without it. Put the"
            " file back from its safe copy, or set AMPARO_AUDIT_KEY_FILE to where it is."
        ) from None
    with open(handle, encoding="ascii", errors="replace") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_mode & 0o077:
            raise SigningKeyRefused(
                f"The signing key {path} can be reached by other users of this machine. Run: chmod 600 {path}"
            )
        return file.read(4 * SEED_BYTES)
