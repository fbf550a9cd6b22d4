"""The sealed files in the backup: copied once, kept while a backup of the data needs them, brought back."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from caseapp.documents import services as documents
from caseapp.documents.models import Version
from caseapp.documents.receiving import receive
from caseapp.documents.services import Described
from caseapp.safekeeping import mirror, restoring
from caseapp.safekeeping.dumps import NotWhole
from tests.conftest import NOW
from tests.e2e.hunt import Hunt
from tests.safekeeping.conftest import House, Shelf

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
MARKED = "Constancia de Mateo Q'anil"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "live"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "backup"


def put(home: Path, data: bytes = b"sealed") -> UUID:
    name = uuid4()
    path = home / name.hex[:2] / name.hex
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return name


def take(home: Path, name: UUID) -> None:
    (home / name.hex[:2] / name.hex).unlink()


def copy(home: Path, place: Path, days: int = 0) -> mirror.Copied:
    return mirror.copy(home, place, at=AT + timedelta(days=days), kept_days=35)


def test_each_file_is_copied_once_for_this_account_alone(home: Path, place: Path) -> None:
    name = put(home, b"one")

    assert copy(home, place) == mirror.Copied(new=1, gone=0, all=1)
    assert copy(home, place) == mirror.Copied(new=0, gone=0, all=1)

    kept = place / name.hex[:2] / name.hex
    assert kept.read_bytes() == b"one"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (kept, kept.parent, place)] == [0o600, 0o700, 0o700]


def test_what_was_copied_is_never_written_over(home: Path, place: Path) -> None:
    name = put(home, b"as it was")
    copy(home, place)
    (home / name.hex[:2] / name.hex).write_bytes(b"scrambled")

    copy(home, place)

    assert (place / name.hex[:2] / name.hex).read_bytes() == b"as it was"


def test_what_is_gone_stays_while_a_backup_needs_it_and_no_longer(home: Path, place: Path) -> None:
    name = put(home)
    copy(home, place)
    take(home, name)

    assert copy(home, place, days=1).gone == 1
    copy(home, place, days=35)
    still = mirror.missing(place, [name])
    copy(home, place, days=37)

    assert still == 0
    assert mirror.missing(place, [name]) == 1


def test_what_is_missing_is_brought_back_and_nothing_else_is_touched(home: Path, place: Path) -> None:
    lost, removed, there, never = put(home, b"lost"), put(home, b"removed"), put(home, b"there"), uuid4()
    copy(home, place)
    take(home, removed)
    copy(home, place, days=1)
    take(home, lost)
    (home / there.hex[:2] / there.hex).write_bytes(b"newer")

    found = mirror.bring_back(place, home, [lost, removed, there, never])

    assert found == (2, 1)
    contents = [(home / name.hex[:2] / name.hex).read_bytes() for name in (lost, removed, there)]
    assert contents == [b"lost", b"removed", b"newer"]


def test_a_copy_that_was_cut_off_is_made_again(home: Path, place: Path) -> None:
    name = put(home, b"whole")
    half = place / name.hex[:2] / f"{name.hex}.part"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"who")

    copy(home, place)

    assert (place / name.hex[:2] / name.hex).read_bytes() == b"whole"
    assert not half.exists()


def test_a_full_disk_is_said_and_leaves_no_half(
    home: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(home)

    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as broken:
        broken.setattr("shutil.copyfileobj", full)
        with pytest.raises(NotWhole, match="No space left"):
            copy(home, place)

    assert [path for path in place.rglob("*") if path.is_file()] == []
    assert copy(home, place).new == 1


def test_files_go_into_the_backup_sealed_and_the_drill_misses_those_that_do_not(
    house: House, shelf: Shelf, settings: Any, tmp_path: Path
) -> None:
    settings.FILES_STORAGE, settings.FILES_DIR = "local", tmp_path / "files"
    paper = receive(f"{MARKED}.pdf", b"%PDF- " + MARKED.encode() * 500)
    document = documents.add_document(
        house.cast.matter, paper, Described(kind="letter"), by=house.cast.ana, at=NOW
    )
    shelf.back_up()
    names = restoring.files_named(house.live["default"])

    assert names == list(Version.objects.values_list("pk", flat=True))
    assert mirror.missing(shelf.directory / "files", names) == 0
    assert Hunt([MARKED]).look_under(shelf.directory) == []

    take(settings.FILES_DIR, names[0])
    assert mirror.bring_back(shelf.directory / "files", settings.FILES_DIR, names) == (1, 0)
    version = document.versions.get()
    assert MARKED.encode() in b"".join(documents.open_file(version, by=house.cast.ana).part())

    take(shelf.directory / "files", names[0])
    assert mirror.missing(shelf.directory / "files", names) == 1
