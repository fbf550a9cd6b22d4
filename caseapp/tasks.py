"""What happens in the background. Each task reads the clock, makes one call, and ends.

When they run is set in config/celery.py. None of them holds a key.
"""

from celery import shared_task

from caseapp import clock
from caseapp.access import sessions
from caseapp.documents import services as documents
from caseapp.matters import services as matters
from caseapp.reminders import anchors
from caseapp.reminders import services as reminders
from caseapp.retention import services as retention
from caseapp.safekeeping import services as safekeeping
from caseapp.vault import services as vault


@shared_task
def remind_of_deadlines() -> None:
    now = clock.now()
    reminders.remind(now=now)
    safekeeping.record_reminders(at=now)


@shared_task
def finish_purges() -> None:
    retention.finish_purges(now=clock.now())


@shared_task
def remove_owed_files() -> None:
    documents.remove_owed()


@shared_task
def sweep_files() -> None:
    documents.sweep(now=clock.now())


@shared_task
def review_retention() -> None:
    retention.purge_prospects(now=clock.now())


@shared_task
def anchor_trails() -> None:
    anchors.anchor_trails(now=clock.now())


@shared_task
def end_assignments() -> None:
    now = clock.now()
    matters.end_assignments(today=now.date(), at=now)


@shared_task
def forget_sessions() -> None:
    sessions.forget_ended()


@shared_task
def destroy_old_keys() -> None:
    vault.destroy_old_keys(at=clock.now())
