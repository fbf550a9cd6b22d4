"""Closing, holding and purging: two people, no hold in the way, and nothing left that opens."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from threading import Event as Signal
from typing import Any

import pytest
from django.db import connections, transaction

from caseapp.access.rules import MayNot
from caseapp.audit.models import Entry
from caseapp.deadlines import notices
from caseapp.deadlines import services as deadlines
from caseapp.deadlines.models import Notice
from caseapp.documents import services as documents
from caseapp.documents.models import Document
from caseapp.documents.receiving import receive
from caseapp.matters import services as matters
from caseapp.matters.models import Matter
from caseapp.people import papers
from caseapp.people import services as people
from caseapp.people.models import Paper, Person
from caseapp.people.services import Particulars
from caseapp.retention import queries, services
from caseapp.retention.models import Hold, Purge
from caseapp.retention.services import Held, NeedsAnother, NotSoKept
from caseapp.vault import keyring
from tests.conftest import NOW, TODAY, Cast

BOTH = ["default", "keyring"]
LONG_AFTER = datetime(2038, 1, 4, 16, 0, tzinfo=NOW.tzinfo)
THAT_DAY = LONG_AFTER.date()
PATIENCE = 20


def close(cast: Cast, matter: Matter | None = None) -> Matter:
    matter = matter or cast.matter
    services.close_matter(matter, by=cast.ana, on=TODAY, at=NOW, outcome="Granted", kept_as="FULL")
    return matter


def propose(cast: Cast, matter: Matter | None = None) -> Purge:
    return services.propose_purge(matter or cast.matter, by=cast.ana, at=LONG_AFTER, today=THAT_DAY)


def approve(cast: Cast, purge: Purge) -> None:
    services.approve_purge(purge, by=cast.dee, at=LONG_AFTER)


def hold(cast: Cast, matter: Matter | None = None) -> Hold:
    return services.place_hold(
        matter=matter,
        reason="Subpoena",
        authority="D.N.J., 2:37-mc-1",
        review_on=THAT_DAY + timedelta(days=90),
        by=cast.ana,
        at=LONG_AFTER,
    )


def lift(cast: Cast, it: Hold) -> None:
    services.ask_to_lift(it, by=cast.ana, at=LONG_AFTER)
    it.refresh_from_db()
    services.lift(it, by=cast.dee, at=LONG_AFTER)


def key_left(thing: Matter | Person) -> bool:
    return keyring.any_left(thing.clinic_id, [thing.id])


def recorded(event: str) -> int:
    return Entry.objects.filter(event=event).count()


# --- closing


def test_a_matter_does_not_close_while_a_date_is_open(cast: Cast) -> None:
    deadlines.record_printed_date(
        cast.matter,
        title="Brief",
        due=TODAY,
        notice_on=TODAY,
        severity="serious",
        note="",
        by=cast.ana,
        at=NOW,
    )

    with pytest.raises(NotSoKept, match="1 dates of this matter"):
        close(cast)

    cast.matter.refresh_from_db()
    assert cast.matter.closed_on is None


def test_a_closed_matter_is_kept_as_long_as_the_youngest_on_it_asks(cast: Cast) -> None:
    close(cast)

    assert cast.matter.keep_until == date(2037, 12, 31), "Eulalia turns 18 on 9 March 2030, and 7 years"


# --- holds


def test_a_hold_on_the_matter_stops_its_purge(cast: Cast) -> None:
    close(cast)
    purge = propose(cast)
    hold(cast, cast.matter)

    with pytest.raises(Held):
        approve(cast, purge)

    assert key_left(cast.matter)
    purge.refresh_from_db()
    assert purge.state == Purge.State.PROPOSED


def test_a_hold_on_the_whole_clinic_stops_every_purge_even_a_proposal(cast: Cast) -> None:
    close(cast)
    hold(cast)

    with pytest.raises(Held):
        propose(cast)

    assert not Purge.objects.exists()


def test_a_hold_on_one_matter_lets_another_go(cast: Cast) -> None:
    other = close(cast, matters.open_matter(cast.mateo, kind="u-visa", by=cast.ana, on=TODAY, at=NOW))
    hold(cast, cast.matter)

    approve(cast, propose(cast, other))

    assert not key_left(other)


def test_two_people_lift_a_hold(cast: Cast) -> None:
    it = hold(cast, cast.matter)
    services.ask_to_lift(it, by=cast.ana, at=LONG_AFTER)
    it.refresh_from_db()

    with pytest.raises(NeedsAnother):
        services.lift(it, by=cast.ana, at=LONG_AFTER)
    services.lift(it, by=cast.dee, at=LONG_AFTER)

    assert not Hold.objects.standing().exists()


def test_nobody_lifts_a_hold_that_nobody_asked_to_lift(cast: Cast) -> None:
    it = hold(cast, cast.matter)

    with pytest.raises(NotSoKept):
        services.lift(it, by=cast.dee, at=LONG_AFTER)

    assert Hold.objects.standing().count() == 1


def test_a_hold_is_looked_at_again_on_a_day_to_come(cast: Cast) -> None:
    with pytest.raises(NotSoKept, match="later day"):
        services.place_hold(
            matter=None, reason="Audit", authority="Letter", review_on=THAT_DAY, by=cast.ana, at=LONG_AFTER
        )


# --- purges


def test_a_purge_takes_two_people(cast: Cast) -> None:
    close(cast)
    purge = propose(cast)

    with pytest.raises(NeedsAnother):
        services.approve_purge(purge, by=cast.ana, at=LONG_AFTER)

    assert key_left(cast.matter)


@pytest.mark.parametrize("who", ["ben", "vic", "ira"])
def test_a_role_without_the_right_neither_proposes_nor_approves(cast: Cast, who: str) -> None:
    close(cast)
    purge = propose(cast)

    with pytest.raises(MayNot):
        services.approve_purge(purge, by=getattr(cast, who), at=LONG_AFTER)

    assert key_left(cast.matter)


def test_nothing_is_proposed_before_its_day(cast: Cast) -> None:
    close(cast)

    with pytest.raises(NotSoKept, match="longer than today"):
        services.propose_purge(cast.matter, by=cast.ana, at=NOW, today=date(2037, 12, 30))

    services.propose_purge(cast.matter, by=cast.ana, at=NOW, today=date(2037, 12, 31))


def test_a_purge_leaves_no_key_no_row_and_a_trail_without_values(cast: Cast) -> None:
    close(cast)
    matter_id, code = cast.matter.id, cast.matter.code
    purge = propose(cast)

    approve(cast, purge)

    purge.refresh_from_db()
    assert not keyring.any_left(cast.clinic.id, [matter_id, cast.mateo.id, cast.eulalia.id])
    assert not Matter.objects.filter(pk=matter_id).exists()
    assert not Person.objects.filter(pk__in=[cast.mateo.id, cast.eulalia.id]).exists()
    assert (purge.state, purge.code, purge.keys_destroyed) == (Purge.State.DONE, code, 3)
    assert purge.rows_removed >= 3
    assert Entry.objects.filter(matter_id=matter_id, event=Entry.Event.PURGED).count() == 1
    assert Entry.objects.filter(matter_id=matter_id, event=Entry.Event.MATTER_OPENED).count() == 1


def test_a_purge_names_and_takes_documents_notices_and_papers(cast: Cast) -> None:
    received = receive("scan.pdf", b"%PDF-1.4 passport")
    documents.add_document(cast.matter, received, documents.Described(kind="passport"), by=cast.ana, at=NOW)
    papers.record(cast.mateo, papers.Described(kind="passport", number="GT-1"), by=cast.ana, at=NOW)
    notices.record(cast.matter, notices.Arrived(arrived_on=TODAY, service="mail"), by=cast.ana, at=NOW)
    close(cast)
    purge = propose(cast)
    shown = queries.what_goes(cast.dee, purge)

    approve(cast, purge)

    assert (shown.documents, shown.notices, shown.papers) == (1, 1, 1)
    for rows in (Document.objects.all(), Notice.objects.all(), Paper.objects.all()):
        assert not rows.exists()


def test_a_purge_leaves_the_other_clinic_alone(cast: Cast) -> None:
    close(cast)

    approve(cast, propose(cast))

    noor = Person.objects.get(pk=cast.noor.pk)
    assert noor.name == "Noor Rahimi"


def test_a_family_member_who_is_on_another_matter_stays(cast: Cast) -> None:
    own = matters.open_matter(cast.eulalia, kind="asylum-affirmative", by=cast.ana, on=TODAY, at=NOW)
    close(cast)
    purge = propose(cast)
    shown = queries.what_goes(cast.dee, purge)

    approve(cast, purge)

    purge.refresh_from_db()
    eulalia = Person.objects.get(pk=cast.eulalia.pk)
    assert ([p.id for p in shown.people_gone], [p.id for p in shown.people_staying]) == (
        [cast.mateo.id],
        [cast.eulalia.id],
    )
    assert purge.keys_destroyed == shown.keys == 2
    assert eulalia.first_surname == "Pascual"
    assert key_left(own)
    assert not keyring.any_left(cast.clinic.id, [cast.mateo.id])


def test_a_matter_that_was_opened_again_does_not_go(cast: Cast) -> None:
    close(cast)
    purge = propose(cast)
    matters.reopen_matter(cast.matter, by=cast.ana, at=LONG_AFTER)

    with pytest.raises(NotSoKept, match="opened again"):
        approve(cast, purge)

    assert key_left(cast.matter)


def test_a_purge_is_proposed_once_at_a_time_and_again_after_a_refusal(cast: Cast) -> None:
    close(cast)
    first = propose(cast)

    with pytest.raises(NotSoKept, match="proposed already"):
        propose(cast)
    services.refuse_purge(first, by=cast.dee, at=LONG_AFTER)
    propose(cast)

    assert Purge.objects.filter(state=Purge.State.PROPOSED).count() == 1


def test_a_purge_cut_off_after_the_keys_went_is_finished_by_the_sweep(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    close(cast)
    purge = propose(cast)

    def power_cut(clinic_id: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as cut:
        cut.setattr(people, "next_place", power_cut)
        with pytest.raises(KeyboardInterrupt):
            approve(cast, purge)
    purge.refresh_from_db()
    halfway = purge.state, key_left(cast.matter), Matter.objects.filter(pk=cast.matter.pk).exists()
    too_soon = services.finish_purges(now=LONG_AFTER + timedelta(seconds=30))
    finished = services.finish_purges(now=LONG_AFTER + timedelta(minutes=2))
    again = services.finish_purges(now=LONG_AFTER + timedelta(minutes=3))

    purge.refresh_from_db()
    assert halfway == (Purge.State.APPROVED, False, True)
    assert (too_soon, finished, again) == (0, 1, 0)
    assert (purge.state, purge.keys_destroyed) == (Purge.State.DONE, 3)
    assert not Matter.objects.filter(pk=cast.matter.pk).exists()
    assert recorded(Entry.Event.PURGED) == 1


def test_a_purge_cut_off_before_the_keys_went_ends_when_a_hold_came_meanwhile(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    close(cast)
    purge = propose(cast)

    def power_cut(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as cut:
        cut.setattr(keyring, "destroy", power_cut)
        with pytest.raises(KeyboardInterrupt):
            approve(cast, purge)
    it = hold(cast, cast.matter)
    services.finish_purges(now=LONG_AFTER + timedelta(minutes=2))
    lift(cast, it)
    services.finish_purges(now=LONG_AFTER + timedelta(days=2))

    purge.refresh_from_db()
    assert purge.state == Purge.State.REFUSED, "it is proposed anew, or it stays"
    assert key_left(cast.matter)


def test_a_purge_cut_off_after_the_keys_went_is_finished_in_spite_of_a_later_hold(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left to hold: rows that nobody can open must not lie about."""
    close(cast)
    purge = propose(cast)

    def power_cut(clinic_id: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as cut:
        cut.setattr(people, "next_place", power_cut)
        with pytest.raises(KeyboardInterrupt):
            approve(cast, purge)
    hold(cast, cast.matter)
    services.finish_purges(now=LONG_AFTER + timedelta(minutes=2))

    purge.refresh_from_db()
    assert purge.state == Purge.State.DONE


@contextmanager
def as_the_worker() -> Iterator[None]:
    """Take on the database roles of the process that sweeps: no row-level wall, and no key to read."""
    roles = {"default": "amparo_worker", "keyring": "amparo_shredder"}
    for alias, role in roles.items():
        with connections[alias].cursor() as cursor:
            cursor.execute(f"SET ROLE {role}")
    try:
        yield
    finally:
        for alias in roles:
            with connections[alias].cursor() as cursor:
                cursor.execute("RESET ROLE")


def test_the_worker_finishes_purges_and_lets_people_go_though_it_can_read_no_key(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    close(cast)
    purge = propose(cast)
    rosa = prospect(cast)
    with monkeypatch.context() as cut:
        cut.setattr(services, "carry_out", lambda purge_id, at: True)
        approve(cast, purge)
    keyring.drop_all()

    with as_the_worker():
        finished = services.finish_purges(now=LONG_AFTER + timedelta(minutes=2))
        gone = services.purge_prospects(now=LONG_AFTER)

    purge.refresh_from_db()
    assert (finished, gone, purge.state) == (1, 1, Purge.State.DONE)
    assert not keyring.any_left(cast.clinic.id, [cast.mateo.id, rosa.id])


# --- a hold and a purge at the same moment


@pytest.mark.django_db(transaction=True, databases=BOTH)
def test_a_hold_that_comes_while_keys_are_being_destroyed_waits_and_is_too_late(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    close(cast)
    purge = propose(cast)
    destroy = keyring.destroy
    placed = Signal()

    def place() -> None:
        try:
            hold(cast, cast.matter)
            placed.set()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:

        def slowly(*args: Any, **options: Any) -> int:
            pool.submit(place)
            assert not placed.wait(timeout=1), "a hold was placed between the check and the destruction"
            return destroy(*args, **options)

        monkeypatch.setattr(keyring, "destroy", slowly)
        approve(cast, purge)
        assert placed.wait(timeout=PATIENCE)

    purge.refresh_from_db()
    assert purge.state == Purge.State.DONE
    assert not key_left(cast.matter)


@pytest.mark.django_db(transaction=True, databases=BOTH)
def test_a_purge_that_comes_while_a_hold_is_being_placed_waits_and_is_refused(cast: Cast) -> None:
    close(cast)
    purge = propose(cast)
    decided = Signal()

    def purge_it() -> str:
        try:
            approve(cast, purge)
            return "gone"
        except Held:
            return "held"
        finally:
            decided.set()
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            hold(cast, cast.matter)
            outcome = pool.submit(purge_it)
            overtook = decided.wait(timeout=1)
        assert outcome.result(timeout=PATIENCE) == "held"

    assert not overtook, "the purge did not wait for the hold"
    assert key_left(cast.matter)


@pytest.mark.django_db(transaction=True, databases=BOTH)
def test_two_approvals_at_once_destroy_once(cast: Cast) -> None:
    close(cast)
    purge = propose(cast)

    def approve_it(_number: int) -> str:
        try:
            services.approve_purge(Purge.objects.get(pk=purge.pk), by=cast.dee, at=LONG_AFTER)
            return "gone"
        except NotSoKept:
            return "too late"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(approve_it, range(4)))

    assert sorted(outcomes) == ["gone", "too late", "too late", "too late"]
    assert recorded(Entry.Event.PURGED) == 1


# --- people on no matter


def prospect(cast: Cast) -> Person:
    return people.record_person(Particulars(given_names="Rosa", first_surname="Quispe"), by=cast.ana, at=NOW)


def test_someone_on_no_matter_goes_by_themselves_after_thirty_days(cast: Cast) -> None:
    rosa = prospect(cast)

    on_the_last_day = services.purge_prospects(now=NOW + timedelta(days=30))
    kept = Person.objects.filter(pk=rosa.pk).exists()
    after = services.purge_prospects(now=NOW + timedelta(days=31))

    assert (on_the_last_day, kept) == (0, True)
    assert after == 1
    assert not Person.objects.filter(pk=rosa.pk).exists()
    assert not key_left(rosa)
    assert Purge.objects.get(person_id=rosa.pk).keys_destroyed == 1


def test_a_change_starts_the_thirty_days_again(cast: Cast) -> None:
    rosa = prospect(cast)
    later = NOW + timedelta(days=20)
    people.change_person(rosa, Particulars(given_names="Rosa", first_surname="Quispe"), by=cast.ana, at=later)

    gone = services.purge_prospects(now=NOW + timedelta(days=40))

    assert gone == 0


def test_someone_on_a_matter_does_not_go_by_themselves(cast: Cast) -> None:
    services.purge_prospects(now=NOW + timedelta(days=400))

    assert Person.objects.filter(pk__in=[cast.mateo.pk, cast.eulalia.pk, cast.noor.pk]).count() == 3


def test_a_hold_on_the_whole_clinic_keeps_even_those_who_go_by_themselves(cast: Cast) -> None:
    rosa = prospect(cast)
    services.place_hold(
        matter=None, reason="Audit", authority="Letter", review_on=date(2026, 9, 1), by=cast.ana, at=NOW
    )

    gone = services.purge_prospects(now=NOW + timedelta(days=60))

    assert gone == 0
    assert key_left(rosa)
