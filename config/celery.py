"""The queue: what runs in the background, and when.

Every task sweeps rows by their state, so it may run twice, late, or not at all this time. That is why a
message that waited too long is dropped (`expires`), and why losing the broker loses nothing.
"""

import logging.config
import os
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import beat_init, setup_logging, worker_init
from django.conf import settings

from config import memory, messages

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

MINUTE = 60.0
TASK_SECONDS = 10 * MINUTE


class Queue(Celery):
    """Celery, whose messages hold references only, in their headers too."""

    def send_task(  # type: ignore[override]
        self, name: str, args: Any = None, kwargs: Any = None, **options: Any
    ) -> Any:
        """Send a task. Raises messages.NotAReference for an argument that is not one.

        Headers hold the arguments once more, as text, and the sending host's name: both are left out.
        """
        messages.check_arguments(args or (), kwargs or {})
        unsaid = {"argsrepr": "()", "kwargsrepr": "{}", "origin": "amparo"}
        return super().send_task(name, args, kwargs, **(options | unsaid))


messages.enable()
app = Queue("amparo")
app.conf.update(
    broker_url=settings.BROKER_URL,
    # The queue lives under the same state directory as everything else and comes back by itself.
    broker_connection_retry_on_startup=True,
    # Longer than the longest task, or a slow one would be handed out twice.
    broker_transport_options={"visibility_timeout": int(1.5 * TASK_SECONDS), "unacked_restore_interval": 10}
    if settings.BROKER_URL.startswith("redis")
    else {"confirm_publish": True},
    task_serializer=messages.NAME,
    accept_content=[messages.NAME],
    event_serializer="json",
    result_backend=None,
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_time_limit=TASK_SECONDS,
    task_soft_time_limit=TASK_SECONDS - MINUTE,
    worker_prefetch_multiplier=1,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    enable_utc=True,
    timezone="UTC",
    beat_schedule={
        "remind": {
            "task": "caseapp.tasks.remind_of_deadlines",
            "schedule": 15 * MINUTE,
            "options": {"expires": 15 * MINUTE},
        },
        "finish-purges": {
            "task": "caseapp.tasks.finish_purges",
            "schedule": MINUTE,
            "options": {"expires": MINUTE},
        },
        "remove-owed-files": {
            "task": "caseapp.tasks.remove_owed_files",
            "schedule": 10 * MINUTE,
            "options": {"expires": 10 * MINUTE},
        },
        "sweep-files": {
            "task": "caseapp.tasks.sweep_files",
            "schedule": crontab(hour="3", minute="40"),
            "options": {"expires": 12 * 60 * MINUTE},
        },
        "end-assignments": {
            "task": "caseapp.tasks.end_assignments",
            "schedule": crontab(minute="5"),
            "options": {"expires": 60 * MINUTE},
        },
        "forget-sessions": {
            "task": "caseapp.tasks.forget_sessions",
            "schedule": crontab(minute="35"),
            "options": {"expires": 60 * MINUTE},
        },
        "anchor-trails": {
            "task": "caseapp.tasks.anchor_trails",
            "schedule": crontab(hour="8", minute="50"),
            "options": {"expires": 12 * 60 * MINUTE},
        },
        "destroy-old-keys": {
            "task": "caseapp.tasks.destroy_old_keys",
            "schedule": crontab(hour="4", minute="20"),
            "options": {"expires": 12 * 60 * MINUTE},
        },
        "review-retention": {
            "task": "caseapp.tasks.review_retention",
            "schedule": crontab(hour="8", minute="30"),
            "options": {"expires": 12 * 60 * MINUTE},
        },
    },
)
app.autodiscover_tasks(["caseapp"])


@setup_logging.connect
def use_our_logs(**_: object) -> None:
    """Keep Celery from setting up logs of its own, which print arguments."""
    logging.config.dictConfig(settings.LOGGING)


@worker_init.connect
@beat_init.connect
def close_memory(**_: object) -> None:
    """The worker's children are forked from it afterwards and inherit it."""
    memory.close_memory()
