"""Calendar links, as a calendar program meets them: without a session, a key or a name."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from caseapp.access import services as access
from caseapp.access import wall
from caseapp.access.models import User
from caseapp.audit.models import Entry as AuditEntry
from caseapp.deadlines import services as deadlines
from caseapp.deadlines.models import Deadline
from caseapp.matters import services as matters
from caseapp.reminders import feeds, ical
from caseapp.reminders.models import Feed
from caseapp.vault import keyring
from tests.conftest import NOW, TODAY, Browser, Cast, as_the_web_process

Signed = Callable[[User], Client]
LATER = NOW + timedelta(days=1)
ACT_BY = date(2026, 6, 24)


def due(cast: Cast, on: date = ACT_BY) -> Deadline:
    return deadlines.record_printed_date(
        cast.matter,
        title="Notice of appeal",
        due=on,
        notice_on=TODAY,
        severity="advisory",
        note="",
        by=cast.ana,
        at=NOW,
    )


def fetch(link: str, **headers: str) -> Any:
    return Browser().get(re.sub(r"^https?://[^/]+", "", link), headers=headers)


def events(answer: Any) -> list[Any]:
    return list(Calendar.from_ical(answer.content).walk("VEVENT"))


def test_a_calendar_program_gets_the_open_dates_of_the_persons_matters(cast: Cast) -> None:
    due(cast)
    link = feeds.make(cast.ana, now=NOW)

    answer = fetch(link)

    (event,) = events(answer)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert event["SUMMARY"] == f"{cast.matter.code} date"
    assert (event.decoded("DTSTART"), event.decoded("DTEND")) == (ACT_BY, ACT_BY + timedelta(days=1))
    assert event.decoded("LAST-MODIFIED") == event.decoded("DTSTAMP") == NOW
    (alarm,) = event.walk("VALARM")
    assert alarm.decoded("TRIGGER") == timedelta(days=-1)


def test_it_names_nobody_and_nothing(cast: Cast) -> None:
    deadline = due(cast)

    text = fetch(feeds.make(cast.ana, now=NOW)).content.decode()

    told = ["Pascual", "Mateo", "appeal", "Clínica", "EOIR", "asylum", "Ana", "@", "http"]
    told += [str(each) for each in (deadline.id, cast.matter.id, cast.ana.id, cast.clinic.id)]
    assert [word for word in told if word in text] == []


def test_it_holds_a_time_zone_and_every_line_is_folded_and_ends_as_it_should(cast: Cast) -> None:
    due(cast)

    raw = fetch(feeds.make(cast.ana, now=NOW)).content

    (zone,) = Calendar.from_ical(raw).walk("VTIMEZONE")
    assert zone["TZID"] == "America/New_York"
    assert raw.count(b"\n") == raw.count(b"\r\n")
    assert all(len(line) <= 75 for line in raw.split(b"\r\n"))


def test_it_opens_nothing_sealed(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    due(cast)
    link = feeds.make(cast.ana, now=NOW)
    keyring.drop_all()

    def no_key(*_args: object, **_options: object) -> None:
        raise AssertionError("a key was asked for")

    monkeypatch.setattr(keyring, "_load", no_key)

    assert len(events(fetch(link))) == 1


def test_a_hearing_is_not_in_it_and_its_preparation_is(cast: Cast) -> None:
    on = date(2026, 9, 8)
    deadlines.record_event(
        cast.matter, kind="hearing-set", on=on, service="n/a", outcome="master", note="", by=cast.ana, at=NOW
    )

    days = {event.decoded("DTSTART") for event in events(fetch(feeds.make(cast.ana, now=NOW)))}

    assert days and on not in days


def test_what_is_met_leaves_it_and_a_uid_stays(cast: Cast) -> None:
    met, stays = due(cast), due(cast, ACT_BY + timedelta(days=1))
    link = feeds.make(cast.ana, now=NOW)
    before = {event["UID"] for event in events(fetch(link))}
    Deadline.objects.filter(pk=met.pk).update(state="MET", met_on=TODAY)

    (left,) = events(fetch(link))

    assert left["UID"] in before
    assert left.decoded("DTSTART") == stays.safe


def test_a_decision_is_seen_in_its_time(cast: Cast) -> None:
    deadline = due(cast)
    link = feeds.make(cast.ana, now=NOW)

    deadlines.confirm(deadline, by=cast.ana, at=LATER)

    (event,) = events(fetch(link))
    assert event["STATUS"] == "CONFIRMED"
    assert event.decoded("LAST-MODIFIED") == LATER


def test_an_unchanged_calendar_is_not_sent_again(cast: Cast) -> None:
    due(cast)
    link = feeds.make(cast.ana, now=NOW)
    etag = fetch(link)["ETag"]

    same = fetch(link, if_none_match=etag)
    weak = fetch(link, if_none_match=f'"other", W/{etag}')
    due(cast, ACT_BY + timedelta(days=2))
    changed = fetch(link, if_none_match=etag)

    assert (same.status_code, same.content, same["ETag"]) == (304, b"", etag)
    assert weak.status_code == 304
    assert (changed.status_code, len(events(changed))) == (200, 2)
    for answer in (same, changed):
        assert answer["Cache-Control"] == "private, no-cache"
        assert not answer.cookies


@pytest.mark.parametrize("outsider", ["ben", "cam", "dee", "ira", "eve"])
def test_nobody_gets_the_dates_of_a_matter_they_are_not_on(cast: Cast, outsider: str) -> None:
    due(cast)

    answer = fetch(feeds.make(getattr(cast, outsider), now=NOW))

    assert answer.status_code == 200
    assert events(answer) == []


def test_whoever_is_taken_off_or_screened_off_a_matter_gets_its_dates_no_more(cast: Cast) -> None:
    due(cast)
    link = feeds.make(cast.vic, now=NOW)
    before = len(events(fetch(link)))

    matters.take_off(cast.matter, cast.vic, by=cast.ana, at=NOW)

    assert (before, events(fetch(link))) == (1, [])


def test_a_link_ends_when_another_is_made_or_when_its_owner_ends_it(cast: Cast) -> None:
    first = feeds.make(cast.ana, now=NOW)
    second = feeds.make(cast.ana, now=NOW)
    before = [fetch(link).status_code for link in (first, second)]

    ended = feeds.end(cast.ana)

    assert before == [404, 200]
    assert ended and not feeds.end(cast.ana)
    assert fetch(second).status_code == 404


def test_a_link_ends_with_its_owners_lock_out_and_stays_ended(cast: Cast) -> None:
    link = feeds.make(cast.ana, now=NOW)
    access.lock_out(cast.dee, cast.ana, now=LATER)
    locked_out = fetch(link)

    access.let_in(cast.dee, cast.ana, now=LATER)

    assert locked_out.status_code == 404
    assert fetch(link).status_code == 404
    assert locked_out.content == fetch("/feeds/not-a-token.ics").content


def test_a_link_ends_when_signing_in_is_reset(cast: Cast) -> None:
    link = feeds.make(cast.ana, now=NOW)

    access.reset_signing_in(cast.dee, cast.ana, now=LATER)

    assert fetch(link).status_code == 404


def test_the_token_is_kept_nowhere(cast: Cast) -> None:
    link = feeds.make(cast.ana, now=NOW)
    token = link.rsplit("/", 1)[1].removesuffix(".ics")

    kept = Feed.objects.values().get(user=cast.ana)

    assert len(token) >= 43
    assert token not in repr(kept) and token.encode() not in bytes(kept["token_hash"])


def test_the_door_of_a_feed_shows_that_feed_and_nothing_else(cast: Cast) -> None:
    for user in (cast.ana, cast.ben, cast.eve):
        feeds.make(user, now=NOW)
    anas = Feed.objects.get(user=cast.ana)

    wall.open_feed(bytes(anas.token_hash))
    try:
        with as_the_web_process():
            seen = [feed.id for feed in Feed.objects.all()]
            people = User.objects.count()
    finally:
        wall.leave()

    assert (seen, people) == ([anas.id], 0)


def test_making_and_ending_a_link_leave_a_trace_without_it(cast: Cast) -> None:
    feeds.make(cast.ana, now=NOW)
    feeds.end(cast.ana)

    traces = AuditEntry.objects.filter(actor_id=cast.ana.id, event__startswith="feed:").order_by("seq")

    assert [trace.event for trace in traces] == ["feed:made", "feed:ended"]


def test_the_page_shows_the_link_once_and_ends_it(cast: Cast, client_for: Signed) -> None:
    ana = client_for(cast.ana)

    made = ana.post(reverse("calendar-link-make")).content.decode()
    again = ana.get(reverse("calendar-link")).content.decode()
    ended = ana.post(reverse("calendar-link-end"), follow=True).content.decode()

    link = re.search(r"https?://[^<]*/feeds/([\w-]+)\.ics", made)
    assert link and link[1] not in again
    assert "You have a link, made on" in again
    assert "The link has ended." in ended and "You have no link." in ended
    assert fetch(link[0]).status_code == 404


@given(
    st.lists(
        st.builds(
            ical.Entry,
            id=st.uuids(),
            code=st.from_regex(r"[A-Z]{3,10}-[1-9][0-9]{0,4}", fullmatch=True),
            on=st.dates(min_value=date(1990, 1, 1), max_value=date(2100, 12, 31)),
            confirmed=st.booleans(),
            changed_at=st.datetimes(
                min_value=datetime(2000, 1, 1), max_value=datetime(2090, 1, 1), timezones=st.just(UTC)
            ),
        ),
        max_size=5,
        unique_by=lambda entry: entry.id,
    )
)
def test_whatever_is_written_is_read_back_the_same(entries: list[ical.Entry]) -> None:
    feed = uuid4()

    raw = ical.calendar_text(entries, feed=feed, time_zone="America/Chicago")

    read = Calendar.from_ical(raw).walk("VEVENT")
    said = sorted((event.decoded("DTSTART"), str(event["SUMMARY"])) for event in read)
    assert said == sorted((entry.on, f"{entry.code} date") for entry in entries)
    assert len({str(event["UID"]) for event in read}) == len(entries)
    assert raw == ical.calendar_text(reversed(entries), feed=feed, time_zone="America/Chicago")
