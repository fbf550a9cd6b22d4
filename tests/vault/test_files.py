"""Sealed files in a directory: their keys, their names, and what is noticed when they are meddled with."""

from __future__ import annotations

import os
import pickle
import shutil
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from caseapp.vault import files, streaming
from caseapp.vault.cipher import DataKey, FileKey, SealFormat, SealKeyGone, SealTampered, field_place
from caseapp.vault.files import FileMissing, Incoming, OpenFile, StorageDown
from caseapp.vault.storage import LocalStorage

PLACE, ROW = field_place(61, 1), uuid4().bytes
LONG = bytes(range(256)) * 2000


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> Iterator[Path]:
    settings.FILES_STORAGE, settings.FILES_DIR = "local", tmp_path / "files"
    yield settings.FILES_DIR
    for path in (tmp_path, *tmp_path.rglob("*")):
        if path.is_dir():
            path.chmod(0o700)


def kept(data: bytes) -> Incoming:
    incoming = Incoming()
    incoming.write(data)
    incoming.finish()
    return incoming


def whole(incoming: Incoming, size: int | None = None) -> bytes:
    file = OpenFile(incoming.name, incoming.key, incoming.size if size is None else size)
    return b"".join(file.part())


def everything(home: Path) -> list[Path]:
    return [path for path in home.rglob("*") if path.is_file()]


@pytest.mark.parametrize("data", [b"", b"x", b"%PDF-1.7 a letter", LONG, LONG[:4096], LONG[:4097]])
def test_a_file_is_given_back_as_it_came(data: bytes) -> None:
    assert whole(kept(data)) == data


def test_it_lies_under_a_random_name_for_this_account_alone_and_cannot_be_read(home: Path) -> None:
    incoming = kept(b"Mateo Pascual, born 1989" * 10)

    (path,) = everything(home)
    assert path.name == incoming.name.hex
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(p.stat().st_mode) for p in (home, path.parent)} == {0o700}
    assert b"Mateo" not in path.read_bytes()


def test_how_long_it_lies_there_tells_only_the_padded_length(home: Path) -> None:
    lengths = {kept(b"x" * size).name: size for size in (1, 2000, 4096)}

    assert {path.stat().st_size for path in everything(home)} == {streaming.sealed_size(4096)}
    assert len(lengths) == 3


def test_it_is_not_there_before_it_is_whole_and_leaves_nothing_when_it_is_given_up(home: Path) -> None:
    incoming = Incoming()
    incoming.write(LONG)

    assert [path.suffix for path in everything(home)] == [".part"]
    assert list(files.storage().names()) == []
    incoming.discard()

    assert everything(home) == []


def test_a_whole_file_that_no_row_keeps_is_given_up_as_well(home: Path) -> None:
    kept(b"letter").discard()

    assert everything(home) == []


def test_a_part_is_read_without_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    incoming = kept(LONG)
    file = OpenFile(incoming.name, incoming.key, incoming.size)
    asked: list[int] = []
    read = LocalStorage.read

    def counting(self: LocalStorage, name: Any, start: int, size: int) -> bytes:
        asked.append(size)
        return read(self, name, start, size)

    monkeypatch.setattr(LocalStorage, "read", counting)
    assert b"".join(file.part(300_000, 300_010)) == LONG[300_000:300_010]
    assert asked == [streaming.SEGMENT_BYTES]


def test_every_flipped_byte_of_a_stored_file_is_noticed(home: Path) -> None:
    incoming = kept(b"a short letter")
    (path,) = everything(home)
    sealed = path.read_bytes()

    for at in [*range(120), *range(120, len(sealed), 97), *range(len(sealed) - 20, len(sealed))]:
        path.write_bytes(sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :])
        with pytest.raises(files.Damaged):
            whole(incoming)


def test_a_file_cut_short_is_noticed_before_a_byte_is_given_out(home: Path) -> None:
    incoming = kept(LONG)
    (path,) = everything(home)

    for length in (0, 1, 40, streaming.SEGMENT_BYTES, path.stat().st_size - 1):
        os.truncate(path, length)
        with pytest.raises(SealTampered):
            OpenFile(incoming.name, incoming.key, incoming.size)


def test_an_altered_end_is_noticed_before_the_last_of_the_text_is_given_out(home: Path) -> None:
    incoming = kept(LONG)
    (path,) = everything(home)
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)[0]
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last ^ 1]))
    given = []

    with pytest.raises(SealTampered):
        for piece in OpenFile(incoming.name, incoming.key, incoming.size).part():
            given.append(piece)

    assert b"".join(given) != LONG and LONG.startswith(b"".join(given))


def test_a_file_put_in_anothers_place_does_not_open(home: Path) -> None:
    one, other = kept(b"one's letter"), kept(b"other's letter")

    shutil.copy(home / one.name.hex[:2] / one.name.hex, home / other.name.hex[:2] / other.name.hex)

    with pytest.raises(SealTampered):
        whole(other)
    with pytest.raises(SealTampered):
        OpenFile(other.name, one.key, other.size)


def test_a_size_that_is_not_the_files_own_is_noticed() -> None:
    with pytest.raises(SealTampered, match="as long as"):
        whole(kept(LONG), size=12)


def test_a_missing_file_is_said_to_be_missing(home: Path) -> None:
    incoming = kept(b"letter")
    files.storage().remove(incoming.name)
    files.storage().remove(incoming.name)

    with pytest.raises(FileMissing):
        whole(incoming)


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/dev/full").exists(), reason="needs a full device")
def test_a_full_disk_is_said_in_words(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    incoming = Incoming()
    with open("/dev/full", "wb", buffering=0) as full, monkeypatch.context() as patched:
        patched.setattr(incoming._writing, "file", full)
        with pytest.raises(StorageDown, match="Nothing was changed"):
            incoming.write(LONG)
    incoming.discard()


def test_a_link_where_the_files_should_be_is_refused(home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    home.symlink_to(elsewhere)

    with pytest.raises(StorageDown):
        Incoming()


def test_halves_are_forgotten_once_they_are_old(home: Path) -> None:
    incoming = Incoming()
    incoming.write(LONG)
    now = datetime.now(UTC)

    assert files.storage().forget_halves(before=now - timedelta(days=1)) == 0
    assert files.storage().forget_halves(before=now + timedelta(days=1)) == 1
    assert everything(home) == []
    incoming.discard()


# A file's key, wrapped


def data_key(**other: Any) -> DataKey:
    given: dict[str, Any] = {"key_id": b"k" * 8, "clinic": uuid4(), "subject": uuid4()} | other
    return DataKey(b"d" * 32, **given)


def test_a_files_key_opens_in_its_row_and_column_only() -> None:
    clinic, subject = uuid4(), uuid4()
    mine = data_key(clinic=clinic, subject=subject)
    file_key = FileKey(os.urandom(32))
    box = mine.wrap_file(file_key, PLACE, ROW)

    assert mine.unwrap_file(box, PLACE, ROW) == file_key
    assert bytes(file_key) not in box
    for key, place, row in (
        (mine, field_place(61, 2), ROW),
        (mine, PLACE, uuid4().bytes),
        (data_key(clinic=clinic), PLACE, ROW),
        (data_key(subject=subject), PLACE, ROW),
    ):
        with pytest.raises(SealTampered):
            key.unwrap_file(box, place, row)
    with pytest.raises(SealKeyGone):
        data_key(clinic=clinic, subject=subject, key_id=b"j" * 8).unwrap_file(box, PLACE, ROW)


def test_every_flipped_bit_of_a_wrapped_key_is_noticed() -> None:
    mine = data_key()
    box = mine.wrap_file(FileKey(os.urandom(32)), PLACE, ROW)

    for at in range(len(box)):
        with pytest.raises((SealTampered, SealFormat, SealKeyGone)):
            mine.unwrap_file(box[:at] + bytes([box[at] ^ 0x10]) + box[at + 1 :], PLACE, ROW)
    for length in range(len(box)):
        with pytest.raises(SealFormat):
            mine.unwrap_file(box[:length], PLACE, ROW)


def test_a_value_is_no_files_key_and_a_files_key_is_no_value() -> None:
    mine = data_key()

    with pytest.raises((SealFormat, SealTampered)):
        mine.unwrap_file(mine.seal(b"x" * 47, 1, PLACE, ROW), PLACE, ROW)
    with pytest.raises(SealTampered):
        mine.open(mine.wrap_file(FileKey(os.urandom(32)), PLACE, ROW), 1, PLACE, ROW)


def test_keys_are_wrapped_alike_whatever_seals_values() -> None:
    clinic, subject = uuid4(), uuid4()
    one = data_key(clinic=clinic, subject=subject, suite=1)
    two = data_key(clinic=clinic, subject=subject, suite=2)
    file_key = FileKey(os.urandom(32))

    assert one.unwrap_file(two.wrap_file(file_key, PLACE, ROW), PLACE, ROW) == file_key


def test_a_files_key_shows_and_travels_nowhere() -> None:
    key = FileKey(b"secret bytes of a file's key ...")

    assert "secret" not in f"{key} {key!r} {[key]}"
    with pytest.raises(TypeError, match="stays in the process"):
        pickle.dumps(key)
