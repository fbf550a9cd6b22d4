"""A message to the queue holds references and nothing else, whoever writes or reads it."""

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db.models import TextChoices
from kombu import Connection, Queue

from config import messages
from config.celery import app

MATTER = UUID("6f1c2b44-93ab-4a57-9d2c-0a7f6f3c8f11")


class Reason(TextChoices):
    RETENTION_ENDED = "RETENTION_ENDED", "Retention ended"
    ODD = "García Ixcot", "A value that is not a choice's code"


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (MATTER, "6f1c2b44-93ab-4a57-9d2c-0a7f6f3c8f11"),
        (str(MATTER), "6f1c2b44-93ab-4a57-9d2c-0a7f6f3c8f11"),
        (date(2026, 7, 6), "2026-07-06"),
        ("2026-07-06", "2026-07-06"),
        (Reason.RETENTION_ENDED, "RETENTION_ENDED"),
    ],
)
def test_references_go_out_and_come_back(given: object, sent: str) -> None:
    written = messages.dumps(([given], {"of": given}, {"callbacks": None, "chain": None}))

    args, kwargs, _ = messages.loads(written)

    assert args == [sent]
    assert kwargs == {"of": sent}


@pytest.mark.parametrize(
    "value",
    [
        "Juan García",
        "GARCIA",
        "A123456789",
        123456789,
        "",
        None,
        True,
        1.5,
        b"x",
        ["6f1c2b44-93ab-4a57-9d2c-0a7f6f3c8f11"],
        {"id": str(MATTER)},
        datetime(2026, 7, 6, tzinfo=UTC),
        str(MATTER).upper(),
        f"{MATTER}\n",
        Reason.ODD,
    ],
)
def test_anything_else_is_refused_without_being_repeated(value: object) -> None:
    bodies: list[tuple[Any, Any]] = [([value], {}), ([], {"of": value})]
    for body in bodies:
        with pytest.raises(messages.NotAReference) as refusal:
            messages.dumps((*body, {}))

        assert "GARC" not in str(refusal.value).upper()


@pytest.mark.parametrize("name", ["Juan", "juan garcía", "a" * 40, "a1234"])
def test_the_name_of_an_argument_carries_nothing_either(name: str) -> None:
    with pytest.raises(messages.NotAReference):
        messages.dumps(([], {name: MATTER}, {}))


def test_no_other_task_rides_along() -> None:
    with pytest.raises(messages.NotAReference):
        messages.dumps(([], {}, {"callbacks": [{"task": "caseapp.tasks.other", "args": ["Juan"]}]}))


@pytest.mark.parametrize(
    "planted",
    [
        "not json",
        "[]",
        json.dumps([["Juan García"], {}, {}]),
        json.dumps([[], {"of": "A123456789"}, {}]),
        json.dumps([{}, [], {}]),
        json.dumps([[], {}, {"chain": [{"task": "x"}]}]),
        json.dumps("text"),
    ],
)
def test_a_planted_message_is_refused_by_the_worker(planted: str) -> None:
    with pytest.raises(messages.NotAReference):
        messages.loads(planted)


def sent_through(connection: Connection, args: tuple[Any, ...]) -> Any:
    """Send a task over a broker in memory and return the message as it lies there."""
    with app.amqp.Producer(connection) as producer:
        app.send_task("caseapp.tasks.remind_of_deadlines", args=args, producer=producer)
    queue = Queue("celery", channel=connection.default_channel)
    return queue.get()


def test_the_whole_message_holds_one_reference_and_no_host() -> None:
    with Connection("memory://") as connection:
        message = sent_through(connection, (MATTER,))

    assert message.content_type == messages.CONTENT_TYPE
    assert json.loads(message.body)[0] == [str(MATTER)]
    assert message.headers["argsrepr"] == "()"
    assert message.headers["kwargsrepr"] == "{}"
    assert message.headers["origin"] == "amparo"
    assert str(MATTER) not in json.dumps(message.headers)


def test_a_name_never_reaches_the_broker() -> None:
    with Connection("memory://") as connection, pytest.raises(messages.NotAReference):
        sent_through(connection, ("Juan García",))


def test_the_worker_accepts_no_other_way_of_writing() -> None:
    assert app.conf.accept_content == [messages.NAME]
    assert app.conf.task_serializer == messages.NAME
    assert app.conf.task_ignore_result
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert not app.conf.worker_enable_remote_control


def test_beat_sends_nothing_but_names_of_tasks_that_exist() -> None:
    app.loader.import_default_modules()

    for entry in app.conf.beat_schedule.values():
        assert entry["task"] in app.tasks
        assert not entry.get("args")
        assert not entry.get("kwargs")
        assert entry["options"]["expires"] > 0
