"""A house whose root key is not right: it starts, says so, goes on reminding, and opens by itself again."""

import logging
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from caseapp.deadlines.models import Deadline
from caseapp.reminders import services as reminders
from caseapp.vault import keyring
from caseapp.web.middleware import LockedVault
from tests.conftest import Cast, signed_in
from tests.reminders.conftest import appeal
from tests.reminders.test_services import SAFE, noon

__all__ = ["appeal"]


@pytest.fixture(autouse=True)
def put_right(root_key: Path) -> Iterator[None]:
    good = root_key.read_bytes()
    yield
    repair(root_key, good)


def repair(path: Path, good: bytes) -> None:
    path.unlink(missing_ok=True)
    path.with_name("real.key").unlink(missing_ok=True)
    path.touch(0o600)
    path.write_bytes(good)


def spoil(path: Path, how: str) -> None:
    if how == "missing":
        path.unlink()
    elif how == "open to others":
        path.chmod(0o640)
    elif how == "truncated":
        path.write_bytes(path.read_bytes()[:16])
    elif how == "a link":
        path.rename(path.with_name("real.key"))
        path.symlink_to(path.with_name("real.key"))
    else:
        path.write_bytes(os.urandom(32))


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("missing", "There is no root key at"),
        ("open to others", "chmod 600"),
        ("truncated", "16 bytes long"),
        ("a link", "symbolic link"),
        ("another clinic's", "not the one this clinic was set up with"),
    ],
)
def test_a_house_without_its_key_starts_locked_says_why_and_opens_once_it_is_back(
    cast: Cast,
    how: str,
    says: str,
    root_key: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings, "AMPARO_ROLE", "web")
    monkeypatch.setattr(LockedVault, "LOCKED_SECONDS", 0.0)
    good = root_key.read_bytes()
    browser: Client = signed_in(cast.dee)
    keyring.drop_all()
    spoil(root_key, how)

    call_command("check", fail_level="ERROR")
    with caplog.at_level(logging.ERROR):
        locked = browser.get(reverse("staff"))
    repair(root_key, good)
    opened = browser.get(reverse("staff"))

    assert locked.status_code == 503
    assert says in caplog.text
    assert opened.status_code == 200
    assert "Ben" in opened.content.decode()


def test_reminders_go_out_while_the_root_key_is_lost(cast: Cast, appeal: Deadline, root_key: Path) -> None:
    keyring.drop_all()
    root_key.unlink()

    reminders.remind(now=noon(SAFE - timedelta(days=7)))

    assert cast.ana.email in [message.to[0] for message in mail.outbox]
