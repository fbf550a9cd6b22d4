"""Dates no one mistakes, colour spent by one rule, numbers that stay masked."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.template import Context, Template
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from caseapp.web.templatetags import amparo

TODAY = date(2026, 6, 3)


def rendered(text: str, **context: object) -> str:
    return Template("{% load amparo %}" + text).render(Context(context))


def test_a_date_is_written_with_its_weekday_and_its_month_in_letters() -> None:
    assert amparo.day(date(2026, 7, 7)) == '<time datetime="2026-07-07">Tue 7 Jul 2026</time>'
    assert amparo.short_day(date(2026, 7, 7)) == '<time datetime="2026-07-07">7 Jul 2026</time>'


def test_no_date_is_written_as_nothing() -> None:
    assert rendered("[{{ d|day }}{{ d|short_day }}{{ d|moment }}{{ d|days_left:d }}]", d=None) == "[]"


def test_a_time_is_written_in_the_clinics_zone_and_says_which() -> None:
    with timezone.override("America/New_York"):
        written = amparo.moment(datetime(2026, 6, 3, 19, 40, tzinfo=UTC))

    assert "3 Jun 2026, 15:40 EDT" in written


def test_a_moment_late_in_the_evening_belongs_to_the_clinics_day() -> None:
    with timezone.override("America/New_York"):
        written = amparo.day(datetime(2026, 6, 4, 1, 30, tzinfo=UTC))

    assert "Wed 3 Jun 2026" in written


@pytest.mark.parametrize(
    ("safe", "words"),
    [
        (date(2026, 7, 2), "act in 29 days"),
        (date(2026, 6, 5), "act in 2 days"),
        (date(2026, 6, 4), "act by tomorrow"),
        (TODAY, "today"),
        (date(2026, 6, 2), "1 day late"),
        (date(2026, 5, 31), "3 days late"),
    ],
)
def test_the_days_left_are_said_in_words(safe: date, words: str) -> None:
    assert rendered("{{ safe|days_left:today }}", safe=safe, today=TODAY) == words


@pytest.mark.parametrize(
    ("days", "severity", "colour"),
    [
        (-1, "CLINIC", "late"),
        (0, "FATAL", "late"),
        (3, "fatal", "late"),
        (4, "FATAL", "soon"),
        (0, "SERIOUS", "soon"),
        (14, "SERIOUS", "soon"),
        (14, "FATAL", "soon"),
        (15, "FATAL", ""),
    ],
)
def test_red_is_for_what_is_late_or_nearly_fatal_and_amber_for_two_weeks(
    days: int, severity: str, colour: str
) -> None:
    safe = TODAY + timedelta(days=days)

    assert amparo.urgency(safe, severity, TODAY) == colour


@given(st.integers(min_value=-400, max_value=400), st.sampled_from(["FATAL", "SERIOUS", "CLINIC"]))
def test_a_date_never_grows_calmer_as_it_comes_nearer(days: int, severity: str) -> None:
    order = ["", "soon", "late"]
    far = amparo.urgency(TODAY + timedelta(days=days + 1), severity, TODAY)

    near = amparo.urgency(TODAY + timedelta(days=days), severity, TODAY)

    assert order.index(near) >= order.index(far)


@pytest.mark.parametrize("typed", ["A123456902", "A 123-456-902", "123456902", "a1234902"])
def test_an_a_number_shows_its_last_three_digits_only(typed: str) -> None:
    assert amparo.mask_a(typed) == "A••• ••• 902"


def test_what_is_too_short_for_an_a_number_shows_none_of_its_digits() -> None:
    assert amparo.mask_a("A12902") == "A••• ••• •••"
    assert amparo.mask_a("") == amparo.mask_a(None) == ""


def test_a_drawing_of_paths_may_stand_in_the_page_without_its_declaration() -> None:
    drawn = amparo.inline_svg('<?xml version="1.0"?>\n<svg viewBox="0 0 1 1"><path d="M0,0H1V1z" /></svg>')

    assert drawn == '<svg viewBox="0 0 1 1"><path d="M0,0H1V1z" /></svg>'


@pytest.mark.parametrize(
    "markup",
    [
        "",
        "otpauth://totp",
        "<svg><script>alert(1)</script></svg>",
        '<svg onload="alert(1)"><path d=""/></svg>',
        '<svg/onload="alert(1)"><path d=""/></svg>',
        '<svg><a href="javascript:alert(1)"><path d=""/></a></svg>',
        '<svg><path style="x" d=""/></svg>',
        "<svg><image href='x'/></svg>",
    ],
)
def test_anything_else_is_refused(markup: str) -> None:
    with pytest.raises(ValueError, match="plain paths"):
        amparo.inline_svg(markup)


@pytest.mark.parametrize(
    ("url_name", "place"),
    [
        ("today", "today"),
        ("client", "clients"),
        ("client-edit", "clients"),
        ("relative-new", "clients"),
        ("matter", "matters"),
        ("deadline-confirm", "matters"),
        ("printed-date-new", "matters"),
        ("filing-new", "filings"),
        ("purge-approve", "retention"),
        ("staff-role", "staff"),
        ("mfa_index", ""),
    ],
)
def test_the_rail_marks_where_the_page_belongs(url_name: str, place: str) -> None:
    request = SimpleNamespace(resolver_match=SimpleNamespace(url_name=url_name))

    assert amparo.rail_here(Context({"request": request})) == place
    assert amparo.rail_here(Context({"request": request, "here": "filings"})) == "filings"


def test_a_page_this_installation_does_not_have_has_no_address() -> None:
    assert amparo.page("no-such-page") == ""
