"""Checks a certificate as docs/certificates.md says, sharing no code and no library with the product."""

import hashlib
import json
from typing import Any

from Crypto.Signature import eddsa


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def signed(key: str, purpose: str, value: Any, signature: str) -> bool:
    verifier = eddsa.new(eddsa.import_public_key(bytes.fromhex(key)), "rfc8032")
    try:
        verifier.verify(purpose.encode() + b"\n" + canonical(value), bytes.fromhex(signature))
    except ValueError:
        return False
    return True


def root_of(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root, by walking down from the top: RFC 6962, 2.1.1, turned around."""
    if size == 1:
        return leaf
    split = 1 << ((size - 1).bit_length() - 1)
    if index < split:
        return sha256(b"\x01", root_of(leaf, index, split, path[:-1]), path[-1])
    return sha256(b"\x01", path[-1], root_of(leaf, index - split, size - split, path[:-1]))


def holds(file: bytes, public_key: str) -> bool:
    found = json.loads(file)
    entry, tree = found["entry"], found["tree"]
    body = {name: value for name, value in found.items() if name != "signature"}
    hung = {name: value for name, value in entry.items() if name != "previous"}
    link = sha256(b"\x01", bytes.fromhex(entry["previous"]), canonical(hung))
    path = [bytes.fromhex(each) for each in tree["path"]]
    head = {"clinic": found["clinic"], "root": tree["root"], "size": tree["size"]}
    anchored = tree["anchored"]
    return (
        signed(public_key, "Amparo purge certificate 1", body, found["signature"])
        and sha256(b"\x02", canonical(found["destroyed"])).hex() == entry["digest"]
        and entry["event"] == "purge:done"
        and entry["object"] == found["purge"]["id"] == found["destroyed"]["purge"]
        and entry["clinic"] == found["clinic"]
        and root_of(sha256(b"\x00", link), entry["seq"] - 1, tree["size"], path).hex() == tree["root"]
        and (
            anchored is None
            or signed(
                public_key, "Amparo audit root 1", head | {"day": anchored["day"]}, anchored["signature"]
            )
        )
    )
