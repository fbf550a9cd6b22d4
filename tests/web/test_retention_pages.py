"""What may go, what may not, and who says so, as a person at a browser does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from caseapp.access.models import User
from caseapp.matters import services as matters
from caseapp.matters.models import Matter
from caseapp.people import services as people
from caseapp.people.services import Particulars
from caseapp.retention import services
from caseapp.retention.models import Hold, Purge
from tests.conftest import NOW, TODAY, Cast

Signed = Callable[[User], Client]
LONG_AFTER = datetime(2038, 1, 4, 16, 0, tzinfo=NOW.tzinfo)
HOLD = {"reason": "Subpoena", "authority": "D.N.J., 2:37-mc-1", "review_on": "2038-06-01"}


@pytest.fixture(autouse=True)
def long_after(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is 4 January 2038: the matter closed in 2026 has come due four days ago."""
    monkeypatch.setattr("caseapp.clock.now", lambda: LONG_AFTER)


@pytest.fixture
def closed(cast: Cast) -> Matter:
    services.close_matter(cast.matter, by=cast.ana, on=TODAY, at=NOW, outcome="Granted", kept_as="FULL")
    return cast.matter


def proposed(cast: Cast) -> Purge:
    return services.propose_purge(cast.matter, by=cast.ana, at=LONG_AFTER, today=LONG_AFTER.date())


def section(page: str, heading: str) -> str:
    at = page.index(f'id="{heading}"')
    return page[at : page.index("</section>", at)]


def test_what_is_due_is_listed_with_its_date_and_class(
    cast: Cast, closed: Matter, client_for: Signed
) -> None:
    shown = client_for(cast.ana).get("/retention/").content.decode()

    due = section(shown, "due-h")
    assert closed.code in due and "31 Dec 2037" in due and "full representation" in due
    assert "Propose to purge" in due


def test_what_comes_within_thirty_days_is_announced_and_cannot_go_yet(
    cast: Cast, closed: Matter, client_for: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("caseapp.clock.now", lambda: datetime(2037, 12, 10, 16, tzinfo=NOW.tzinfo))

    shown = client_for(cast.ana).get("/retention/").content.decode()

    assert closed.code in section(shown, "coming-h")
    assert closed.code not in section(shown, "due-h")
    assert "Propose to purge" not in shown


def test_someone_on_no_matter_is_announced_before_they_go(
    cast: Cast, client_for: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.record_person(Particulars(given_names="Ixchel", first_surname="Tzoc"), by=cast.ana, at=NOW)
    monkeypatch.setattr("caseapp.clock.now", lambda: datetime(2026, 6, 28, 16, tzinfo=NOW.tzinfo))

    shown = client_for(cast.ana).get("/retention/").content.decode()

    assert "Ixchel Tzoc" in section(shown, "prospects-h")
    assert "3 Jul 2026" in section(shown, "prospects-h")


def test_two_people_purge_a_matter_and_counts_are_what_is_left(
    cast: Cast, closed: Matter, client_for: Signed
) -> None:
    ana, dee = client_for(cast.ana), client_for(cast.dee)

    ana.post(reverse("purge-propose", args=[closed.id]))
    purge = Purge.objects.get()
    asks = dee.get(reverse("purge-approve", args=[purge.id])).content.decode()
    not_alone = ana.post(reverse("purge-approve", args=[purge.id]))
    done = dee.post(reverse("purge-approve", args=[purge.id]), follow=True).content.decode()

    assert "3 keys are destroyed" in asks
    assert "Mateo Q&#x27;anil Pascual Andrés" in asks and "Eulalia Pascual Domingo" in asks
    assert "The audit trail" in asks and "This cannot be undone" in asks
    assert not_alone.status_code == 422 and b"someone else has to approve" in not_alone.content
    assert "Mateo" not in done
    assert "1 matter, 0 people on no matter: 3 keys destroyed" in section(done, "gone-h")
    assert not Matter.objects.filter(pk=closed.pk).exists()


def test_whoever_proposed_it_is_not_offered_the_button(
    cast: Cast, closed: Matter, client_for: Signed
) -> None:
    purge = proposed(cast)

    shown = client_for(cast.ana).get(reverse("purge-approve", args=[purge.id])).content

    assert b"Destroy the keys" not in shown
    assert b"Take it back" in shown


def test_looking_at_a_purge_destroys_nothing(cast: Cast, closed: Matter, client_for: Signed) -> None:
    purge = proposed(cast)

    client_for(cast.dee).get(reverse("purge-approve", args=[purge.id]))

    assert Matter.objects.filter(pk=closed.pk).exists()


def test_the_page_says_who_stays_because_of_another_matter(
    cast: Cast, closed: Matter, client_for: Signed
) -> None:
    matters.open_matter(cast.eulalia, kind="asylum-affirmative", by=cast.ana, on=TODAY, at=NOW)
    purge = proposed(cast)

    shown = client_for(cast.dee).get(reverse("purge-approve", args=[purge.id])).content.decode()

    stays = section(shown, "stays-h")
    assert "2 keys are destroyed" in shown
    assert "Eulalia Pascual Domingo" in stays and "Mateo" not in stays


def test_a_hold_stops_the_purge_where_it_would_be_approved(
    cast: Cast, closed: Matter, client_for: Signed
) -> None:
    purge = proposed(cast)
    dee = client_for(cast.dee)
    held = client_for(cast.ana).post(reverse("hold-new") + f"?matter={closed.id}", HOLD)

    shown = dee.get(reverse("purge-approve", args=[purge.id])).content
    refused = dee.post(reverse("purge-approve", args=[purge.id]))

    assert held.status_code == 302
    assert b"On hold." in shown and b"Destroy the keys" not in shown
    assert refused.status_code == 422 and b"A hold stands" in refused.content
    assert Matter.objects.filter(pk=closed.pk).exists()


def test_two_people_lift_a_hold(cast: Cast, closed: Matter, client_for: Signed) -> None:
    ana, dee = client_for(cast.ana), client_for(cast.dee)
    ana.post(reverse("hold-new"), HOLD)
    hold = Hold.objects.get()

    ana.post(reverse("hold-lift-ask", args=[hold.id]))
    alone = ana.post(reverse("hold-lift", args=[hold.id]), follow=True).content
    standing = Hold.objects.standing().count()
    dee.post(reverse("hold-lift", args=[hold.id]))

    assert b"someone else has to agree" in alone
    assert standing == 1
    assert not Hold.objects.standing().exists()


def test_a_hold_on_the_whole_clinic_is_announced_on_the_page(
    cast: Cast, closed: Matter, client_for: Signed
) -> None:
    ana = client_for(cast.ana)
    ana.post(reverse("hold-new"), HOLD)

    shown = ana.get("/retention/").content.decode()

    assert "The whole clinic is on hold." in shown
    assert "Propose to purge" not in shown
    assert "Subpoena" in section(shown, "holds-h")


@pytest.mark.parametrize(
    "typed, says",
    [
        ({"review_on": "2038-01-04"}, "Choose a later day"),
        ({"reason": ""}, "This field is required"),
        ({"review_on": "soon"}, "There is no such day"),
    ],
)
def test_a_hold_says_why_by_whom_and_until_when(
    cast: Cast, client_for: Signed, typed: dict[str, str], says: str
) -> None:
    response = client_for(cast.ana).post(reverse("hold-new"), HOLD | typed)

    assert response.status_code == 422
    assert says in response.content.decode()
    assert not Hold.objects.exists()


@pytest.mark.parametrize("named", ["nonsense", "00000000-0000-4000-8000-000000000000", ""])
def test_a_hold_names_a_matter_that_is_there_or_the_whole_clinic(
    cast: Cast, client_for: Signed, named: str
) -> None:
    response = client_for(cast.ana).get(reverse("hold-new") + f"?matter={named}")

    assert response.status_code == (404 if named else 200)


def test_nobody_holds_a_matter_they_may_not_know_of(cast: Cast, client_for: Signed) -> None:
    response = client_for(cast.cam).post(reverse("hold-new") + f"?matter={cast.matter.id}", HOLD)

    assert response.status_code == 404
    assert not Hold.objects.exists()


@pytest.mark.parametrize("outsider", ["ben", "cam", "ira", "eve"])
def test_the_page_shows_nothing_of_a_matter_one_is_not_on(
    cast: Cast, closed: Matter, client_for: Signed, outsider: str
) -> None:
    proposed(cast)

    response = client_for(getattr(cast, outsider)).get("/retention/")

    assert response.status_code == 200
    assert closed.code.encode() not in response.content


def test_a_paralegal_sees_what_is_due_and_is_offered_neither_hold_nor_purge(
    cast: Cast, client_for: Signed
) -> None:
    matters.assign(cast.matter, cast.ben, role="PARALEGAL", by=cast.dee, today=TODAY)
    services.close_matter(cast.matter, by=cast.ana, on=TODAY, at=NOW, outcome="Granted", kept_as="FULL")
    ben = client_for(cast.ben)

    shown = ben.get("/retention/").content.decode()
    refused = ben.get(reverse("hold-new"))

    assert cast.matter.code in section(shown, "due-h")
    assert "Propose to purge" not in shown and "Hold everything" not in shown
    assert refused.status_code == 403


def test_many_due_matters_cost_as_many_queries_as_one(
    cast: Cast, client_for: Signed, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for day in range(1, 13):
        matter = matters.open_matter(cast.mateo, kind="u-visa", by=cast.ana, on=date(2026, 1, day), at=NOW)
        services.close_matter(
            matter, by=cast.ana, on=date(2026, 2, day), at=NOW, outcome="Closed", kept_as="LIMITED"
        )
    ana = client_for(cast.ana)
    ana.get("/retention/")

    with django_assert_max_num_queries(24):
        shown = ana.get("/retention/").content.decode()

    assert shown.count("Propose to purge") == 12
