"""The nightly sweep: what it owes of a million open deadlines, under the worker's role and without a key."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connections

from benchmarks import tables
from benchmarks.invented import NOW
from benchmarks.timing import Table, memory_in_use, took, verdict
from caseapp.access.models import Clinic
from caseapp.deadlines.rules.ladder import LADDERS
from caseapp.reminders import escalation, owing
from caseapp.vault.cipher import SHORTEST_BOX, VERSION

MOST_SECONDS: Final = 20
ZONE: Final = ZoneInfo("America/New_York")
STAFF, MATTERS_A_CLINIC, DATES_A_MATTER = 10, 4000, 5
# Days that the dates lie ahead, at most; some are late already.
SPREAD, LATE = 360, 10
ANSWERED: Final = 0.7

ROWS: Final = """
INSERT INTO caseapp_clinic (id, name, time_zone, made_at, people_seq)
  SELECT gen_random_uuid(), %(box)s, 'America/New_York', %(at)s, 0 FROM generate_series(1, %(clinics)s);
INSERT INTO caseapp_user (id, clinic_id, email, name, role, is_active, joined_at, password)
  SELECT gen_random_uuid(), c.id, n || '@' || c.id || '.example', %(box)s,
    CASE n WHEN 1 THEN 'DIRECTOR' ELSE 'ATTORNEY' END, true, %(at)s, '!'
  FROM caseapp_clinic c CROSS JOIN generate_series(1, %(staff)s) n;
INSERT INTO caseapp_matter
    (id, clinic_id, code, kind, stage, detained, outcome, opened_on, opened_by_id, changed_at)
  SELECT gen_random_uuid(), u.clinic_id, 'HERON-' || n, %(box)s, %(box)s, %(box)s, %(box)s, %(day)s, u.id,
    %(at)s
  FROM caseapp_user u CROSS JOIN generate_series(1, %(matters)s) n WHERE u.role = 'DIRECTOR';
CREATE TEMPORARY TABLE team AS
  SELECT id, clinic_id, row_number() OVER (PARTITION BY clinic_id) AS place FROM caseapp_user;
INSERT INTO caseapp_assignment (id, clinic_id, matter_id, user_id, role)
  SELECT gen_random_uuid(), m.clinic_id, m.id, t.id, 'ATTORNEY'
  FROM (SELECT id, clinic_id, row_number() OVER () AS n FROM caseapp_matter) m
  JOIN team t ON t.clinic_id = m.clinic_id
    AND t.place IN (1 + m.n %% %(staff)s, 1 + (m.n + 1) %% %(staff)s);
INSERT INTO caseapp_caseevent
    (id, clinic_id, matter_id, kind, "on", service, outcome, note, recorded_by_id, recorded_at)
  SELECT gen_random_uuid(), clinic_id, id, %(box)s, %(box)s, %(box)s, %(box)s, %(box)s, opened_by_id, %(at)s
  FROM caseapp_matter;
INSERT INTO caseapp_deadline (id, clinic_id, matter_id, event_id, title, computation, severity, protective,
    nominal, legal, safe, ladder, state)
  SELECT gen_random_uuid(), e.clinic_id, e.matter_id, e.id, %(box)s, %(long)s,
    (ARRAY['fatal', 'serious', 'serious', 'advisory'])[n %% 4 + 1], false, d.safe + 2, d.safe + 2, d.safe,
    (CASE n %% 4 WHEN 0 THEN %(fatal)s WHEN 3 THEN %(advisory)s ELSE %(serious)s END)::smallint[], 'CONFIRMED'
  FROM caseapp_caseevent e CROSS JOIN generate_series(1, %(dates)s) n
  CROSS JOIN LATERAL (
    SELECT %(day)s::date - %(late)s + floor(random() * %(spread)s * (e.id IS NOT NULL)::int)::int AS safe
  ) d
"""

# What a night of sending leaves behind: all of it sent, most of it answered.
SENT: Final = """
UPDATE caseapp_reminder SET state = 'SENT', sent_at = %(at)s, escalate_at = %(until)s,
  seen_at = CASE WHEN random() < %(answered)s THEN %(at)s::timestamptz END
WHERE state = 'OWED'
"""


def run(quick: bool) -> list[Table]:
    table = Table(
        "The nightly sweep over open deadlines, without sending",
        ("open deadlines", "night", "reminders owed", "escalated", "seconds", "CPU s", "grew by MB"),
    )
    for dates in (400,) if quick else (100_000, 1_000_000):
        seconds = _nights(table, dates)
        most = "the sweep of an ordinary night over " + f"{dates:,} open deadlines"
        table.verdicts.append(verdict(most, seconds, MOST_SECONDS, "s"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    table.notes.append(
        f"{DATES_A_MATTER} dates a matter, two people on each, dates spread over {SPREAD} days;"
        f" {ANSWERED:.0%} of what was sent is answered, the rest is escalated. The first night owes"
        f" whatever had come due before anything was ever swept. The process held {peak:.0f} MB at its most."
    )
    return [table]


def _nights(table: Table, dates: int) -> float:
    """Sweep the first night and three ordinary ones; return the slowest ordinary night in seconds."""
    tables.empty([Clinic])
    _fill(dates)
    tables.settle()
    first = NOW.date()
    slowest = 0.0
    with _as_worker():
        for night in range(4):
            before = memory_in_use()
            owed = [0, 0]
            at = datetime(first.year, first.month, first.day, 5, tzinfo=ZONE) + timedelta(days=night)
            spent = took(lambda at=at, owed=owed: _sweep(at, owed))  # type: ignore[misc]
            grew = (memory_in_use() - before) / 1e6
            name = "the first" if night == 0 else f"ordinary, {night}"
            figures = (f"{owed[0]:,}", f"{owed[1]:,}", f"{spent.wall:.2f}", f"{spent.cpu:.2f}", f"{grew:.1f}")
            table.rows.append((f"{dates:,}", name, *figures))
            slowest = max(slowest, spent.wall) if night else slowest
            _send_all(at)
    return slowest


def _sweep(at: datetime, owed: list[int]) -> None:
    for clinic in Clinic.objects.order_by("pk").only("id", "time_zone"):
        owed[0] += owing.owe(clinic.id, today=at.date())
    owed[1] += escalation.escalate(now=at)


def _fill(dates: int) -> None:
    """Make clinics, matters and dates whose sealed columns hold what no key opens."""
    matters = dates // DATES_A_MATTER
    clinics = max(1, matters // MATTERS_A_CLINIC)
    said: dict[str, Any] = {
        "box": bytes([VERSION]) + os.urandom(SHORTEST_BOX + 40),
        "long": bytes([VERSION]) + os.urandom(400),
        "at": NOW,
        "day": date(NOW.year, NOW.month, NOW.day),
        "clinics": clinics,
        "staff": STAFF,
        "matters": matters // clinics,
        "dates": DATES_A_MATTER,
        "late": LATE,
        "spread": SPREAD,
        **{severity: list(rungs) for severity, rungs in LADDERS.items()},
    }
    with connections["owner"].cursor() as cursor:
        for statement in ROWS.split(";\n"):
            cursor.execute(statement, said)
        cursor.execute("DROP TABLE team")


def _send_all(at: datetime) -> None:
    with connections["owner"].cursor() as cursor:
        said: dict[str, Any] = {"at": at, "until": at + timedelta(hours=20), "answered": ANSWERED}
        cursor.execute(SENT, said)


@contextmanager
def _as_worker() -> Iterator[None]:
    """Let the data be asked under the role that the worker has."""
    connection = connections["default"]
    web = dict(connection.settings_dict)
    password = settings.STATE_DIR / "pg" / "passwords" / "amparo_worker"
    connection.close()
    connection.settings_dict |= {"USER": "amparo_worker", "PASSWORD": password.read_text(encoding="utf-8")}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict |= web
