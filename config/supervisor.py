"""Starts every process of the clinic in order, starts again what dies, and stops them in reverse."""

import contextlib
import http.client
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from config import children, embedded, env, places

START_SECONDS = 120
PORT_SECONDS = 5.0
STOP_SECONDS = 25
LONGEST_PAUSE = 30.0
# A process that lived this long starts again at once when it dies.
STEADY_SECONDS = 60.0
ERRANDS_SECONDS = 60 * 60.0
LOG_BYTES = 5_000_000
LOGS_KEPT = 3
ROLES = ("OWNER", "WEB", "WORKER")


class SupervisorError(RuntimeError):
    """The clinic could not be started; the message says why and what to do."""


class _StopAsked(Exception):
    """Someone pressed Ctrl-C or sent a signal."""


@dataclass
class Watched:
    """One process we keep running. `start` begins it anew and returns it."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    stop: Callable[[], None] | None = None
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    pause: float = 1.0
    not_before: float = field(default=0.0)

    def begin(self) -> None:
        self.process = self.start()
        self.began = time.monotonic()

    def died(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def bury(self) -> float:
        """End what the dead process left in its session and return how long to wait before the next."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process = None
        steady = time.monotonic() - self.began > STEADY_SECONDS
        self.pause = 1.0 if steady else min(self.pause * 2, LONGEST_PAUSE)
        self.not_before = time.monotonic() + self.pause
        return self.pause

    def end(self) -> None:
        if self.stop is not None:
            self.stop()
        elif self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.process = None


def address(bind: str) -> tuple[str, int]:
    """Return (host, port) of "host:port". Raises SupervisorError."""
    host, _, port = bind.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise SupervisorError(f"{bind} is not an address. Write it as 127.0.0.1:8000.")
    return host.strip("[]"), int(port)


def environment(role: str, *, root_key: bool = False, **more: str) -> dict[str, str]:
    """Return our environment for a process of one role, without what only the other roles may know."""
    others = [name for name in ROLES if name != role.upper()]
    hidden = [f"{kind}_URL_{name}" for kind in ("DATABASE", "KEYRING") for name in others]
    if role != "owner":
        hidden += ["AMPARO_DRILL_IDENTITY"]
    if not root_key:
        hidden += ["AMPARO_ROOT_KEY_FILE", "AMPARO_KMS_KEY_ID", "CREDENTIALS_DIRECTORY"]
        hidden += [name for name in os.environ if name.startswith("AWS_")]
    unwanted = {*hidden, *(f"{name}_FILE" for name in hidden)}
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return kept | {
        "AMPARO_ROLE": role,
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "config.settings"),
        **more,
    }


class Supervisor:
    """Runs one clinic, whose state is in `state`, on the address `bind`."""

    def __init__(self, *, bind: str, state: Path, demo: bool) -> None:
        self.host, self.port = address(bind)
        self.bind = bind
        self.state = state
        self.demo = demo
        self.cluster = embedded.Cluster(state / "pg", log=state / "log" / "postgres.log")
        self.watched: list[Watched] = []
        self.stop_asked = False
        self.errands: list[tuple[str, ...]] = []
        self.errand: subprocess.Popen[bytes] | None = None
        self.next_errands = 0.0
        if demo and self.host not in env.LOOPBACK:
            raise SupervisorError("The demo signs anyone in, so it listens on this machine only.")

    def run(self) -> None:
        """Start everything, keep it running, and return once it has been stopped on request."""
        os.umask(0o077)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        places.private_directory(self.state)
        places.private_directory(self.state / "log")
        refusal = f"A clinic is already running on {self.state}. Stop it first, or set AMPARO_STATE."
        with embedded.sole_holder(self.state / ".lock", refusal):
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, self._ask_to_stop)
            try:
                self._start()
                self._watch()
            except _StopAsked:
                pass
            finally:
                self._stop()

    def _ask_to_stop(self, *_: object) -> None:
        self.stop_asked = True

    def _check_stop(self) -> None:
        if self.stop_asked:
            raise _StopAsked

    def say(self, words: str) -> None:
        print(words, flush=True)

    def _tell(self, printed: str) -> None:
        if printed.strip():
            self.say(printed.strip())

    # --- Starting --------------------------------------------------------------------------------

    def _start(self) -> None:
        self._wait_for_port()
        if self.demo:
            self._empty()
        self._start_postgres()
        self._start_valkey()
        self.say("Preparing the databases and pages ...")
        self._tell(self._step("owner", "prepare", root_key=True))
        if self.demo:
            self._tell(self._step("web", "seed_demo", root_key=True))
        self._start_python("web", "gunicorn", "-c", "python:config.gunicorn", death=signal.SIGQUIT)
        celery = ("celery", "-A", "config.celery")
        alone = ("--without-gossip", "--without-mingle", "--without-heartbeat")
        self._start_python("worker", *celery, "worker", "-c", "2", "-l", "WARNING", *alone)
        schedule = places.private_directory(self.state / "beat") / "schedule"
        self._start_python("beat", *celery, "beat", "-l", "WARNING", "--pidfile=", f"-s{schedule}")
        self._wait_until_served()
        self._greet()

    def _wait_for_port(self) -> None:
        """Return when the address is free: a killed clinic takes a moment to let go of it."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        end = time.monotonic() + PORT_SECONDS
        while True:
            self._check_stop()
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((self.host, self.port))
                    return
                except OSError as error:
                    if time.monotonic() > end:
                        raise SupervisorError(
                            f"Cannot listen on {self.bind}: {error.strerror}."
                            " Stop what is there, or choose another with --bind HOST:PORT."
                        ) from None
            time.sleep(0.2)

    def _empty(self) -> None:
        """Throw the last demo away, and whatever of it still runs."""
        if self.cluster.data.exists():
            self.cluster.stop_orphan()
        for entry in self.state.iterdir():
            if entry.name in {".lock", "log"}:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def _start_postgres(self) -> None:
        if env.given("DATABASE_URL_OWNER"):
            return
        if self.cluster.initialise():
            self.say(f"Made a new PostgreSQL cluster in {self.cluster.home}")
        if self.cluster.sockets.parent != self.cluster.home:
            self.say(
                f"{self.cluster.home} is too long a path for a socket."
                f" The sockets are in {self.cluster.sockets}."
            )
        self.cluster.start()
        postgres = Watched("postgres", self.cluster.launch, self.cluster.stop, self.cluster.process)
        self.watched.append(postgres)
        self.cluster.provision()

    def _start_valkey(self) -> None:
        if env.given("BROKER_URL"):
            return

        def start() -> subprocess.Popen[bytes]:
            with children.log_file(self.state / "log" / "valkey.log") as output:
                return embedded.start_valkey(self.state / "valkey", output)

        self._begin(Watched("valkey", start))

    def _start_python(self, name: str, module: str, *args: str, death: int = signal.SIGTERM) -> None:
        role = "web" if name == "web" else "worker"

        def start() -> subprocess.Popen[bytes]:
            with children.log_file(self.state / "log" / f"{name}.log") as output:
                return children.spawn(
                    [sys.executable, "-m", module, *args],
                    output=output,
                    env=environment(
                        role,
                        root_key=name == "web",
                        AMPARO_BIND=self.bind,
                        AMPARO_URL=self.public_url(),
                    ),
                    cwd=places.HOUSE,
                    death_signal=death,
                )

        self._begin(Watched(name, start))

    def _begin(self, watched: Watched) -> None:
        self._check_stop()
        watched.begin()
        self.watched.append(watched)

    def _step(self, role: str, *command: str, root_key: bool = False) -> str:
        """Run one of our commands to its end and return what it printed. Raises SupervisorError."""
        self._check_stop()
        process = subprocess.Popen(
            [sys.executable, str(places.HOUSE / "manage.py"), *command],
            env=environment(role, root_key=root_key, AMPARO_URL=self.public_url()),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        while True:
            try:
                printed, complaint = process.communicate(timeout=0.2)
                break
            except subprocess.TimeoutExpired:
                if self.stop_asked:
                    process.terminate()
                    process.communicate()
                    raise _StopAsked from None
        if process.returncode != 0:
            raise SupervisorError(f"manage.py {command[0]} failed:\n{complaint.strip()}")
        return printed

    def public_url(self) -> str:
        """Return the address people use: localhost, because passkeys do not work on a bare number."""
        return os.environ.get("AMPARO_URL") or f"http://localhost:{self.port}"

    def _wait_until_served(self) -> None:
        end = time.monotonic() + START_SECONDS
        while not self._answers():
            self._check_stop()
            web = next(watched for watched in self.watched if watched.name == "web")
            if web.died() or time.monotonic() > end:
                raise SupervisorError(f"The pages did not start. {self.state / 'log' / 'web.log'} says why.")
            time.sleep(0.1)

    def _answers(self) -> bool:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        connection = http.client.HTTPConnection(host, self.port, timeout=5)
        try:
            connection.request("GET", "/healthz", headers={"Host": "localhost"})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _greet(self) -> None:
        self.say(f"Amparo is at {self.public_url()}/   (Ctrl-C stops it)")
        if self.demo:
            self.say("This is the demo: invented people, anyone may sign in, emptied at every start.")
            return
        try:
            link = self._step("web", "setup_link", root_key=True).strip()
        except SupervisorError as error:
            self.say(f"{error}\nThe clinic runs all the same.")
            return
        if link:
            self.say(f"There is no clinic yet. Set it up here, once:\n  {link}")

    # --- Keeping it running ----------------------------------------------------------------------

    def _watch(self) -> None:
        next_look_at_logs = 0.0
        while not self.stop_asked:
            for watched in self.watched:
                self._look_after(watched)
            self._run_errands()
            if time.monotonic() > next_look_at_logs:
                next_look_at_logs = time.monotonic() + 60
                for log in (self.state / "log").glob("*.log"):
                    rotate(log)
            time.sleep(0.2)

    def _run_errands(self) -> None:
        """Once an hour, where backups are set up, make what is due of them: one process after the other.

        They need the owner's rights, so no task of the queue can do it. What they say is in backup.log.
        """
        if self.demo or not env.given("AMPARO_BACKUP_DIR"):
            return
        if self.errand is not None and self.errand.poll() is None:
            return
        if not self.errands:
            if time.monotonic() < self.next_errands:
                return
            self.next_errands = time.monotonic() + ERRANDS_SECONDS
            self.errands = [("backup", "--due"), ("restore_drill", "--due")]
        process_environment = environment("owner")
        if "AMPARO_ROOT_KEY_FILE" in os.environ:
            # The path alone, so that a backup beside the root key is refused.
            process_environment["AMPARO_ROOT_KEY_FILE"] = os.environ["AMPARO_ROOT_KEY_FILE"]
        with children.log_file(self.state / "log" / "backup.log") as output:
            self.errand = children.spawn(
                [sys.executable, str(places.HOUSE / "manage.py"), *self.errands.pop(0)],
                output=output,
                env=process_environment,
                cwd=places.HOUSE,
            )

    def _look_after(self, watched: Watched) -> None:
        if watched.died():
            code = watched.process.returncode if watched.process else "?"
            pause = watched.bury()
            self.say(f"{watched.name} stopped (exit {code}). Starting it again in {pause:.0f} s.")
        elif watched.process is None and time.monotonic() >= watched.not_before:
            try:
                watched.begin()
            except (embedded.EmbeddedServerError, places.UnsafePlace, OSError) as error:
                self.say(f"{watched.name} did not start: {error} Trying again in {watched.bury():.0f} s.")

    # --- Stopping --------------------------------------------------------------------------------

    def _stop(self) -> None:
        if self.watched:
            self.say("Stopping ...")
        if self.errand is not None and self.errand.poll() is None:
            self.errand.terminate()
            self.errand.wait(STOP_SECONDS)
        for watched in reversed(self.watched):
            watched.end()
        self.cluster.stop()
        if self.watched:
            self.say("Stopped.")


def rotate(log: Path) -> None:
    """Set a long log aside and go on in the same file, which its process keeps open for appending."""
    if log.stat().st_size < LOG_BYTES:
        return
    for number in range(LOGS_KEPT - 1, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{number + 1}"))
    with log.open("rb") as full, children.log_file(log.with_name(f"{log.name}.1")) as aside:
        shutil.copyfileobj(full, aside)
    os.truncate(log, 0)
