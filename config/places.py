"""Where state is kept: directories and files that only this account can read."""

import hashlib
import os
import secrets
import stat
import tempfile
from pathlib import Path

from config import env

HOUSE = Path(__file__).resolve().parent.parent

# A socket's path must fit in sockaddr_un (108 bytes with its zero); PostgreSQL adds /.s.PGSQL.5432.
LONGEST_SOCKET_DIRECTORY = 90


class UnsafePlace(RuntimeError):
    """A place for secrets is not ours, or is open to others, and could not be closed."""


def state_directory() -> Path:
    """Return where everything that this clinic keeps is; the demo has its own, inside it."""
    state = env.directory("AMPARO_STATE", HOUSE / "var")
    return state / "demo" if env.flag("AMPARO_DEMO", False) else state


def root_key_file() -> Path:
    """Return where the root key is. Only the web process, and whoever makes the key, may ask."""
    return env.directory("AMPARO_ROOT_KEY_FILE", state_directory() / "root" / "root.key")


def root_credential() -> Path:
    """Return where systemd puts the root key for this service alone. Only the web process may ask."""
    return env.directory("CREDENTIALS_DIRECTORY", Path("/run/credentials/amparo.service")) / "amparo-root"


def private_directory(path: Path) -> Path:
    """Return `path`, a directory with mode 0700 that belongs to this account; made if it is missing."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise UnsafePlace(f"{path} is not a directory of this account. Remove it, or choose another place.")
    if stat.S_IMODE(found.st_mode) != 0o700:
        path.chmod(0o700)
    return path


def secret_file(path: Path, make: str | None = None) -> str:
    """Return the secret in the 0600 file `path`; the first caller makes it, of `make` or at random.

    The file appears whole or not at all, so that two processes starting at once agree on one secret.
    """
    if not path.exists():
        private_directory(path.parent)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        with os.fdopen(handle, "w") as file:
            file.write(make or secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            Path(draft).unlink()
    if path.stat().st_mode & 0o077:
        raise UnsafePlace(f"{path} can be read by others. Run: chmod 600 {path}")
    return path.read_text(encoding="utf-8")


def socket_directory(home: Path) -> Path:
    """Return where the sockets of the server kept in `home` are.

    That is `home`/run, or the short directory it points to when the path is too long for a socket.
    """
    usual = home / "run"
    return usual.readlink() if usual.is_symlink() else usual


def make_socket_directory(home: Path) -> Path:
    """Make the directory for sockets, elsewhere if `home` lies too deep, and return it."""
    usual = home / "run"
    if len(os.fsencode(usual)) <= LONGEST_SOCKET_DIRECTORY:
        if usual.is_symlink():
            usual.unlink()
        return private_directory(usual)
    name = "amparo-" + hashlib.sha256(os.fsencode(usual)).hexdigest()[:16]
    base = Path(os.environ.get("XDG_RUNTIME_DIR") or "/tmp")  # noqa: S108 (checked to be ours, 0700)
    short = private_directory(base / name)
    if not usual.is_symlink() or usual.readlink() != short:
        usual.unlink(missing_ok=True)
        usual.symlink_to(short)
    return short
