"""Run an operator's command, with PostgreSQL started for its duration if the clinic is not running."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator

from config import embedded, env, places

# These ask no database.
NEED_NOTHING = {"", "help", "check", "deadline", "collectstatic", "makemessages", "compilemessages"}
WAIT_SECONDS = 30


@contextlib.contextmanager
def database_running() -> Iterator[None]:
    """Use the clinic's own PostgreSQL: the one that runs, or one of ours until the command is done."""
    cluster = embedded.Cluster(places.state_directory() / "pg")
    places.private_directory(places.state_directory())
    cluster.initialise()
    try:
        cluster.start()
    except embedded.AlreadyRun:
        end = time.monotonic() + WAIT_SECONDS
        while not cluster.answers() and time.monotonic() < end:
            time.sleep(0.1)
        yield
        return
    try:
        cluster.provision()
        yield
    finally:
        cluster.stop()


def main(command: list[str]) -> int:
    """Run `manage.py command ...` and return its exit code."""
    needs_database = (command or [""])[0] not in NEED_NOTHING and not env.given("DATABASE_URL_OWNER")
    with contextlib.ExitStack() as stack:
        try:
            if needs_database:
                stack.enter_context(database_running())
        except (embedded.EmbeddedServerError, places.UnsafePlace) as error:
            print(error, file=sys.stderr)
            return 1
        return subprocess.run([sys.executable, str(places.HOUSE / "manage.py"), *command]).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
