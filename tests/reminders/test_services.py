"""Reminders: none lost, none twice, and none that says who it is about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection

from caseapp.audit.models import Entry
from caseapp.deadlines import services as deadlines
from caseapp.deadlines.models import Deadline
from caseapp.matters import services as matters
from caseapp.reminders import owing, queries, sending, services
from caseapp.reminders.models import Reminder
from caseapp.vault import keyring
from tests.conftest import EULALIA, MATEO, NOW, TODAY, Cast

SAFE = date(2026, 7, 2)
LINE = re.compile(
    r"[A-Z]+-\d+: (act today|\d+ days? left to act|\d+ days? late)"
    r"(, not confirmed yet)?(, and nobody has answered)?"
)
SIGN_IN = re.compile(r"Sign in to see what is due: http://localhost:\d+")
SUBJECTS = {"A date is late", "A date is today", "A date is coming up"}


def noon(day: date) -> datetime:
    """Noon in New York, in summer."""
    return NOW + (day - TODAY)


def sent_to(user_email: str) -> list[EmailMessage]:
    return [message for message in mail.outbox if message.to == [user_email]]


def test_everyone_on_the_matter_is_told_on_a_rung_of_the_ladder_and_nobody_else(
    cast: Cast, appeal: Deadline
) -> None:
    services.remind(now=noon(SAFE - timedelta(days=7)))

    assert sorted(message.to[0] for message in mail.outbox) == sorted([cast.ana.email, cast.vic.email])
    assert mail.outbox[0].body.splitlines()[0] == f"{cast.matter.code}: 7 days left to act"


def test_twice_the_same_night_sends_once(cast: Cast, appeal: Deadline) -> None:
    first = services.remind(now=noon(SAFE - timedelta(days=7)))

    second = services.remind(now=noon(SAFE - timedelta(days=7)) + timedelta(hours=1))

    assert (first, second) == (2, 0)
    assert len(mail.outbox) == 2
    assert Entry.objects.filter(event=Entry.Event.REMINDER_SENT).count() == 2


def test_a_day_without_a_rung_sends_nothing(cast: Cast, appeal: Deadline) -> None:
    services.remind(now=noon(SAFE - timedelta(days=7)))
    services.acknowledge(appeal, by=cast.ana, at=noon(SAFE - timedelta(days=7)))

    sent = services.remind(now=noon(SAFE - timedelta(days=6)))

    assert sent == 0


def test_a_day_late_sends_once_and_says_how_many_days_are_left_now(cast: Cast, appeal: Deadline) -> None:
    """The machine was off on the day of the rung."""
    services.remind(now=noon(SAFE - timedelta(days=6)))
    services.remind(now=noon(SAFE - timedelta(days=6)) + timedelta(hours=3))

    assert len(sent_to(cast.ana.email)) == 1
    assert "6 days left to act" in sent_to(cast.ana.email)[0].body


def test_of_several_missed_rungs_only_the_latest_goes(cast: Cast, appeal: Deadline) -> None:
    services.remind(now=noon(SAFE - timedelta(days=21)))
    mail.outbox.clear()

    services.remind(now=noon(SAFE - timedelta(days=2)))

    assert len(sent_to(cast.ana.email)) == 1
    assert "2 days left to act" in sent_to(cast.ana.email)[0].body


def test_it_goes_on_after_the_safe_day_and_the_last_lawful_day(cast: Cast, appeal: Deadline) -> None:
    days = [date(2026, 7, day) for day in range(2, 21)]

    for day in days:
        services.remind(now=noon(day))

    said = [message.body.splitlines()[0].split(": ")[1] for message in sent_to(cast.ana.email)]
    assert said == [
        "act today", "1 day late", "2 days late", "3 days late", "4 days late", "5 days late", "12 days late",
    ]  # fmt: skip


def cut_off_while_sending(now: datetime, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Remind, and lose the machine as the first message is handed over; return its Message-ID."""
    tried: list[str] = []

    def power_cut(self: EmailMessage, fail_silently: bool = False) -> int:
        tried.append(self.extra_headers["Message-ID"])
        raise KeyboardInterrupt

    with monkeypatch.context() as cut:
        cut.setattr(EmailMessage, "send", power_cut)
        with pytest.raises(KeyboardInterrupt):
            services.remind(now=now)
    return tried


def test_a_fatal_date_within_days_that_was_cut_off_is_sent_again_that_day_as_the_same_message(
    cast: Cast, appeal: Deadline, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = noon(SAFE - timedelta(days=2))

    (tried,) = cut_off_while_sending(now, monkeypatch)
    services.remind(now=now + timedelta(minutes=1))
    soon_after = [message.extra_headers["Message-ID"] for message in mail.outbox]
    services.remind(now=now + timedelta(minutes=11))

    ids = [message.extra_headers["Message-ID"] for message in mail.outbox]
    assert tried not in soon_after
    assert ids.count(tried) == 1
    assert len(ids) == 2
    assert not Reminder.objects.exclude(state=Reminder.State.SENT).exists()


def test_what_is_further_off_and_was_cut_off_is_told_the_next_morning_and_not_twice_that_day(
    cast: Cast, appeal: Deadline, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = noon(SAFE - timedelta(days=7))

    cut_off_while_sending(now, monkeypatch)
    for hours in range(1, 8):
        services.remind(now=now + timedelta(hours=hours))
    that_day = [message.to for message in mail.outbox]
    services.remind(now=now + timedelta(days=1))

    assert len(that_day) == 1
    told = {message.to[0]: message.body.splitlines()[0] for message in mail.outbox}
    assert told[cast.ana.email].startswith(cast.matter.code) and told[cast.vic.email]
    (late,) = [m for m in mail.outbox if [m.to[0]] not in that_day and m.to != [cast.dee.email]]
    assert "6 days left to act" in late.body
    assert not Reminder.objects.exclude(state=Reminder.State.SENT).exists()


def test_while_the_mail_server_is_down_reminders_stay_owed(
    cast: Cast, appeal: Deadline, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = noon(SAFE - timedelta(days=7))

    def refuse(self: Any, messages: Sequence[EmailMessage]) -> int:
        raise ConnectionRefusedError(f"no route to {messages[0].to[0]}")

    with monkeypatch.context() as down:
        down.setattr(EmailBackend, "send_messages", refuse)
        while_down = services.remind(now=now)
    owed = Reminder.objects.filter(state=Reminder.State.OWED).count()
    after = services.remind(now=now + timedelta(minutes=5))

    assert (while_down, owed, after) == (0, 2, 2)


def test_the_log_of_a_failed_mail_names_nobody(
    cast: Cast, appeal: Deadline, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(self: Any, messages: Sequence[EmailMessage]) -> int:
        raise ConnectionRefusedError(f"no route to {messages[0].to[0]}")

    monkeypatch.setattr(EmailBackend, "send_messages", refuse)

    services.remind(now=noon(SAFE - timedelta(days=7)))

    assert "did not take them: ConnectionRefusedError" in caplog.text
    assert cast.ana.email not in caplog.text


def test_a_closed_date_is_not_reminded_of(cast: Cast, appeal: Deadline) -> None:
    change = deadlines.mark_met(appeal, by=cast.ana, at=NOW, on=TODAY, today=TODAY, proof="Stamped copy")
    deadlines.second(change, by=cast.dee, at=NOW)

    sent = services.remind(now=noon(SAFE - timedelta(days=7)))

    assert sent == 0


def test_a_date_closed_after_it_was_owed_is_not_reminded_of(cast: Cast, appeal: Deadline) -> None:
    owing.owe(cast.clinic.id, today=SAFE - timedelta(days=7))
    change = deadlines.mark_met(appeal, by=cast.ana, at=NOW, on=TODAY, today=TODAY, proof="Stamped copy")
    deadlines.second(change, by=cast.dee, at=NOW)

    sent = sending.send_owed(now=noon(SAFE - timedelta(days=7)))

    assert sent == 0
    assert not Reminder.objects.exists()


def test_a_date_that_waits_for_a_second_person_is_still_reminded_of(cast: Cast, appeal: Deadline) -> None:
    deadlines.mark_met(appeal, by=cast.ana, at=NOW, on=TODAY, today=TODAY, proof="Stamped copy")

    sent = services.remind(now=noon(SAFE - timedelta(days=7)))

    assert sent == 2


def test_a_date_that_moved_climbs_its_ladder_again(cast: Cast, appeal: Deadline) -> None:
    services.remind(now=noon(SAFE - timedelta(days=7)))
    mail.outbox.clear()
    change = deadlines.move(appeal, by=cast.ana, at=NOW, legal=date(2026, 7, 9), reason="Order")
    deadlines.second(change, by=cast.dee, at=NOW)

    services.remind(now=noon(SAFE))

    assert "7 days left to act" in sent_to(cast.ana.email)[0].body


def test_nothing_goes_out_at_night(cast: Cast, appeal: Deadline) -> None:
    four_in_the_morning = noon(SAFE - timedelta(days=7)) - timedelta(hours=8)

    sent = services.remind(now=four_in_the_morning)

    assert sent == 0
    assert not mail.outbox


def test_a_matter_that_nobody_is_on_goes_to_the_directors(cast: Cast, appeal: Deadline) -> None:
    cast.matter.assignments.update(ended_at=NOW)

    services.remind(now=noon(SAFE - timedelta(days=7)))

    assert [message.to for message in mail.outbox] == [[cast.dee.email]]


def test_whoever_left_is_not_written_to(cast: Cast, appeal: Deadline) -> None:
    cast.vic.is_active = False
    cast.vic.save(update_fields=["is_active"])

    services.remind(now=noon(SAFE - timedelta(days=7)))

    assert [message.to for message in mail.outbox] == [[cast.ana.email]]


def test_one_person_gets_one_message_for_all_their_dates(cast: Cast, appeal: Deadline) -> None:
    other = matters.open_matter(cast.mateo, kind="asylum-defensive", by=cast.ana, on=TODAY, at=NOW)
    deadlines.record_printed_date(
        other,
        title="Brief",
        due=SAFE,
        notice_on=TODAY,
        severity="fatal",
        note="",
        by=cast.ana,
        at=NOW,
    )

    services.remind(now=noon(SAFE - timedelta(days=7)))

    (message,) = sent_to(cast.ana.email)
    assert f"{cast.matter.code}: 7 days left to act\n" in message.body
    assert f"{other.code}: 7 days left to act, not confirmed yet\n" in message.body


def test_a_message_has_a_case_code_the_days_and_the_address_and_no_other_word(
    cast: Cast, appeal: Deadline
) -> None:
    for day in [SAFE - timedelta(days=21), SAFE, SAFE + timedelta(days=1)]:
        services.remind(now=noon(day))

    for message in mail.outbox:
        *lines, empty, sign_in = message.body.rstrip("\n").split("\n")
        assert message.subject in SUBJECTS
        assert all(LINE.fullmatch(line) for line in lines), lines
        assert empty == ""
        assert SIGN_IN.fullmatch(sign_in), sign_in
        assert set(message.extra_headers) == {"Message-ID", "Auto-Submitted"}


def test_what_is_kept_about_a_reminder_says_nothing_of_the_client(cast: Cast, appeal: Deadline) -> None:
    services.remind(now=noon(SAFE - timedelta(days=7)))

    with connection.cursor() as cursor:
        cursor.execute("SELECT r::text FROM caseapp_reminder r")
        rows = "\n".join(row for (row,) in cursor.fetchall())
    typed = [
        MATEO.given_names,
        MATEO.first_surname,
        MATEO.second_surname,
        MATEO.a_number,
        EULALIA.given_names,
    ]
    assert rows
    assert re.fullmatch(r"[-0-9a-f(),:\n\" +.]*", rows.replace("SENT", "")), (
        "only references, dates and numbers"
    )
    assert not any(value in rows for value in typed)


def test_nothing_is_opened_to_remind(cast: Cast, appeal: Deadline, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that reminds holds no root key."""
    keyring.drop_all()

    def no_key(*args: object, **options: object) -> None:
        raise AssertionError("a key was asked for")

    monkeypatch.setattr(keyring, "key_by_id", no_key)
    monkeypatch.setattr(keyring, "field_key", no_key)

    sent = services.remind(now=noon(SAFE - timedelta(days=7)))

    assert sent == 2


def test_the_page_of_a_date_says_which_reminders_went_and_which_come(cast: Cast, appeal: Deadline) -> None:
    services.remind(now=noon(SAFE - timedelta(days=7)))

    rungs = queries.ladder_of(appeal, today=SAFE - timedelta(days=7))

    by_day = {(SAFE - rung.on).days: rung for rung in rungs}
    assert by_day[7].sent
    assert by_day[21].missed
    assert not by_day[3].sent and not by_day[3].missed
    assert [rung.on for rung in rungs] == sorted(rung.on for rung in rungs)
