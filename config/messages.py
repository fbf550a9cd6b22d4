"""What a message to the queue may say: which task, and references to rows. Anything else is refused.

The broker keeps its messages on disk, in the clear, outside every key the clinic can destroy.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

from kombu.serialization import register

NAME = "amparo-references"
CONTENT_TYPE = "application/x-amparo-references+json"

IDENTIFIER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
CHOICE = re.compile(r"[A-Z][A-Z_]{0,31}")
ARGUMENT_NAME = re.compile(r"[a-z][a-z_]{0,31}")


class NotAReference(TypeError):
    """A task was given something other than a UUID, a date or a choice. It never says what it was given."""

    def __init__(self) -> None:
        super().__init__(
            "A task takes UUIDs, dates and members of an Enum, and nothing else. Send a row's id."
        )


def outgoing(value: object) -> str:
    """Return the text that stands for one argument. Raises NotAReference.

    A bare string that merely looks like a choice may be a name, so a choice must come as an Enum member.
    """
    if isinstance(value, Enum):
        if isinstance(value.value, str) and CHOICE.fullmatch(value.value):
            return value.value
    elif isinstance(value, UUID):
        return str(value)
    elif isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    elif isinstance(value, str) and (IDENTIFIER.fullmatch(value) or DATE.fullmatch(value)):
        return value
    raise NotAReference


def incoming(value: object) -> str:
    if isinstance(value, str) and any(shape.fullmatch(value) for shape in (IDENTIFIER, DATE, CHOICE)):
        return value
    raise NotAReference


def check_arguments(args: Sequence[object], kwargs: Mapping[str, object]) -> tuple[list[str], dict[str, str]]:
    """Return the arguments of a task as they will be sent. Raises NotAReference."""
    if not all(ARGUMENT_NAME.fullmatch(name) for name in kwargs):
        raise NotAReference
    return [outgoing(value) for value in args], {name: outgoing(value) for name, value in kwargs.items()}


def dumps(body: Any) -> str:
    """Write the body of a message: (args, kwargs) and Celery's own part, which must be empty."""
    args, kwargs, *rest = body
    if any(value for part in rest for value in part.values()):
        # Callbacks and chains would carry other tasks' arguments past the check.
        raise NotAReference
    sent_args, sent_kwargs = check_arguments(args, kwargs)
    return json.dumps([sent_args, sent_kwargs, *rest])


def loads(text: str | bytes) -> Any:
    """Read the body of a message, which someone else may have put into the broker."""
    try:
        args, kwargs, *rest = json.loads(text)
        names = [ARGUMENT_NAME.fullmatch(name) for name in kwargs]
        empty = not any(value for part in rest for value in part.values())
    except (ValueError, TypeError, AttributeError):
        raise NotAReference from None
    if not isinstance(args, list) or not isinstance(kwargs, dict) or not all(names) or not empty:
        raise NotAReference
    return [
        [incoming(value) for value in args],
        {name: incoming(value) for name, value in kwargs.items()},
        *rest,
    ]


def enable() -> None:
    """Make this way of writing messages known to Celery under NAME."""
    register(NAME, dumps, loads, content_type=CONTENT_TYPE, content_encoding="utf-8")
