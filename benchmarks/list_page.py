"""The Clients page: 50 of a clinic's 10,000, as the web process answers it, and over plain columns."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, Final

from django.core.handlers.wsgi import WSGIHandler
from django.db import connections
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from benchmarks import invented, plain, tables
from benchmarks.invented import Invented
from benchmarks.models import PLAIN_CLINIC
from benchmarks.timing import Table, Took, milli, percentile, took, verdict
from caseapp.access import sessions, wall
from caseapp.access.models import User
from caseapp.vault import keyring

MOST: Final = 1.5
PATHS: Final = {"sealed": "/clients/", "plain": "/clients-plain/"}


def run(quick: bool) -> list[Table]:
    people, requests = (300, 6) if quick else (10_000, 100)
    house = invented.make_house(people)
    tables.make(PLAIN_CLINIC)
    plain.copy_clinic()
    tables.settle()
    table = Table(
        f"The Clients page: 50 of {people:,} people",
        ("page", "p50 ms", "p95 ms", "CPU ms", "queries", "keyring queries", "times plain (p50)"),
    )
    table.notes.append(
        f"{requests} requests each, in turn, through the whole WSGI application, answered under the web's"
        " database roles. Cold: no key in memory, not even the clinic's. Stale: the clinic's key held, every"
        " person's asked for anew, which is so whenever five seconds passed without a look at the keyring."
    )
    for user in (house.attorney, house.director):
        _visits(table, house, user, requests)
    return [table]


def _visits(table: Table, house: Invented, user: User, requests: int) -> None:
    """Add what one person waits for: the attorney, who sees 120 people, or the director, who sees all."""
    ask = _Browser(house, user)
    _compare(ask)
    found: dict[str, list[Took]] = {name: [] for name in STATES}
    for _ in range(requests):
        for name, (kind, before) in STATES.items():
            if name == "sealed, warm":
                ask(kind)
            before()
            found[name].append(ask(kind))
    base = percentile([each.wall for each in found["plain"]], 0.5)
    who = user.get_role_display()
    for name, (kind, before) in STATES.items():
        ask(kind)
        before()
        data, keys = ask.queries(kind)
        walls = [each.wall for each in found[name]]
        times, late = percentile(walls, 0.5) / base, percentile(walls, 0.95)
        cpu = percentile([each.cpu for each in found[name]], 0.5)
        figures = (milli(times * base), milli(late), milli(cpu), str(data), str(keys), f"{times:.2f}")
        table.rows.append((f"{who}: {name}", *figures))
        if kind == "sealed":
            table.verdicts.append(verdict(f"the page, {who}, {name},", times, MOST, "times plain"))


def _nothing() -> None:
    """Leave the keys as they are."""


def _stale() -> None:
    """Let five seconds pass for the keys in memory."""
    keyring.cache.trusted_until = float("-inf")


# What is asked for, and what is done to the keys in memory before.
STATES: Final[dict[str, tuple[str, Callable[[], None]]]] = {
    "plain": ("plain", _nothing),
    "sealed, warm": ("sealed", _nothing),
    "sealed, stale": ("sealed", _stale),
    "sealed, cold": ("sealed", keyring.drop_all),
}


class _Browser:
    """Asks the application for a page as a server does, signed in as one person."""

    def __init__(self, house: Invented, user: User) -> None:
        self.application = WSGIHandler()
        wall.enter(house.clinic.id)
        client = Client()
        client.force_login(user, backend="caseapp.access.backends.StaffBackend")
        session = client.session
        sessions.begin(session, house.clinic.id, at=time.time())
        session.save()
        wall.leave()
        self.cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())

    def page(self, kind: str) -> bytes:
        return self._answer(self._environ(kind))

    def __call__(self, kind: str) -> Took:
        environ = self._environ(kind)
        return took(lambda: self._answer(environ))

    def queries(self, kind: str) -> tuple[int, int]:
        """Return how often a page asks the data and the keyring."""
        data, keys = (
            CaptureQueriesContext(connections["default"]),
            CaptureQueriesContext(connections["keyring"]),
        )
        environ = self._environ(kind)
        with data, keys:
            self._answer(environ)
            return len(data), len(keys)

    def _environ(self, kind: str) -> dict[str, Any]:
        request = RequestFactory().get(PATHS[kind], HTTP_HOST="localhost:8000", HTTP_COOKIE=self.cookies)
        return dict(request.environ)

    def _answer(self, environ: dict[str, Any]) -> bytes:
        status: list[str] = []

        def start(line: str, _headers: object, _error: object = None) -> Callable[[bytes], object]:
            status.append(line)
            return bytes

        response = self.application(environ, start)
        body = b"".join(response)
        response.close()
        if status != ["200 OK"]:
            raise RuntimeError(f"The page answered {status}.")
        return body


def _compare(ask: _Browser) -> None:
    """Raise RuntimeError unless both pages say the same, but for their tokens."""
    said = [re.sub(rb"[A-Za-z0-9]{64}|clients-plain", b"", ask.page(kind)) for kind in PATHS]
    if said[0].count(b'class="personal" href') != 50 or said[0] != said[1]:
        raise RuntimeError("The plain page is not the same page.")
