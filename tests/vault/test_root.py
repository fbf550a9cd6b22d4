"""The root key in a file: used only when it is safe, and never overwritten."""

import os
import stat
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from caseapp.vault import root as roots
from caseapp.vault.cipher import SealLocked
from caseapp.vault.root import Context, CredentialRoot, FileRoot, RootKeyRefused, create_root_key
from config import places

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
@pytest.mark.parametrize("kind", [FileRoot, CredentialRoot])
def test_an_unsafe_file_is_refused_with_what_to_do(
    kind: type[FileRoot], path: Path, how: str, says: str
) -> None:
    spoil(path, how)

    with pytest.raises(RootKeyRefused, match=says) as caught:
        kind(path).check()

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


def found(mode: int, *, user: int, group: int = 0, size: int = 32) -> os.stat_result:
    return os.stat_result((mode, 1, 1, 1, user, group, size, 0, 0, 0))


def test_a_credential_that_systemd_shares_by_an_access_list_is_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 990)
    shared = found(stat.S_IFREG | 0o440, user=0)

    CredentialRoot(None).refuse_unsafe(Path("amparo-root"), shared)

    with pytest.raises(RootKeyRefused, match="another user"):
        FileRoot(None).refuse_unsafe(Path("amparo-root"), shared)


@pytest.mark.parametrize(
    "unsafe",
    [
        found(stat.S_IFREG | 0o444, user=0),
        found(stat.S_IFREG | 0o460, user=0),
        found(stat.S_IFREG | 0o440, user=0, group=100),
        found(stat.S_IFREG | 0o440, user=991),
        found(stat.S_IFREG | 0o440, user=990),
        found(stat.S_IFREG | 0o440, user=0, size=31),
        found(stat.S_IFIFO | 0o440, user=0),
    ],
)
def test_a_credential_that_others_could_reach_is_refused(
    unsafe: os.stat_result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 990)

    with pytest.raises(RootKeyRefused):
        CredentialRoot(None).refuse_unsafe(Path("amparo-root"), unsafe)


def test_the_credential_is_where_systemd_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    create_root_key(tmp_path / "amparo-root")
    wrapped = FileRoot(tmp_path / "amparo-root").wrap(b"k" * 32, HERE)

    opened = CredentialRoot(places.root_credential()).unwrap(wrapped, HERE)

    assert opened == b"k" * 32


@pytest.mark.parametrize("name", ["file", "systemd", "aws-kms"])
def test_the_provider_is_the_one_the_setting_names(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "KEY_PROVIDER", name)

    kind = type(roots.provider()).__name__

    assert kind == {"file": "FileRoot", "systemd": "CredentialRoot", "aws-kms": "KmsRoot"}[name]


def test_a_missing_package_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "KEY_PROVIDER", "aws-kms")
    monkeypatch.delitem(sys.modules, "caseapp.vault.root_kms", raising=False)
    monkeypatch.setitem(sys.modules, "boto3", None)

    with pytest.raises(ImproperlyConfigured, match="boto3"):
        roots.provider()
