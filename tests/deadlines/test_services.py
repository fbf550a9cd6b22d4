"""Events make proposals; people decide about dates, and about a fatal one two people do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier

import pytest
from django.db import connections

from caseapp.access.models import User
from caseapp.access.rules import MayNot
from caseapp.audit.models import Entry
from caseapp.deadlines import services
from caseapp.deadlines.models import Change, Deadline
from caseapp.deadlines.services import AlreadyDecided, NeedsAnother, NotSoDecided
from caseapp.errors import Refused
from caseapp.matters import services as matters
from caseapp.matters.models import Assignment
from tests.conftest import NOW, TODAY, Cast

BOTH = ["default", "keyring"]
Event = Entry.Event


def decision(cast: Cast) -> list[Deadline]:
    """The judge denied orally on 3 June 2026: the dates that follow, as proposed to Ana."""
    _event, dates = services.record_event(
        cast.matter,
        kind="ij-decision",
        on=TODAY,
        service="oral",
        outcome="denied",
        note="",
        by=cast.ana,
        at=NOW,
    )
    return dates


def appeal(cast: Cast) -> Deadline:
    return next(
        d for d in decision(cast) if not d.protective and d.computation["rule"] == "bia-appeal-ij-decision"
    )


def paper(cast: Cast, *, severity: str = "serious", due: date = date(2026, 7, 7)) -> Deadline:
    """A printed date that one person may decide about, unless it is fatal."""
    return services.record_printed_date(
        cast.matter, title="Answer", due=due, notice_on=TODAY, severity=severity, note="", by=cast.ana, at=NOW
    )


def recorded(event: str, deadline: Deadline) -> int:
    return Entry.objects.filter(event=event, object_id=deadline.id).count()


def test_a_decision_proposes_its_dates_and_makes_none_of_them_a_deadline(cast: Cast) -> None:
    dates = decision(cast)

    main = next(d for d in dates if d.computation["variant"] == "30d")
    protective = next(d for d in dates if d.computation["variant"] == "10d-protective")
    assert (main.nominal, main.legal, main.safe) == (date(2026, 7, 3), date(2026, 7, 6), date(2026, 7, 2))
    assert protective.protective
    assert protective.computation["in_force_status"] == "vacated"
    assert {d.state for d in dates} == {Deadline.State.PROPOSED}


def test_the_count_is_kept_whole_and_opens_again_from_the_database(cast: Cast) -> None:
    deadline = appeal(cast)

    kept = Deadline.objects.get(pk=deadline.pk)

    assert (
        kept.computation["steps"][0][0]
        == "The judge gave the decision orally on Wed 3 Jun 2026. That day is day 0."
    )
    assert kept.computation["why"]


def test_one_person_confirms_a_date_that_is_not_fatal(cast: Cast) -> None:
    deadline = paper(cast)

    services.confirm(deadline, by=cast.ana, at=NOW)

    assert deadline.state == Deadline.State.CONFIRMED
    assert recorded(Event.DEADLINE_CONFIRMED, deadline) == 1


def test_a_fatal_date_stays_proposed_until_a_second_person_agrees(cast: Cast) -> None:
    deadline = appeal(cast)

    change = services.confirm(deadline, by=cast.ana, at=NOW)
    deadline.refresh_from_db()
    before = deadline.state
    services.second(change, by=cast.dee, at=NOW)

    deadline.refresh_from_db()
    assert before == Deadline.State.PROPOSED
    assert deadline.state == Deadline.State.CONFIRMED
    assert change.second_by == cast.dee
    assert [e.actor_id for e in Entry.objects.filter(event=Event.DEADLINE_CONFIRMED)] == [cast.dee.id]


def test_whoever_asked_cannot_be_the_second_person(cast: Cast) -> None:
    change = services.confirm(appeal(cast), by=cast.ana, at=NOW)

    with pytest.raises(NeedsAnother):
        services.second(change, by=cast.ana, at=NOW + timedelta(days=3))

    change.refresh_from_db()
    assert change.state == Change.State.WAITING


@pytest.mark.parametrize("hours, allowed", [(1, False), (11, False), (12, True), (20, True)])
def test_someone_alone_at_the_clinic_may_agree_after_a_night(cast: Cast, hours: int, allowed: bool) -> None:
    change = services.confirm(appeal(cast), by=cast.ana, at=NOW)
    User.objects.filter(pk__in=[cast.ben.pk, cast.cam.pk, cast.dee.pk]).update(is_active=False)

    may = services.may_second(change, by=cast.ana, at=NOW + timedelta(hours=hours))

    assert may is allowed
    if not allowed:
        with pytest.raises(NeedsAnother):
            services.second(change, by=cast.ana, at=NOW + timedelta(hours=hours))
        return
    services.second(change, by=cast.ana, at=NOW + timedelta(hours=hours))
    assert change.deadline.state == Deadline.State.CONFIRMED


def test_a_second_person_who_says_no_leaves_the_date_as_it_was(cast: Cast) -> None:
    deadline = appeal(cast)
    change = services.move(deadline, by=cast.ana, at=NOW, legal=date(2026, 8, 3), reason="Extension granted")

    services.refuse(change, by=cast.dee, at=NOW)

    deadline.refresh_from_db()
    assert (deadline.legal, deadline.state) == (date(2026, 7, 6), Deadline.State.PROPOSED)
    assert recorded(Event.CHANGE_REFUSED, deadline) == 1
    assert recorded(Event.DEADLINE_MOVED, deadline) == 0


def test_only_one_decision_waits_at_a_time(cast: Cast) -> None:
    deadline = appeal(cast)
    services.confirm(deadline, by=cast.ana, at=NOW)

    with pytest.raises(AlreadyDecided):
        services.drop(deadline, by=cast.dee, at=NOW, reason="Settled")


def test_a_date_that_moves_keeps_its_count_beside_it(cast: Cast) -> None:
    deadline = paper(cast, due=date(2026, 7, 7))

    services.move(deadline, by=cast.ana, at=NOW, legal=date(2026, 7, 19), reason="Order of 10 June")

    assert deadline.legal == date(2026, 7, 19)
    assert deadline.safe == date(2026, 7, 17), "19 July 2026 is a Sunday: act by the Friday before"
    assert deadline.nominal == date(2026, 7, 7)


def test_what_is_met_is_closed_and_can_be_opened_again(cast: Cast) -> None:
    deadline = paper(cast)
    services.mark_met(deadline, by=cast.ana, at=NOW, on=TODAY, today=TODAY, proof="Stamped copy")
    met = deadline.state, deadline.met_on

    services.reopen(deadline, by=cast.ana, at=NOW, reason="Sent back")

    assert met == (Deadline.State.MET, TODAY)
    assert (deadline.state, deadline.met_on) == (Deadline.State.CONFIRMED, None)


@pytest.mark.parametrize(
    "on, proof, says",
    [
        (TODAY + timedelta(days=1), "Copy", "has not come yet"),
        (TODAY, "  ", "Say how it was done"),
    ],
)
def test_a_date_is_met_only_with_a_day_that_has_come_and_with_proof(
    cast: Cast, on: date, proof: str, says: str
) -> None:
    deadline = paper(cast)

    with pytest.raises(NotSoDecided, match=says):
        services.mark_met(deadline, by=cast.ana, at=NOW, on=on, today=TODAY, proof=proof)

    assert not Change.objects.exists()


def test_a_date_printed_on_a_closed_day_is_to_be_acted_on_before_it(cast: Cast) -> None:
    deadline = paper(cast, due=date(2026, 7, 4))

    assert deadline.legal == date(2026, 7, 4)
    assert deadline.safe == date(2026, 7, 2), "3 July 2026 is the observed holiday"


@pytest.mark.parametrize("who", ["vic", "ira"])
def test_a_role_that_may_not_decide_is_told_so(cast: Cast, who: str) -> None:
    deadline = paper(cast)

    with pytest.raises(MayNot):
        services.confirm(deadline, by=getattr(cast, who), at=NOW)


def test_a_day_that_cannot_be_counted_from_records_nothing(cast: Cast) -> None:
    with pytest.raises(Refused):
        services.record_event(
            cast.matter,
            kind="ij-decision",
            on=date(1955, 1, 1),
            service="oral",
            outcome="denied",
            note="",
            by=cast.ana,
            at=NOW,
        )

    assert not cast.matter.events.exists()
    assert not Entry.objects.filter(event=Event.EVENT_RECORDED).exists()


@pytest.mark.parametrize(
    "asked, done", [("confirm", Event.DEADLINE_CONFIRMED), ("move", Event.DEADLINE_MOVED)]
)
@pytest.mark.django_db(transaction=True, databases=BOTH)
def test_of_two_people_who_agree_at_once_only_one_is_the_second(cast: Cast, asked: str, done: str) -> None:
    matters.assign(cast.matter, cast.ben, role=Assignment.Role.PARALEGAL, by=cast.dee, today=TODAY)
    deadline = appeal(cast)
    if asked == "confirm":
        change = services.confirm(deadline, by=cast.ana, at=NOW)
    else:
        change = services.move(deadline, by=cast.ana, at=NOW, legal=date(2026, 8, 3), reason="Order")
    ready = Barrier(2)

    def agree(who: User) -> str:
        mine = Change.objects.select_related("deadline__matter", "by").get(pk=change.pk)
        ready.wait(timeout=20)
        try:
            services.second(mine, by=who, at=NOW)
            return "second"
        except AlreadyDecided:
            return "too late"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(agree, [cast.dee, cast.ben]))

    assert sorted(outcomes) == ["second", "too late"]
    assert recorded(done, deadline) == 1


@pytest.mark.django_db(transaction=True, databases=BOTH)
def test_of_two_people_who_close_a_date_at_once_only_one_does(cast: Cast) -> None:
    matters.assign(cast.matter, cast.ben, role=Assignment.Role.PARALEGAL, by=cast.dee, today=TODAY)
    deadline = paper(cast)
    ready = Barrier(2)

    def close(who: User) -> str:
        mine = Deadline.objects.select_related("matter").get(pk=deadline.pk)
        ready.wait(timeout=20)
        try:
            if who == cast.ben:
                services.drop(mine, by=who, at=NOW, reason="Withdrawn")
            else:
                services.mark_met(mine, by=who, at=NOW, on=TODAY, today=TODAY, proof="Stamped copy")
            return "closed"
        except AlreadyDecided:
            return "too late"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(close, [cast.dee, cast.ben]))

    assert sorted(outcomes) == ["closed", "too late"]
    assert Change.objects.count() == 1


@pytest.mark.parametrize(
    "asked, allowed_from",
    [
        # 23:50 in New York: the next day is ten minutes off, a night is not over before 11:50.
        (datetime(2026, 6, 4, 3, 50, tzinfo=UTC), datetime(2026, 6, 4, 15, 50, tzinfo=UTC)),
        # 00:10 in New York: twelve hours later it is still the same day; the next begins at 04:00 UTC.
        (datetime(2026, 6, 4, 4, 10, tzinfo=UTC), datetime(2026, 6, 5, 4, 0, tzinfo=UTC)),
        (datetime(2026, 6, 3, 13, 0, tzinfo=UTC), datetime(2026, 6, 4, 4, 0, tzinfo=UTC)),
        # The night on which clocks are put back: midnight in New York is 05:00 UTC on the day after.
        (datetime(2026, 11, 1, 4, 30, tzinfo=UTC), datetime(2026, 11, 2, 5, 0, tzinfo=UTC)),
    ],
)
def test_someone_alone_at_the_clinic_agrees_the_next_day_and_a_night_later(
    cast: Cast, asked: datetime, allowed_from: datetime
) -> None:
    User.objects.filter(pk__in=[cast.ben.pk, cast.cam.pk, cast.dee.pk]).update(is_active=False)
    change = services.confirm(appeal(cast), by=cast.ana, at=asked)
    moment = timedelta(minutes=1)

    before = services.may_second(change, by=cast.ana, at=allowed_from - moment)
    after = services.may_second(change, by=cast.ana, at=allowed_from)

    assert (before, after) == (False, True)


def test_someone_alone_is_told_from_when_they_may_agree(cast: Cast) -> None:
    User.objects.filter(pk__in=[cast.ben.pk, cast.cam.pk, cast.dee.pk]).update(is_active=False)
    change = services.confirm(appeal(cast), by=cast.ana, at=datetime(2026, 6, 4, 3, 50, tzinfo=UTC))

    with pytest.raises(NeedsAnother, match="Thu 4 Jun 2026, 11:50"):
        services.second(change, by=cast.ana, at=datetime(2026, 6, 4, 4, 5, tzinfo=UTC))


def test_with_another_attorney_at_the_clinic_nobody_agrees_to_their_own_request(cast: Cast) -> None:
    User.objects.filter(pk__in=[cast.ben.pk, cast.dee.pk]).update(is_active=False)
    change = services.confirm(appeal(cast), by=cast.ana, at=NOW)

    assert services.alone_may_second_from(change, by=cast.ana) is None
    assert not services.may_second(change, by=cast.ana, at=NOW + timedelta(days=30))
