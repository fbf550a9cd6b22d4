"""What may be written to a log: times, places, error types and references, never a value.

The list is of what is let through. A message keeps its words when they are ours; its arguments only when
they are numbers, identifiers or dates; an error only its type and the lines it passed, because the text
of an error may quote what someone typed.
"""

import logging
import re
import traceback
from collections.abc import ItemsView, Mapping
from datetime import date, datetime
from enum import Enum
from types import TracebackType
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

OURS = ("amparo", "caseapp", "config")
# Their messages are fixed templates filled in by logging itself, so the template holds no value.
FIXED_WORDS = ("celery", "kombu", "gunicorn")
WITHHELD = "[withheld]"
REFERENCE = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # a UUID
    r"|\d{4}-\d{2}-\d{2}"
    r"|(caseapp|config|django|celery|gunicorn)(\.\w+)+"  # a name in the code
)


def reference(value: object) -> object:
    """Return `value` if it is a number, a date or a reference; otherwise a mark that it was left out."""
    if value is None or isinstance(value, int | float | UUID | date | Enum):
        return value
    if isinstance(value, str) and REFERENCE.fullmatch(value):
        return value
    return WITHHELD


class _References(dict[str, object]):
    def __missing__(self, key: str) -> object:
        return WITHHELD


def words(record: logging.LogRecord) -> str:
    """Return the part of the message that may be written down."""
    room = record.name.split(".")[0]
    where = f"({record.module}:{record.lineno})"
    if record.name == "django.request":
        return _request(record)
    if room not in OURS + FIXED_WORDS or not isinstance(record.msg, str):
        return where
    if not record.args:
        return record.msg if room in OURS else where
    args: Any
    if isinstance(record.args, Mapping):
        args = _References({key: reference(value) for key, value in record.args.items()})
    else:
        args = tuple(reference(value) for value in record.args)
    try:
        return str(record.msg % args)
    except (TypeError, ValueError):
        # A %d or %.1f whose argument was left out.
        return where


def _request(record: logging.LogRecord) -> str:
    """Return the method, the route as written in urls.py and the status, never the path or the query."""
    request = getattr(record, "request", None)
    match = getattr(request, "resolver_match", None)
    method = getattr(request, "method", None) or "?"
    return f"{method} /{match.route if match else '?'} {getattr(record, 'status_code', '?')}"


def frames(tb: TracebackType | None) -> list[str]:
    return [
        f"  {frame.f_code.co_filename}:{line} {frame.f_code.co_name}" for frame, line in traceback.walk_tb(tb)
    ]


def describe(error: BaseException | None) -> str:
    """Return the types of an error and of what caused it, with the lines they passed, without their text."""
    lines: list[str] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        kind = type(error)
        lines += [f"{kind.__module__}.{kind.__qualname__}", *frames(error.__traceback__)]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if error is not None:
            lines.append("after")
    return "\n".join(lines)


class ReferencesOnly(logging.Formatter):
    """One line: when, how bad, who, what; then the lines an error passed."""

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="seconds")
        line = f"{when} {record.levelname} {record.name} {words(record)}"
        if isinstance(record.exc_info, tuple) and record.exc_info[1] is not None:
            line += "\n" + describe(record.exc_info[1])
        return line


class NoValuesFilter(SafeExceptionReporterFilter):
    """No settings, no form fields, no local variables in any report of an error."""

    def get_safe_settings(self) -> dict[str, Any]:
        return {}

    def get_safe_request_meta(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def get_safe_cookies(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        return {}

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: Any
    ) -> ItemsView[str, Any]:
        return {}.items()


class NoValuesReporter(ExceptionReporter):
    """A report of an error that is its type and the lines it passed."""

    def get_traceback_text(self) -> SafeString:
        return SafeString(describe(self.exc_value))

    def get_traceback_html(self) -> SafeString:
        return format_html("<pre>{}</pre>", describe(self.exc_value))


CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"references": {"()": "config.logs.ReferencesOnly"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "references"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        # Django's own handlers would mail reports and print paths.
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        "django.server": {"handlers": [], "level": "ERROR", "propagate": True},
        "amparo": {"handlers": [], "level": "INFO", "propagate": True},
    },
}
