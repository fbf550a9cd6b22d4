"""Nothing that a log may say is a value: words of ours, references, types and places in the code."""

import logging
import sys
from typing import Any
from uuid import UUID

import pytest
from django.test import RequestFactory

from config import logs

NAME = "Xuncax Ixcot"
MATTER = UUID("6f1c2b44-93ab-4a57-9d2c-0a7f6f3c8f11")


def written(logger: str, message: object, *args: Any, **more: Any) -> str:
    record = logging.LogRecord(logger, logging.ERROR, __file__, 1, message, args, more.pop("exc_info", None))
    for name, value in more.items():
        setattr(record, name, value)
    return logs.ReferencesOnly().format(record)


def test_our_words_and_references_are_written() -> None:
    line = written("amparo.reminders", "reminder %s tried %d times", MATTER, 3)

    assert "reminder 6f1c2b44-93ab-4a57-9d2c-0a7f6f3c8f11 tried 3 times" in line


@pytest.mark.parametrize("logger", ["amparo.people", "celery.worker", "django.security", "somebody.else", ""])
def test_a_value_among_the_arguments_is_withheld(logger: str) -> None:
    assert NAME not in written(logger, "opened %s and %r", NAME, {"name": NAME})
    assert NAME not in written(logger, "opened %(who)s", {"who": NAME})


@pytest.mark.parametrize("logger", ["celery.worker", "django.db", "somebody.else", "root", "allauth"])
def test_the_words_of_others_are_withheld_when_they_may_be_filled_in(logger: str) -> None:
    assert NAME not in written(logger, f"could not save {NAME}")


def test_an_error_is_its_type_and_the_lines_it_passed() -> None:
    try:
        try:
            raise ValueError(f"{NAME} is not a date")
        except ValueError as first:
            raise RuntimeError(f"cannot seal {NAME}") from first
    except RuntimeError:
        line = written("amparo", "not saved", exc_info=sys.exc_info())

    assert NAME not in line
    assert "builtins.ValueError" in line
    assert "builtins.RuntimeError" in line
    assert f"{__file__}:" in line


def test_a_failed_request_is_its_method_route_and_status(rf: RequestFactory) -> None:
    request = rf.post(f"/clients/?q={NAME}", {"surname": NAME})

    line = written("django.request", "%s: %s", "Bad Request", request.path, request=request, status_code=400)

    assert "POST /? 400" in line
    assert "Xuncax" not in line


def test_a_report_of_an_error_has_no_values(rf: RequestFactory) -> None:
    request = rf.post("/clients/", {"surname": NAME}, headers={"cookie": f"c={NAME}"})
    try:
        surname = NAME
        raise ValueError(surname)
    except ValueError:
        reporter = logs.NoValuesReporter(request, *sys.exc_info())

    assert "Xuncax" not in reporter.get_traceback_text()
    assert "Xuncax" not in reporter.get_traceback_html()
    assert "ValueError" in reporter.get_traceback_text()
