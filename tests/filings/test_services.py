"""Filings: what went out, what proves it, what it meets, and what a rejection undoes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest
from django.db import connections

from caseapp.access.models import User
from caseapp.access.rules import MayNot
from caseapp.audit.models import Entry
from caseapp.deadlines import services as deadlines
from caseapp.deadlines.models import Change, Deadline
from caseapp.filings import queries, services
from caseapp.filings.models import Filing
from caseapp.filings.services import NotSoFiled, Sent
from caseapp.matters import services as matters
from caseapp.matters.models import Assignment
from tests.conftest import NOW, TODAY, Cast

APPEAL = Sent(form="EOIR-26", how="courier", filed_on=TODAY, tracking_number="1Z 999 AA1 0123")


def due(cast: Cast, severity: str = "serious") -> Deadline:
    return deadlines.record_printed_date(
        cast.matter,
        title="Notice of appeal",
        due=TODAY + timedelta(days=20),
        notice_on=TODAY,
        severity=severity,
        note="",
        by=cast.ana,
        at=NOW,
    )


def file(cast: Cast, *, meets: Deadline | None = None, sent: Sent = APPEAL) -> Filing:
    return services.record_filing(cast.matter, sent, by=cast.ana, at=NOW, today=TODAY, meets=meets)


def outcome(filing: Filing, state: str, by: User, on: date = TODAY) -> list[Deadline]:
    return services.record_outcome(filing, state=state, on=on, note="", by=by, at=NOW, today=TODAY)


def test_a_filing_meets_the_date_it_is_said_to_meet(cast: Cast) -> None:
    deadline = due(cast)

    filing = file(cast, meets=deadline)

    deadline.refresh_from_db()
    assert (deadline.state, deadline.met_on) == (Deadline.State.MET, TODAY)
    assert [change.deadline_id for change in queries.met_by(filing)] == [deadline.id]


def test_a_fatal_date_stays_open_until_a_second_person_agrees_that_the_filing_met_it(cast: Cast) -> None:
    deadline = due(cast, "fatal")

    filing = file(cast, meets=deadline)
    deadline.refresh_from_db()
    before = deadline.is_open
    deadlines.second(queries.met_by(filing)[0], by=cast.dee, at=NOW)

    deadline.refresh_from_db()
    assert before
    assert deadline.state == Deadline.State.MET


def test_a_rejected_filing_opens_its_date_again(cast: Cast) -> None:
    deadline = due(cast)
    filing = file(cast, meets=deadline)

    opened = outcome(filing, Filing.State.REJECTED, cast.ana)

    deadline.refresh_from_db()
    assert opened == [deadline]
    assert (deadline.state, deadline.met_on) == (Deadline.State.CONFIRMED, None)
    assert Entry.objects.filter(event=Entry.Event.DEADLINE_REOPENED, object_id=deadline.id).count() == 1


def test_a_rejected_filing_ends_the_question_whether_it_met_a_fatal_date(cast: Cast) -> None:
    deadline = due(cast, "fatal")
    filing = file(cast, meets=deadline)

    opened = outcome(filing, Filing.State.REJECTED, cast.ana)

    assert opened == [deadline]
    assert not Change.objects.filter(state=Change.State.WAITING).exists()


@pytest.mark.parametrize("state", [Filing.State.RECEIVED, Filing.State.GRANTED, Filing.State.DENIED])
def test_any_other_outcome_leaves_the_date_met(cast: Cast, state: str) -> None:
    deadline = due(cast)

    opened = outcome(file(cast, meets=deadline), state, cast.ana)

    deadline.refresh_from_db()
    assert opened == []
    assert deadline.state == Deadline.State.MET


def test_a_filing_and_the_date_it_meets_are_recorded_both_or_not_at_all(cast: Cast) -> None:
    other = matters.open_matter(cast.mateo, kind="asylum-defensive", by=cast.ana, on=TODAY, at=NOW)
    elsewhere = deadlines.record_printed_date(
        other, title="Brief", due=TODAY, notice_on=TODAY, severity="serious", note="", by=cast.ana, at=NOW
    )

    with pytest.raises(NotSoFiled, match="another matter"):
        file(cast, meets=elsewhere)

    assert not Filing.objects.exists()
    assert not Entry.objects.filter(event=Entry.Event.FILING_RECORDED).exists()


@pytest.mark.parametrize(
    "sent, says",
    [
        (Sent(form="EOIR-26", how="courier", filed_on=TODAY), "what proves it"),
        (Sent(form="EOIR-26", how="mail", filed_on=TODAY + timedelta(days=1), proof="Copy"), "not come yet"),
    ],
)
def test_a_filing_needs_proof_and_a_day_that_has_come(cast: Cast, sent: Sent, says: str) -> None:
    with pytest.raises(NotSoFiled, match=says):
        file(cast, sent=sent)


def test_an_outcome_is_of_a_day_between_the_filing_and_today(cast: Cast) -> None:
    filing = file(cast)

    with pytest.raises(NotSoFiled, match="between the filing and today"):
        outcome(filing, Filing.State.RECEIVED, cast.ana, on=TODAY - timedelta(days=1))


def test_a_receipt_number_finds_the_client_afterwards(cast: Cast) -> None:
    file(cast, sent=Sent(form="I-765", how="mail", filed_on=TODAY, receipt_number="IOE0912345678"))

    cast.mateo.refresh_from_db()

    assert "IOE0912345678" in cast.mateo.search_card["receipts"]


def test_a_volunteer_cannot_record_a_filing(cast: Cast) -> None:
    with pytest.raises(MayNot):
        services.record_filing(cast.matter, APPEAL, by=cast.vic, at=NOW, today=TODAY)


@pytest.mark.django_db(transaction=True, databases=["default", "keyring"])
def test_of_two_outcomes_recorded_at_once_one_is_told_it_came_second(cast: Cast) -> None:
    matters.assign(cast.matter, cast.ben, role=Assignment.Role.PARALEGAL, by=cast.dee, today=TODAY)
    filing = file(cast)
    ready = Barrier(2)

    def record(who: User) -> str:
        mine = Filing.objects.select_related("matter").get(pk=filing.pk)
        state = Filing.State.REJECTED if who == cast.ben else Filing.State.RECEIVED
        ready.wait(timeout=20)
        try:
            outcome(mine, state, who)
            return "recorded"
        except NotSoFiled:
            return "second"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(record, [cast.dee, cast.ben]))

    assert sorted(outcomes) == ["recorded", "second"]
    assert Entry.objects.filter(event=Entry.Event.FILING_CHANGED).count() == 1
