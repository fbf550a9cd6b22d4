"""Check the certificate of a purge with nothing but the file and a public key. Pure.

docs/certificates.md says what each part is, so that a stranger can do the same in another language.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from caseapp.audit import chain, merkle, signatures

WHAT: Final = "Amparo purge certificate"
FORMAT: Final = 1
PURGED: Final = "purge:done"
CLAIM: Final = b"\x02"
KEY_BYTES, HASH_BYTES, SIGNATURE_BYTES = 32, 32, 64

Certificate = dict[str, Any]


class NotACertificate(ValueError):
    """The file is not a certificate as this house writes them. The message says what is wrong."""


def digest_of(destroyed: dict[str, Any]) -> bytes:
    """Return what the audit entry of a purge holds: the hash of what was destroyed."""
    return hashlib.sha256(CLAIM + signatures.canonical(destroyed)).digest()


def written(certificate: Certificate) -> bytes:
    """Return the one way in which a certificate is written to a file."""
    return (json.dumps(certificate, sort_keys=True, indent=2, ensure_ascii=True) + "\n").encode()


def read(file: bytes) -> Certificate:
    """Return the certificate in a file. Raises NotACertificate, also for a byte that changes no meaning."""
    try:
        certificate = json.loads(file)
    except (ValueError, RecursionError):
        raise NotACertificate("The file is not JSON.") from None
    if not isinstance(certificate, dict) or certificate.get("what") != WHAT:
        raise NotACertificate("The file is not the certificate of a purge.")
    if certificate.get("format") != FORMAT:
        raise NotACertificate("The certificate is in a format that this version does not know.")
    if written(certificate) != file:
        raise NotACertificate("The file was changed: certificates are not written that way.")
    return certificate


def faults(certificate: Certificate, *, public_key: str) -> list[str]:
    """Return, in words, why the certificate does not hold for this public key (hex); nothing if it holds."""
    try:
        return list(_faults(certificate, public_key))
    except (KeyError, TypeError, ValueError, AttributeError):
        return ["The certificate is not laid out as certificates are."]


def _faults(certificate: Certificate, public_key: str) -> Iterator[str]:
    body = {name: value for name, value in certificate.items() if name != "signature"}
    signature = signatures.from_hex(certificate["signature"], SIGNATURE_BYTES)
    if certificate["public_key"] != public_key:
        yield "It is signed with another key than the one you gave, or than this deployment's."
    key = signatures.from_hex(public_key, KEY_BYTES)
    if not signatures.holds(key, signatures.CERTIFICATE, body, signature):
        yield "The signature does not hold: the certificate was changed, or someone else signed it."
    yield from _entry_faults(certificate)
    yield from _tree_faults(certificate, key)


def _entry_faults(certificate: Certificate) -> Iterator[str]:
    entry, purge, destroyed = certificate["entry"], certificate["purge"], certificate["destroyed"]
    if (entry["event"], entry["object"]) != (PURGED, purge["id"]) or destroyed["purge"] != purge["id"]:
        yield "The entry of the audit trail is not the one of this purge."
    if entry["clinic"] != certificate["clinic"]:
        yield "The entry of the audit trail is another clinic's."
    if entry["digest"] != digest_of(destroyed).hex():
        yield "The keys and counts are not those that the audit trail recorded."
    if not destroyed["keys"]:
        yield "It names no key that was destroyed."


def _tree_faults(certificate: Certificate, key: bytes) -> Iterator[str]:
    entry, tree = certificate["entry"], certificate["tree"]
    path = [signatures.from_hex(each, HASH_BYTES) for each in tree["path"]]
    root = signatures.from_hex(tree["root"], HASH_BYTES)
    try:
        reached = merkle.root_by(link_of(entry), entry["seq"] - 1, tree["size"], path)
    except merkle.NotIncluded:
        reached = b""
    if reached != root:
        yield "The entry is not in the audit trail that this root stands for."
    if tree["anchored"] is not None:
        day, signature = tree["anchored"]["day"], tree["anchored"]["signature"]
        head = {"clinic": certificate["clinic"], "day": day, "root": tree["root"], "size": tree["size"]}
        if not signatures.holds(key, signatures.ROOT, head, signatures.from_hex(signature, SIGNATURE_BYTES)):
            yield f"The root is not the one that was signed for this clinic on {day}."


def link_of(entry: dict[str, Any]) -> bytes:
    """Return the link of an entry as a certificate writes it. Raises KeyError, TypeError or ValueError."""
    return chain.link(
        previous=signatures.from_hex(entry["previous"], HASH_BYTES),
        clinic_id=UUID(entry["clinic"]),
        seq=int(entry["seq"]),
        at=datetime.fromisoformat(entry["at"]),
        actor_id=_id(entry["actor"]),
        event=entry["event"],
        matter_id=_id(entry["matter"]),
        person_id=_id(entry["person"]),
        object_id=_id(entry["object"]),
        digest=signatures.from_hex(entry["digest"], HASH_BYTES),
    )


def _id(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)
