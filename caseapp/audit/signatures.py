"""What a signature of this house covers, and whether it holds. Pure: needs neither database nor key file."""

import json
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ROOT: Final = "Amparo audit root 1"
CERTIFICATE: Final = "Amparo purge certificate 1"


def canonical(value: Any) -> bytes:
    """Return JSON with sorted keys, no spaces and ASCII only: one way to write each value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def signed_bytes(purpose: str, value: Any) -> bytes:
    """Return what is signed. The purpose comes first, so that a root is never taken for a certificate."""
    return purpose.encode() + b"\n" + canonical(value)


def holds(public_key: bytes, purpose: str, value: Any, signature: bytes) -> bool:
    """Whether the Ed25519 signature over `value` is by this key. A malformed key or signature is False."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, signed_bytes(purpose, value))
    except (InvalidSignature, ValueError):
        return False
    return True


def from_hex(text: Any, length: int) -> bytes:
    """Return `length` bytes written in lower-case hex. Raises ValueError for anything else."""
    if not isinstance(text, str) or len(text) != 2 * length or bytes.fromhex(text).hex() != text:
        raise ValueError(f"not {length} bytes in lower-case hex")
    return bytes.fromhex(text)
