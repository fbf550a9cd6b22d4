"""Where the root key is kept, and what it is asked to do: wrap and unwrap the clinics' keys."""

import hmac
import os
import secrets
import stat
from pathlib import Path
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from caseapp.vault.cipher import COMMITMENT_BYTES, KEY_BYTES, NONCE_BYTES, SealLocked, commitment, subkey

WRAPPED_BYTES: Final = NONCE_BYTES + KEY_BYTES + COMMITMENT_BYTES + 16


class RootKeyRefused(SealLocked):
    """The root key is missing, unsafe or wrong. The message says what to do."""


class Context(NamedTuple):
    """What a clinic key is bound to: it opens for this deployment, clinic and generation only."""

    deployment: UUID
    clinic: UUID
    generation: int

    def to_bytes(self) -> bytes:
        return self.deployment.bytes + self.clinic.bytes + self.generation.to_bytes(4, "big")


class RootProvider(Protocol):
    """Something that holds a root key. Every method raises RootKeyRefused, in words, when it cannot."""

    def wrap(self, key: bytes, context: Context) -> bytes: ...

    def unwrap(self, wrapped: bytes, context: Context) -> bytes: ...

    def destroy(self, context: Context) -> None:
        """Forget whatever the provider itself keeps for this generation of this clinic."""

    def check(self) -> None:
        """Return if the root key can be used now."""


def committed(key: bytes, context: Context) -> bytes:
    """Return what a provider encrypts: the key, and what ties it to its context."""
    return key + commitment(key, context.to_bytes())


def key_of(opened: bytes, context: Context) -> bytes | None:
    """Return the key in what `committed` made, or None if it is not whole or is another context's."""
    key = opened[:KEY_BYTES]
    own = hmac.compare_digest(opened[KEY_BYTES:], commitment(key, context.to_bytes()))
    return key if own else None


class FileRoot:
    """A root key in a file of 32 bytes that only the service's user can read.

    The file is read each time it is needed, a few times an hour, so that a key put right is used
    without a restart and the key does not stay in memory.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path

    def wrap(self, key: bytes, context: Context) -> bytes:
        bound_to = context.to_bytes()
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher().encrypt(nonce, committed(key, context), b"SF1 root" + bound_to)

    def unwrap(self, wrapped: bytes, context: Context) -> bytes:
        bound_to = context.to_bytes()
        cipher = self._cipher()
        if len(wrapped) != WRAPPED_BYTES:
            raise RootKeyRefused("A clinic's key in the keyring is damaged. Restore the newest backup of it.")
        try:
            opened = cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], b"SF1 root" + bound_to)
        except InvalidTag:
            opened = b""
        key = key_of(opened, context)
        if key is None:
            raise RootKeyRefused(
                f"The root key in {self.path} is not the one this clinic was set up with. Put the right file"
                " back; nothing needs restarting."
            )
        return key

    def destroy(self, context: Context) -> None:
        """Do nothing: the file keeps no copy per clinic, so a generation dies with its row in the keyring."""

    def check(self) -> None:
        self._cipher()

    def _cipher(self) -> AESGCMSIV:
        return AESGCMSIV(subkey(self._read(), b"SF1 root"))

    def _read(self) -> bytes:
        if self.path is None:
            raise RootKeyRefused(
                "This process was started without the root key and cannot open sealed values. Only the web"
                " process may hold it: do this work in a page, not in a worker or command."
            )
        try:
            handle = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise RootKeyRefused(_why_not_read(self.path, error)) from None
        try:
            self.refuse_unsafe(self.path, os.fstat(handle))
            return os.read(handle, KEY_BYTES)
        finally:
            os.close(handle)

    def refuse_unsafe(self, path: Path, found: os.stat_result) -> None:
        """Raise RootKeyRefused unless this is a whole key that nobody else of the machine can reach."""
        _refuse_unsafe(path, found)


class CredentialRoot(FileRoot):
    """A root key that systemd decrypted for this service alone: the same 32 bytes, in a file it put there.

    Where it can, systemd leaves the file to root and lets the service's user read it by an access list,
    whose mask then shows as the group's bits.
    """

    def refuse_unsafe(self, path: Path, found: os.stat_result) -> None:
        roots_own = os.geteuid() != 0 and found.st_uid == found.st_gid == 0
        by_access_list = roots_own and not found.st_mode & 0o037
        if not by_access_list or not stat.S_ISREG(found.st_mode) or found.st_size != KEY_BYTES:
            _refuse_unsafe(path, found)


def _why_not_read(path: Path, error: OSError) -> str:
    if path.is_symlink():
        return f"The root key {path} is a symbolic link. Replace the link with the file itself."
    if isinstance(error, FileNotFoundError):
        return (
            f"There is no root key at {path}. Put the file back from its safe copy, or set"
            " AMPARO_ROOT_KEY_FILE to where it is. A new key would not open what is already sealed; the"
            " recovery kit does: AMPARO_ROLE=web ./run manage recover_root"
        )
    return f"The root key {path} cannot be read ({error.strerror}). Run: chown $(id -un) {path}"


def _refuse_unsafe(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise RootKeyRefused(f"The root key {path} is not an ordinary file. Put the key file itself there.")
    if found.st_uid != os.geteuid():
        raise RootKeyRefused(
            f"The root key {path} belongs to another user. Make the user who runs Amparo its owner: "
            f"chown $(id -un) {path}"
        )
    if found.st_mode & 0o077:
        raise RootKeyRefused(
            f"The root key {path} can be reached by other users of this machine. Run: chmod 600 {path}"
        )
    if found.st_size != KEY_BYTES:
        raise RootKeyRefused(
            f"The root key {path} is {found.st_size} bytes long and a root key is {KEY_BYTES}. Put the file"
            " back from its safe copy."
        )


def create_root_key(path: Path) -> None:
    """Write a new root key of 32 random bytes to `path`, whole or not at all.

    Raises RootKeyRefused if anything is there already: a root key is never overwritten, because
    everything sealed so far would be lost.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with open(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(handle)
        os.link(draft, path)
    except FileExistsError:
        raise RootKeyRefused(
            f"There is already a file at {path}. It was left alone. Choose another path."
        ) from None
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _file() -> RootProvider:
    return FileRoot(settings.ROOT_KEY_FILE)


def _systemd() -> RootProvider:
    return CredentialRoot(settings.ROOT_KEY_FILE)


# Named, so that what a provider needs is imported only where that provider is used.
PROVIDERS: Final = {
    "file": "caseapp.vault.root._file",
    "systemd": "caseapp.vault.root._systemd",
    "aws-kms": "caseapp.vault.root_kms.of_settings",
}


def provider() -> RootProvider:
    """Return the provider named by settings.KEY_PROVIDER."""
    name = settings.KEY_PROVIDER
    if name not in PROVIDERS:
        known = ", ".join(sorted(PROVIDERS))
        raise ImproperlyConfigured(
            f"AMPARO_KEY_PROVIDER is {name!r}, which this build does not have. Set it to one of: {known}."
        )
    try:
        made: RootProvider = import_string(PROVIDERS[name])()
    except ModuleNotFoundError as missing:
        raise ImproperlyConfigured(
            f"AMPARO_KEY_PROVIDER={name} needs the package {missing.name}, which is not installed here."
            " Start with ./run, which then installs it, or: pip install --require-hashes"
            " -r requirements/core.txt -r requirements/aws.txt"
        ) from None
    return made
