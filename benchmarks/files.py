"""Sealed files from memory to disk and back, beside Tink, age, and writing without sealing."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

import pyrage
from django.conf import settings
from tink import new_keyset_handle, streaming_aead

from benchmarks.timing import Table, Took, mid, took, verdict
from caseapp.vault.files import Incoming, OpenFile

CHUNK: Final = 256 * 1024
# Seconds of one core for a gigabyte.
MOST_SECONDS: Final = 1.0

OURS: Final = "vault"
Write = Callable[[], object]


class Nowhere(io.RawIOBase):
    """Takes what is written and forgets it."""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return len(data)


def run(quick: bool) -> list[Table]:
    megabytes, rounds = (2, 2) if quick else (100, 7)
    data = os.urandom(megabytes * 1024 * 1024)
    home = Path(settings.STATE_DIR) / "bench-files"
    home.mkdir()
    try:
        return [_table(data, _contenders(data, home), rounds)]
    finally:
        shutil.rmtree(home)


def _contenders(data: bytes, home: Path) -> dict[str, tuple[Write, Write]]:
    """Return what seals the data to disk, and what opens it from there, by name."""
    return {
        OURS: _vault(data),
        "Tink, segments of 1 MiB": _tink(data, home / "tink"),
        "age (pyrage)": _age(data, home / "age"),
        "nothing sealed": _plain(data, home / "plain"),
    }


def _chunks(data: bytes) -> Iterator[memoryview]:
    view = memoryview(data)
    yield from (view[at : at + CHUNK] for at in range(0, len(view), CHUNK))


def _vault(data: bytes) -> tuple[Write, Write]:
    kept: list[Incoming] = []

    def seal() -> None:
        incoming = Incoming()
        for chunk in _chunks(data):
            incoming.write(chunk)
        incoming.finish()
        if kept:
            kept.pop().discard()
        kept.append(incoming)

    def open_() -> None:
        last = kept[-1]
        read = sum(map(len, OpenFile(last.name, last.key, last.size).part()))
        assert read == len(data)

    return seal, open_


def _tink(data: bytes, path: Path) -> tuple[Write, Write]:
    streaming_aead.register()
    template = streaming_aead.streaming_aead_key_templates.AES256_GCM_HKDF_1MB
    cipher = new_keyset_handle(template).primitive(streaming_aead.StreamingAead)

    def seal() -> None:
        with _fresh(path) as file:
            keep = os.dup(file.fileno())
            with cipher.new_encrypting_stream(file, b"") as stream:
                for chunk in _chunks(data):
                    stream.write(bytes(chunk))
            os.fsync(keep)
            os.close(keep)

    def open_() -> None:
        with path.open("rb") as file, cipher.new_decrypting_stream(file, b"") as stream:
            read = 0
            while piece := stream.read(CHUNK):
                read += len(piece)
        assert read == len(data)

    return seal, open_


def _age(data: bytes, path: Path) -> tuple[Write, Write]:
    identity = pyrage.x25519.Identity.generate()

    def seal() -> None:
        with _fresh(path) as file:
            pyrage.encrypt_io(io.BytesIO(data), file, [identity.to_public()])
            file.flush()
            os.fsync(file.fileno())

    def open_() -> None:
        with path.open("rb") as file:
            pyrage.decrypt_io(file, Nowhere(), [identity])

    return seal, open_


def _plain(data: bytes, path: Path) -> tuple[Write, Write]:
    def write() -> None:
        with _fresh(path) as file:
            for chunk in _chunks(data):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())

    def read() -> None:
        with path.open("rb", buffering=0) as file:
            while file.read(CHUNK):
                pass

    return write, read


def _fresh(path: Path) -> AbstractContextManager[Any]:
    path.unlink(missing_ok=True)
    return path.open("wb")


def _table(data: bytes, contenders: dict[str, tuple[Write, Write]], rounds: int) -> Table:
    sealing: dict[str, list[Took]] = {name: [] for name in contenders}
    opening: dict[str, list[Took]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, (seal, open_) in contenders.items():
            sealing[name].append(took(seal))
            opening[name].append(took(open_))
    size = len(data) / 1e9
    table = Table(
        f"A file of {len(data) // 2**20} MiB, from memory to disk and back",
        ("GB/s", "seal, a core", "seal, by the clock", "open, a core", "open, by the clock"),
    )
    for name in contenders:
        cells = []
        for found in (sealing[name], opening[name]):
            cells += [_rate(size, [each.cpu for each in found]), _rate(size, [each.wall for each in found])]
        table.rows.append((name, *cells))
    table.notes.append(
        f"Median of {rounds} rounds, in turn. A core: bytes by seconds of this process's CPU, the kernel's"
        f" included. Given in pieces of {CHUNK // 1024} KiB; each file is on the disk when sealing ends."
    )
    for what, ours in (("sealing", sealing[OURS]), ("opening", opening[OURS])):
        a_gigabyte = mid([each.cpu for each in ours]) / size
        table.verdicts.append(verdict(f"a core, {what} 1 GB", a_gigabyte, MOST_SECONDS, "s"))
    return table


def _rate(size: float, seconds: list[float]) -> str:
    return f"{size / max(mid(seconds), 1e-9):.2f}"
