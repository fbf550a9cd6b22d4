"""Ten years of the schedule, a week at a time, by processes that hold no data key: nothing stays too long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest

from caseapp import clock, tasks
from caseapp.days import add_years
from caseapp.matters import services as matters
from caseapp.matters.models import Matter
from caseapp.people import services as people
from caseapp.people.models import Person
from caseapp.people.services import Particulars
from caseapp.retention import queries, services
from caseapp.retention.models import Purge
from caseapp.vault import keyring, root
from tests.conftest import NOW, Cast
from tests.retention.test_services import as_the_worker

WEEKS = 522
CLASSES = ("BRIEF_ADVICE", "LIMITED", "FULL")
YEARS = {"BRIEF_ADVICE": 2, "LIMITED": 5, "FULL": 7}


@pytest.fixture
def weeks(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Iterator[Iterator[datetime]]:
    """Each Monday for ten years; `caseapp.clock` says so too."""

    def each() -> Iterator[datetime]:
        for number in range(WEEKS):
            at = NOW + timedelta(weeks=number)
            monkeypatch.setattr(clock, "now", lambda at=at: at)
            yield at

    yield each()


def sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run what the schedule runs each night, as the worker: without a root key, and with no key in memory."""
    keyring.drop_all()
    with monkeypatch.context() as alone, as_the_worker():
        alone.setattr(root, "provider", no_root)
        tasks.review_retention()
        tasks.finish_purges()


def no_root() -> None:
    raise AssertionError("the schedule asked for the root key")


def close_one(cast: Cast, number: int, at: datetime) -> None:
    """A client comes, is represented, and the matter is closed the same day; every fifth one is a child."""
    born = date(at.year - 12, 3, 9) if number % 5 == 0 else date(1980, 5, 1)
    person = people.record_person(
        Particulars(given_names="Ixchel", first_surname=f"Tum {number}", birth_date=born), by=cast.ana, at=at
    )
    matter = matters.open_matter(person, kind="asylum-affirmative", by=cast.ana, on=at.date(), at=at)
    services.close_matter(
        matter, by=cast.ana, on=at.date(), at=at, outcome="Granted", kept_as=CLASSES[number % 3]
    )


def let_two_people_decide(cast: Cast, at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """The director proposes what is due and the attorney approves; the schedule carries it out."""
    soon = queries.due_matters(cast.dee, today=at.date())
    for matter in [matter for matter in soon if matter.keep_until and matter.keep_until <= at.date()]:
        purge = services.propose_purge(matter, by=cast.dee, at=at - timedelta(minutes=5), today=at.date())
        with monkeypatch.context() as cut:
            cut.setattr(services, "carry_out", lambda purge_id, at: True)
            services.approve_purge(purge, by=cast.ana, at=at - timedelta(minutes=2))


def test_nothing_older_than_its_limit_remains_and_no_key_is_asked_for(
    cast: Cast, weeks: Iterator[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: dict[str, int] = {}
    passing = 0
    for number, at in enumerate(weeks):
        if number % 40 == 0:
            close_one(cast, number // 40, at)
        if number % 25 == 0:
            people.record_person(Particulars(given_names="Rosa", first_surname="Quispe"), by=cast.ana, at=at)
            passing += 1
        let_two_people_decide(cast, at, monkeypatch)

        sweep(monkeypatch)

        for matter in Matter.objects.filter(closed_on__isnull=False).only("keep_until"):
            closed[str(matter.pk)] = 1
            assert matter.keep_until is not None and matter.keep_until > at.date()
        for person in Person.objects.filter(parties__isnull=True, clinic=cast.clinic).only("changed_at"):
            assert at - person.changed_at <= timedelta(days=31 + 7)
    gone = Purge.objects.filter(state=Purge.State.DONE)
    assert passing == 21
    assert gone.filter(matter_id__isnull=True).count() == passing
    assert len(closed) == 14
    assert gone.filter(matter_id__isnull=False).count() == expected_to_go()
    assert keyring.tombstones(cast.clinic.id)


def expected_to_go() -> int:
    """Count by the classes alone: years from closing, or from 18 to the end of that year for a child."""
    last = (NOW + timedelta(weeks=WEEKS - 1)).date()
    due = 0
    for number in range(-(-WEEKS // 40)):
        day = (NOW + timedelta(weeks=40 * number)).date()
        years = YEARS[CLASSES[number % 3]]
        until = add_years(day, years, leap_day_to="Mar 1")
        if number % 5 == 0:
            until = date(day.year - 12 + 18 + years, 12, 31)
        due += until <= last
    return due
