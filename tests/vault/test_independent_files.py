"""A file opened from databases, storage and root key alone, as docs/sf1.md says, by another library."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from Crypto.Cipher import AES

from caseapp.documents import services
from caseapp.documents.receiving import receive
from caseapp.documents.services import Described
from tests.conftest import NOW, Cast
from tests.vault import independent
from tests.vault.independent import mac
from tests.vault.test_independent import one

SEGMENT = 131_072
TEXT = b"%PDF-1.7 " + bytes(range(256)) * 1500
# Of the columns file_key and size, in caseapp/vault/registry.frozen.json.
FILE_KEY, SIZE = [61, 1], [61, 4]


def file_key(root: bytes, version: UUID) -> tuple[bytes, int]:
    """Return the key of a file and how long the file is, from the rows as they lie."""
    box, size, clinic, matter = one(
        "default", "SELECT file_key, size, clinic_id, matter_id FROM caseapp_version WHERE id = %s", version
    )
    wrapped, generation = one(
        "keyring", "SELECT wrapped, generation FROM caseapp_subjectkey WHERE key_id = %s", box[2:10]
    )
    of_clinic, deployment = one(
        "keyring",
        "SELECT k.wrapped, e.deployment FROM caseapp_clinickey k, caseapp_epoch e"
        " WHERE k.clinic_id = %s AND k.generation = %s",
        clinic,
        generation,
    )
    wrapping = independent.clinic_key(root, of_clinic, deployment.bytes, clinic.bytes, generation)
    key = independent.subject_key(clinic.bytes, matter.bytes, box[2:10], wrapped, wrapping)
    said = independent.open_value(size, key, clinic.bytes, matter.bytes, SIZE, version.bytes)
    place = b"".join(number.to_bytes(4, "big") for number in FILE_KEY)
    associated = b"SF1" + box[:10] + clinic.bytes + matter.bytes + place + version.bytes
    inside = independent.gcm_siv_open(mac(key, b"SF1 file\x01"), box[10:22], box[22:], associated)
    assert inside[32:] == mac(inside[:32], b"SF1 commit" + version.bytes)[:16]
    return inside[:32], int(said[1:])


def open_stream(key: bytes, stream: bytes, info: bytes) -> bytes:
    """Return the text of a stream, zeros at its end included."""
    salt, prefix = stream[1:33], stream[33:40]
    derived = mac(mac(salt, key), info + b"\x01")
    segments = [stream[40:SEGMENT]]
    segments += [stream[at : at + SEGMENT] for at in range(SEGMENT, len(stream), SEGMENT)]
    text = b""
    for number, sealed in enumerate(segments):
        last = number == len(segments) - 1
        cipher = AES.new(derived, AES.MODE_GCM, prefix + number.to_bytes(4, "big") + bytes([last]))
        text += cipher.decrypt_and_verify(sealed[:-16], sealed[-16:])
    return text


def test_a_file_opens_without_this_program(cast: Cast, root_key: Path, settings: Any, tmp_path: Path) -> None:
    settings.FILES_STORAGE, settings.FILES_DIR = "local", tmp_path / "files"
    document = services.add_document(
        cast.matter, receive("a.pdf", TEXT), Described(kind="letter"), by=cast.ana, at=NOW
    )
    version = document.versions.get().id
    stream = (tmp_path / "files" / version.hex[:2] / version.hex).read_bytes()

    key, size = file_key(root_key.read_bytes(), version)
    text = open_stream(key, stream, b"SF1 file" + version.bytes)

    assert (stream[0], size) == (0x28, len(TEXT))
    assert text[:size] == TEXT
    assert not text[size:].strip(b"\0")
