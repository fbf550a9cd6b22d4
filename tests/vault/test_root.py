"""The root key in a file: used only when it is safe, and never overwritten."""

import os
from pathlib import Path
from uuid import uuid4

import pytest

from caseapp.vault.cipher import SealLocked
from caseapp.vault.root import Context, FileRoot, RootKeyRefused, create_root_key

HERE = Context(uuid4(), uuid4(), 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "root" / "root.key"
    create_root_key(path)
    return path


def test_a_new_root_key_is_32_bytes_only_its_owner_can_read(path: Path) -> None:
    assert len(path.read_bytes()) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [found.name for found in path.parent.iterdir()] == ["root.key"]


def test_a_loose_umask_makes_no_difference(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        create_root_key(tmp_path / "loose.key")
    finally:
        os.umask(before)

    assert (tmp_path / "loose.key").stat().st_mode & 0o777 == 0o600


def test_two_root_keys_differ(path: Path, tmp_path: Path) -> None:
    create_root_key(tmp_path / "other.key")

    assert path.read_bytes() != (tmp_path / "other.key").read_bytes()


@pytest.mark.parametrize("there", ["key", "empty", "dangling link"])
def test_whatever_is_there_is_never_overwritten(there: str, tmp_path: Path) -> None:
    path = tmp_path / "root.key"
    if there == "dangling link":
        path.symlink_to(tmp_path / "nowhere")
    else:
        path.write_bytes(b"k" * 32 if there == "key" else b"")

    with pytest.raises(RootKeyRefused, match="left alone"):
        create_root_key(path)

    assert path.is_symlink() or path.read_bytes() in {b"k" * 32, b""}
    assert [found.name for found in tmp_path.iterdir()] == ["root.key"]


def test_a_wrapped_key_opens_again(path: Path) -> None:
    root, key = FileRoot(path), os.urandom(32)

    wrapped = root.wrap(key, HERE)

    root.check()
    root.destroy(HERE)
    assert root.unwrap(wrapped, HERE) == key
    assert key not in wrapped
    assert root.wrap(key, HERE) != wrapped


@pytest.mark.parametrize(
    "elsewhere",
    [HERE._replace(deployment=uuid4()), HERE._replace(clinic=uuid4()), HERE._replace(generation=2)],
    ids=["deployment", "clinic", "generation"],
)
def test_a_wrapped_key_opens_only_where_it_was_made(path: Path, elsewhere: Context) -> None:
    wrapped = FileRoot(path).wrap(os.urandom(32), HERE)

    with pytest.raises(RootKeyRefused):
        FileRoot(path).unwrap(wrapped, elsewhere)


def test_an_altered_or_cut_wrapped_key_is_refused(path: Path) -> None:
    wrapped = FileRoot(path).wrap(os.urandom(32), HERE)

    for at in range(len(wrapped)):
        with pytest.raises(RootKeyRefused):
            FileRoot(path).unwrap(wrapped[:at] + bytes([wrapped[at] ^ 1]) + wrapped[at + 1 :], HERE)
        with pytest.raises(RootKeyRefused):
            FileRoot(path).unwrap(wrapped[:at], HERE)


def spoil(path: Path, how: str) -> None:
    if how == "missing":
        path.unlink()
    elif how == "symlink":
        path.rename(path.with_name("real.key"))
        path.symlink_to(path.with_name("real.key"))
    elif how == "short":
        path.write_bytes(b"k" * 31)
    elif how == "long":
        path.write_bytes(b"k" * 33)
    elif how == "directory":
        path.unlink()
        path.mkdir()
    elif how == "pipe":
        path.unlink()
        os.mkfifo(path, 0o600)
    else:
        path.chmod(int(how, 8))


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("missing", "There is no root key at"),
        ("symlink", "symbolic link"),
        ("short", "31 bytes long"),
        ("long", "33 bytes long"),
        ("directory", "not an ordinary file"),
        ("pipe", "not an ordinary file"),
        ("640", "chmod 600"),
        ("604", "chmod 600"),
        ("610", "chmod 600"),
        ("602", "chmod 600"),
    ],
)
def test_an_unsafe_file_is_refused_with_what_to_do(path: Path, how: str, says: str) -> None:
    spoil(path, how)

    with pytest.raises(RootKeyRefused, match=says) as caught:
        FileRoot(path).check()

    assert isinstance(caught.value, SealLocked)
    assert str(path) in str(caught.value)


def test_anothers_file_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = path.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)

    with pytest.raises(RootKeyRefused, match="belongs to another user"):
        FileRoot(path).check()


def test_a_file_put_right_is_used_without_a_restart(path: Path) -> None:
    root = FileRoot(path)
    path.chmod(0o644)
    with pytest.raises(RootKeyRefused):
        root.check()

    path.chmod(0o600)

    root.check()


def test_a_process_without_a_root_key_says_so() -> None:
    with pytest.raises(RootKeyRefused, match="without the root key"):
        FileRoot(None).check()
