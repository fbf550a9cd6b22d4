"""Backups that the supervisor makes when they are due, as the owner and one after the other."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from config import children, supervisor
from config.supervisor import Supervisor


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """What was started: the command and its environment, without running it."""
    (tmp_path / "log").mkdir()
    calls: list[Any] = []

    def spawn(argv: list[str], **more: Any) -> subprocess.Popen[bytes]:
        calls.append((argv[2:], more["env"]))
        return subprocess.Popen([sys.executable, "-c", ""])

    monkeypatch.setattr(children, "spawn", spawn)
    return calls


def test_nothing_is_run_where_backups_are_not_set_up_nor_in_the_demo(
    started: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AMPARO_BACKUP_DIR", raising=False)
    Supervisor(bind="127.0.0.1:8000", state=tmp_path, demo=False)._run_errands()

    monkeypatch.setenv("AMPARO_BACKUP_DIR", str(tmp_path / "backups"))
    Supervisor(bind="127.0.0.1:8000", state=tmp_path, demo=True)._run_errands()

    assert started == []


def test_what_is_due_is_run_once_an_hour_one_after_the_other(
    started: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMPARO_BACKUP_DIR", str(tmp_path / "backups"))
    house = Supervisor(bind="127.0.0.1:8000", state=tmp_path, demo=False)
    began = time.monotonic()

    for _ in range(3):
        house._run_errands()
        assert house.errand is not None
        house.errand.wait()

    assert [command for command, _ in started] == [["backup", "--due"], ["restore_drill", "--due"]]
    assert {env["AMPARO_ROLE"] for _, env in started} == {"owner"}
    assert house.next_errands >= began + supervisor.ERRANDS_SECONDS

    house.next_errands = 0.0
    house._run_errands()

    assert [command for command, _ in started][2:] == [["backup", "--due"]]
    assert house.errand is not None
    house.errand.wait()


def test_only_the_owner_is_told_where_the_drills_identity_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMPARO_DRILL_IDENTITY_FILE", "/srv/drill")

    told = {role: supervisor.environment(role, root_key=True) for role in ("owner", "web", "worker")}

    assert [role for role, env in told.items() if "AMPARO_DRILL_IDENTITY_FILE" in env] == ["owner"]
