"""A notice that came waits until its dates are entered, or someone says that none follows."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.http import Http404

from caseapp.access.models import User
from caseapp.access.rules import MayNot
from caseapp.audit.models import Entry
from caseapp.deadlines import notices
from caseapp.deadlines.models import CaseEvent, Notice
from caseapp.deadlines.notices import Arrived
from caseapp.deadlines.rules.errors import RuleError
from caseapp.deadlines.services import AlreadyDecided, NotSoDecided
from caseapp.vault import keyring, resealing, rotation
from caseapp.vault.models import SubjectKey
from tests.conftest import NOW, TODAY, Cast

Event = Entry.Event


def came(cast: Cast, *, kind: str = "uscis-rfe") -> Notice:
    said = Arrived(arrived_on=TODAY, service="mail", kind=kind, dated=date(2026, 6, 1), sender="USCIS")
    return notices.record(cast.matter, said, by=cast.ana, at=NOW)


def counted(user: User) -> int:
    return notices.waiting(user).count()


def test_a_notice_waits_until_what_it_says_is_entered_in_the_same_act(cast: Cast) -> None:
    notice = came(cast, kind="ij-decision")
    before = counted(cast.ana)

    event = notices.enter_event(
        notice, kind="ij-decision", on=TODAY, service="mail", outcome="denied", note="", by=cast.ana, at=NOW
    )

    assert (before, counted(cast.ana)) == (1, 0)
    assert Notice.objects.get().event == event
    acts = Entry.objects.filter(object_id=notice.id).order_by("seq").values_list("event", flat=True)
    assert list(acts) == [Event.NOTICE_ARRIVED, Event.NOTICE_ENTERED]


def test_a_printed_date_from_it_settles_it_as_well(cast: Cast) -> None:
    notice = came(cast)

    deadline = notices.enter_printed_date(
        notice,
        title="Response",
        due=TODAY + timedelta(days=60),
        notice_on=TODAY,
        severity="fatal",
        note="",
        by=cast.ana,
        at=NOW,
    )

    assert counted(cast.ana) == 0
    assert Notice.objects.get().event == deadline.event


def test_saying_that_no_date_follows_keeps_the_reason(cast: Cast) -> None:
    notice = came(cast)

    notices.no_date_follows(notice, reason="A receipt", by=cast.ana, at=NOW)

    assert counted(cast.ana) == 0
    assert (Notice.objects.get().reason, Notice.objects.get().event) == ("A receipt", None)
    assert Entry.objects.filter(event=Event.NOTICE_NO_DATE, object_id=notice.id).count() == 1


def test_what_cannot_be_entered_leaves_the_notice_waiting(cast: Cast) -> None:
    notice = came(cast)

    with pytest.raises(RuleError):
        notices.enter_event(
            notice, kind="no-such-kind", on=TODAY, service="", outcome="", note="", by=cast.ana, at=NOW
        )

    assert counted(cast.ana) == 1


def test_a_notice_that_a_colleague_settled_enters_nothing_twice(cast: Cast) -> None:
    notice = came(cast)
    notices.no_date_follows(notice, reason="A receipt", by=cast.dee, at=NOW)

    with pytest.raises(AlreadyDecided):
        notices.enter_printed_date(
            notice,
            title="Response",
            due=TODAY,
            notice_on=TODAY,
            severity="fatal",
            note="",
            by=cast.ana,
            at=NOW,
        )

    assert not CaseEvent.objects.exists()


def test_a_notice_is_not_dated_after_it_came(cast: Cast) -> None:
    said = Arrived(arrived_on=TODAY, service="mail", dated=TODAY + timedelta(days=1))

    with pytest.raises(NotSoDecided):
        notices.record(cast.matter, said, by=cast.ana, at=NOW)


@pytest.mark.parametrize("outsider", ["ben", "cam", "ira", "eve"])
def test_to_someone_outside_the_matter_no_notice_came(cast: Cast, outsider: str) -> None:
    notice = came(cast)
    user: User = getattr(cast, outsider)

    assert counted(user) == 0
    assert not notices.matters_with_any(user).exists()
    with pytest.raises(Http404):
        notices.notice_for(user, notice.id)


def test_a_volunteer_may_neither_record_nor_settle_one(cast: Cast) -> None:
    notice = came(cast)

    with pytest.raises(MayNot):
        notices.record(cast.matter, Arrived(arrived_on=TODAY, service="mail"), by=cast.vic, at=NOW)
    with pytest.raises(MayNot):
        notices.no_date_follows(notice, reason="A receipt", by=cast.vic, at=NOW)


def test_a_closed_matters_notice_waits_no_more(cast: Cast) -> None:
    came(cast)

    type(cast.matter).objects.filter(pk=cast.matter.pk).update(
        closed_on=TODAY, kept_as="FULL", keep_until=TODAY
    )

    assert counted(cast.ana) == 0


def test_a_new_key_of_the_matter_seals_its_notices_again(cast: Cast) -> None:
    came(cast)
    keys = SubjectKey.objects.filter(subject_id=cast.matter.id)
    old = [bytes(key_id) for key_id in keys.values_list("key_id", flat=True)]

    rotation.rotate_subject(cast.clinic.id, cast.matter.id, at=NOW)

    keyring.drop_all()
    assert resealing.still_named(cast.clinic.id, old) == frozenset()
    assert Notice.objects.get().sender == "USCIS"
