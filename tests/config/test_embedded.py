"""The PostgreSQL and Valkey of our own: private, quiet, and alive again after any of them was killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from valkey import Valkey

from config import children, embedded, places, provision
from config.embedded import AlreadyRun, Cluster
from config.places import HOUSE

CANARY = "Xuncax Ixcot Tomás"
OTHER_PROCESS = """
import pathlib, sys, time
from config.embedded import Cluster
cluster = Cluster(pathlib.Path(sys.argv[1]))
cluster.start()
print(cluster.process.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path / "pg")
    cluster.initialise()
    yield cluster
    cluster.stop()
    for pid in cluster.processes():
        os.kill(pid, signal.SIGKILL)


def connect(cluster: Cluster, role: str, database: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        host=str(cluster.sockets), port=5432, user=role, password=cluster.password(role), dbname=database
    )


def write_a_row(cluster: Cluster) -> None:
    with psycopg.connect(cluster.admin(), dbname="postgres") as connection:
        connection.execute("CREATE TABLE kept (id int)")
        connection.execute("INSERT INTO kept VALUES (7)")


def rows(cluster: Cluster) -> list[tuple[object, ...]]:
    with psycopg.connect(cluster.admin(), dbname="postgres") as connection:
        return connection.execute("SELECT id FROM kept").fetchall()


def test_a_killed_server_starts_again_with_what_was_committed(cluster: Cluster) -> None:
    cluster.start()
    write_a_row(cluster)
    assert cluster.process is not None
    os.kill(cluster.process.pid, signal.SIGKILL)
    cluster.process.wait()

    cluster.launch()

    assert rows(cluster) == [(7,)]


def test_a_server_that_outlived_its_supervisor_is_stopped_and_its_rows_are_there(cluster: Cluster) -> None:
    cluster.start()
    write_a_row(cluster)
    orphan = cluster.process
    assert orphan is not None
    cluster._lock.close()
    heir = Cluster(cluster.home)

    heir.start()

    assert orphan.wait(10) is not None
    assert rows(heir) == [(7,)]
    heir.stop()


def test_the_server_goes_when_its_supervisor_is_killed(cluster: Cluster) -> None:
    supervisor = subprocess.Popen(
        [sys.executable, "-c", OTHER_PROCESS, str(cluster.home)], cwd=HOUSE, stdout=subprocess.PIPE
    )
    assert supervisor.stdout is not None
    supervisor.stdout.readline()
    assert cluster.processes()
    supervisor.kill()
    supervisor.communicate()

    end = time.monotonic() + 15
    while cluster.processes() and time.monotonic() < end:
        time.sleep(0.05)

    assert not cluster.processes()


def test_a_pid_file_that_names_someone_else_does_not_stop_the_start(cluster: Cluster) -> None:
    cluster.start()
    lines = (cluster.data / "postmaster.pid").read_text().splitlines()
    cluster.stop()
    (cluster.data / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    (cluster.sockets / ".s.PGSQL.5432.lock").write_text(f"{os.getpid()}\n")

    cluster.start()

    assert cluster.answers()


def test_a_cluster_that_was_only_half_made_is_made_anew(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "pg", durable=False)
    places.private_directory(cluster.home / "data.new")
    (cluster.home / "data.new" / "PG_VERSION").write_text("18\n")

    made = cluster.initialise()

    assert made
    assert not (cluster.home / "data.new").exists()
    assert not cluster.initialise()


def test_two_supervisors_cannot_run_one_cluster(cluster: Cluster) -> None:
    cluster.start()

    with pytest.raises(AlreadyRun, match="already run by another process"):
        Cluster(cluster.home).start()

    assert cluster.answers()


def test_only_this_account_can_read_any_of_it(cluster: Cluster) -> None:
    cluster.start()
    cluster.provision()

    for path in [cluster.home, *cluster.home.rglob("*")]:
        assert path.lstat().st_mode & 0o077 == 0 or path.is_socket(), path
    assert (cluster.sockets.stat().st_mode & 0o777) == 0o700


def test_the_server_does_not_run_as_root(cluster: Cluster) -> None:
    cluster.start()

    with psycopg.connect(cluster.admin(), dbname="postgres") as connection:
        listens = connection.execute("SHOW listen_addresses").fetchone()

    assert listens == ("",)


@pytest.mark.parametrize(
    ("role", "may_enter"),
    [
        ("amparo_owner", {"amparo", "keyring"}),
        ("amparo_web", {"amparo"}),
        ("amparo_worker", {"amparo"}),
        ("amparo_keyring", {"keyring"}),
        ("amparo_shredder", {"keyring"}),
    ],
)
def test_each_role_enters_its_own_databases_only(
    provisioned: Cluster, role: str, may_enter: set[str]
) -> None:
    entered = set()
    for database in ("amparo", "keyring", "postgres", "template1"):
        try:
            with connect(provisioned, role, database):
                entered.add(database)
        except psycopg.OperationalError:
            continue

    assert entered == may_enter


@pytest.fixture(scope="module")
def provisioned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("state") / "pg", durable=False)
    cluster.initialise()
    cluster.start()
    cluster.provision()
    cluster.provision()
    yield cluster
    cluster.stop()


def test_no_role_of_ours_has_powers_over_the_server(provisioned: Cluster) -> None:
    with psycopg.connect(provisioned.admin(), dbname="postgres") as connection:
        powers = connection.execute(
            "SELECT count(*),"
            " bool_or(rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolreplication)"
            " FROM pg_roles WHERE rolname = ANY(%s)",
            [list(provision.ROLES)],
        ).fetchone()

    assert powers == (5, False)


@pytest.mark.parametrize(
    ("role", "database"),
    [("amparo_web", "amparo"), ("amparo_worker", "amparo"), ("amparo_shredder", "keyring")],
)
def test_only_the_owner_makes_tables(provisioned: Cluster, role: str, database: str) -> None:
    with (
        connect(provisioned, role, database) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("CREATE TABLE hidden (id int)")


def test_a_wrong_password_is_refused(provisioned: Cluster) -> None:
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(
            host=str(provisioned.sockets), port=5432, user="amparo_web", password="x", dbname="amparo"
        )


def test_a_password_that_was_lost_is_made_anew(provisioned: Cluster) -> None:
    (provisioned.home / "passwords" / "amparo_shredder").unlink()

    provisioned.provision()

    with connect(provisioned, "amparo_shredder", "keyring") as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_servers_administrator_provisions_it_with_passwords_from_the_environment(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.start()
    monkeypatch.delenv("AMPARO_WORKER_PASSWORD", raising=False)
    for role in provision.ROLES:
        if role != "amparo_worker":
            monkeypatch.setenv(f"{role.upper()}_PASSWORD", cluster.password(role))

    incomplete = provision.main([cluster.admin()])
    monkeypatch.setenv("AMPARO_WORKER_PASSWORD", cluster.password("amparo_worker"))
    complete = provision.main([cluster.admin()])

    assert incomplete == 1
    assert "AMPARO_WORKER_PASSWORD is not set" in capsys.readouterr().err
    assert complete == 0
    with connect(cluster, "amparo_worker", "amparo") as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_the_log_never_quotes_a_row_or_a_statement(provisioned: Cluster) -> None:
    with connect(provisioned, "amparo_owner", "amparo") as connection:
        connection.execute("CREATE TABLE named (name text PRIMARY KEY)")
        connection.execute("INSERT INTO named VALUES (%s)", [CANARY])
        connection.commit()
        for statement in ("INSERT INTO named VALUES (%s)", "SELECT %s::int"):
            with pytest.raises(psycopg.Error):
                connection.execute(statement, [CANARY])
            connection.rollback()
        with pytest.raises(psycopg.Error):
            connection.execute(f"SELECT '{CANARY}'::date")
        connection.rollback()

    log = provisioned.log.read_text()

    assert "ready to accept connections" in log
    assert "named VALUES" not in log
    assert CANARY not in log


def test_a_deep_state_directory_puts_its_sockets_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    cluster = Cluster(deep / "pg", durable=False)
    cluster.initialise()

    cluster.start()
    try:
        assert cluster.answers()
        assert len(os.fsencode(cluster.sockets)) <= places.LONGEST_SOCKET_DIRECTORY
        assert cluster.sockets.stat().st_mode & 0o777 == 0o700
    finally:
        cluster.stop()
        cluster.sockets.rmdir()


def test_a_place_for_sockets_that_is_not_ours_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = tmp_path / "planted"
    planted.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    home = places.private_directory(tmp_path / ("d" * 60) / ("e" * 60))
    (places.make_socket_directory(home)).rmdir()
    home.joinpath("run").readlink().symlink_to(planted)

    with pytest.raises(places.UnsafePlace):
        places.make_socket_directory(home)


def test_an_open_directory_is_closed(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir(mode=0o755)

    places.private_directory(tmp_path / "var")

    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o700


def test_a_message_survives_the_broker_being_killed(tmp_path: Path) -> None:
    home = tmp_path / "valkey"
    with children.log_file(tmp_path / "log") as output:
        first = embedded.start_valkey(home, output)
        with Valkey(unix_socket_path=str(home / "run" / "valkey.sock")) as broker:
            broker.lpush("celery", "6f1c2b44-93ab-4a57-9d2c-0a7f6f3c8f11")
        first.kill()
        first.wait()
        second = embedded.start_valkey(home, output)

    with Valkey(unix_socket_path=str(home / "run" / "valkey.sock")) as broker:
        kept = broker.lrange("celery", 0, -1)
    second.terminate()
    second.wait()

    assert kept == [b"6f1c2b44-93ab-4a57-9d2c-0a7f6f3c8f11"]
    assert (home / "appendonlydir").stat().st_mode & 0o077 == 0


def test_a_broker_that_outlived_its_supervisor_is_ended_before_the_next(tmp_path: Path) -> None:
    with children.log_file(tmp_path / "log") as output:
        orphan = embedded.start_valkey(tmp_path / "valkey", output)

        heir = embedded.start_valkey(tmp_path / "valkey", output)

    assert orphan.wait(5) is not None
    assert heir.poll() is None
    heir.terminate()
    heir.wait()
