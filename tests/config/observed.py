"""A probe that gunicorn and Celery start with the house's own settings, and what it sees there."""

import json
import os
import time
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import django
from celery.signals import beat_init, worker_process_init

django.setup()

from caseapp.vault import keyring  # noqa: E402
from caseapp.vault.cache import Loaded  # noqa: E402
from caseapp.vault.cipher import DataKey  # noqa: E402
from config import celery, memory  # noqa: E402

app = celery.app
CLINIC, SUBJECT = UUID(int=1), UUID(int=2)


def hold_a_key() -> None:
    key = DataKey(bytes(32), key_id=bytes(8), clinic=CLINIC, subject=SUBJECT)
    now = keyring.cache.clock()
    keyring.cache.heard(1, asked_at=now)
    keyring.cache.put_all([Loaded(SUBJECT, key, True)], clinic=CLINIC, epoch=1, asked_at=now)


def page(environ: dict[str, Any], start: Callable[..., object]) -> Iterable[bytes]:
    """Say whether memory is closed; and at /wait, how many keys are held before and after SIGTERM."""
    hold_a_key()
    said = {"pid": os.getpid(), "closed": memory.is_closed(), "before": len(keyring.cache)}
    start("200 OK", [("Content-Type", "application/json")])
    yield json.dumps(said).encode() + b"\n"
    if environ["PATH_INFO"] == "/wait":
        end = time.monotonic() + 20
        while len(keyring.cache) and time.monotonic() < end:
            time.sleep(0.01)
        yield json.dumps({"after": len(keyring.cache)}).encode() + b"\n"


@worker_process_init.connect
@beat_init.connect
def say(**_: object) -> None:
    print(f"closed={memory.is_closed()}", flush=True)
