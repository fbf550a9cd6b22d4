"""How one entry hangs on the one before it. Pure: values in, 32 bytes out."""

import hashlib
import json
from datetime import UTC, datetime
from uuid import UUID

START = b"\x00" * 32


def link(
    *,
    previous: bytes,
    clinic_id: UUID,
    seq: int,
    at: datetime,
    actor_id: UUID | None,
    event: str,
    matter_id: UUID | None,
    person_id: UUID | None,
    object_id: UUID | None,
    digest: bytes | None = None,
) -> bytes:
    """Return SHA-256(0x01 ‖ previous ‖ canonical JSON of the entry), as in RFC 6962's node prefix.

    `digest` is the hash of what the entry vouches for, if it vouches for anything; only then is it there.
    """
    entry: dict[str, str | int | None] = {
        "actor": _text(actor_id),
        "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "clinic": str(clinic_id),
        "event": event,
        "matter": _text(matter_id),
        "object": _text(object_id),
        "person": _text(person_id),
        "seq": seq,
    }
    if digest is not None:
        entry["digest"] = digest.hex()
    canonical = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(b"\x01" + previous + canonical.encode()).digest()


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
