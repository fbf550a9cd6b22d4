"""Two of the officers' sheets, on a machine without root key and database, open real backups."""

from __future__ import annotations

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.core.management.base import CommandError

from caseapp.safekeeping import kit
from caseapp.safekeeping.models import Check
from caseapp.vault import recovery
from tests.safekeeping.conftest import House, Shelf


@pytest.fixture(scope="module")
def drawn(house: House) -> recovery.Kit:
    return kit.make_at_the_machine()


def elsewhere(tmp_path: Path, *arguments: object, typed: str) -> subprocess.CompletedProcess[str]:
    """Run the drill as on another machine: no state, no root key, no database that answers."""
    hidden = ("AMPARO_", "DATABASE_URL", "KEYRING_URL")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    nowhere = {
        f"{kind}_URL_{role}": "postgres://nobody:x@127.0.0.1:1/nothing"
        for kind in ("DATABASE", "KEYRING")
        for role in ("OWNER", "WEB", "WORKER")
    }
    house = Path(django_settings.BASE_DIR) if hasattr(django_settings, "BASE_DIR") else Path.cwd()
    return subprocess.run(
        [sys.executable, str(house / "manage.py"), "recovery_drill", *map(str, arguments)],
        input=typed,
        capture_output=True,
        text=True,
        cwd=house,
        env=kept
        | nowhere
        | {"AMPARO_STATE": str(tmp_path / "empty"), "DJANGO_SETTINGS_MODULE": "config.settings"},
    )


def test_on_a_machine_without_the_root_two_sheets_open_the_canary_and_both_backups(
    house: House, shelf: Shelf, drawn: recovery.Kit, tmp_path: Path
) -> None:
    shelf.back_up()
    canary = tmp_path / "canary.age"
    call_command("recovery_drill", write_canary=canary)
    given: list[object] = ["--canary", canary]
    for file in shelf.files():
        given += ["--backup", file]

    well = elsewhere(tmp_path, *given, typed="\n".join(drawn.shares[1:]))
    one = elsewhere(tmp_path, *given, typed=drawn.shares[0])
    same = elsewhere(tmp_path, *given, typed=f"{drawn.shares[0]}\n{drawn.shares[0]}")

    assert well.returncode == 0, well.stderr
    assert well.stdout.count("ok: they open amparo-") == 2
    assert not list((tmp_path / "empty").rglob("root.key"))
    assert (one.returncode, same.returncode) == (1, 1)
    assert "Share 2 is empty" in one.stderr
    assert "same share twice" in same.stderr


def drill(drawn: recovery.Kit, tmp_path: Path, **more: Any) -> str:
    said = StringIO()
    sheets = []
    for number, text in enumerate(drawn.shares[:2]):
        sheets.append(tmp_path / f"sheet-{number}")
        sheets[-1].write_text(text)
    call_command("recovery_drill", share=sheets, stdout=said, stderr=StringIO(), **more)
    return said.getvalue()


def drills() -> int:
    return Check.objects.filter(kind="recovery-drill", ok=True).count()


def test_a_drill_opens_the_newest_backups_by_itself_and_without_any_is_not_on_record(
    house: House, shelf: Shelf, drawn: recovery.Kit, tmp_path: Path, settings: Any
) -> None:
    before = drills()
    drill(drawn, tmp_path)
    assert drills() == before

    shelf.back_up()
    settings.BACKUP_DIR = shelf.directory
    said = drill(drawn, tmp_path)

    assert said.count("ok: they open amparo-") == 2
    assert drills() == before + 1


def test_a_backup_that_is_cut_short_fails_the_drill(
    house: House, shelf: Shelf, drawn: recovery.Kit, tmp_path: Path
) -> None:
    shelf.back_up()
    file = shelf.files("keyring")[0]
    file.write_bytes(file.read_bytes()[:-1])

    with pytest.raises(CommandError, match="do not open this"):
        drill(drawn, tmp_path, backup=[file])
