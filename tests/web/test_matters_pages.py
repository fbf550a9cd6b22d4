"""The pages about matters: one page that says everything, the team, the notes, and closing in two steps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from caseapp import clock
from caseapp.access.models import User
from caseapp.audit.models import Entry
from caseapp.matters import services
from caseapp.matters.models import Assignment, Matter, Note, Party
from caseapp.people import services as people
from caseapp.people.services import Particulars
from tests.conftest import NOW, TODAY, Cast

ClientFor = Callable[[User], Client]
HX = {"HX-Request": "true"}
NOTHING = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(autouse=True)
def on_3_june_2026(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.setattr(clock, "today", lambda time_zone: TODAY)


def text_of(response: Any) -> str:
    return str(response.content.decode())


def page_of(browser: Client, matter: Matter) -> str:
    return text_of(browser.get(reverse("matter", args=[matter.id])))


# --- the page


def test_the_page_answers_who_how_far_and_until_when(cast: Cast, client_for: ClientFor) -> None:
    page = page_of(client_for(cast.ana), cast.matter)

    assert cast.matter.code in page
    assert "Mateo Q&#x27;anil Pascual Andrés" in page
    assert "A••• ••• 902" in page
    assert "Never call." in page
    assert "Daughter" in page
    assert "Eulalia Pascual Domingo" in page
    assert "9 Mar 2033" in page
    assert '<li aria-current="step">Intake</li>' in page
    assert "as long as it is open" in page
    assert "This matter has no next date" in page
    for hidden in ("201555902", "201-555-902", "555-0142", "555 0142"):
        assert hidden not in page


def test_the_title_is_the_case_code(cast: Cast, client_for: ClientFor) -> None:
    assert f"<title>{cast.matter.code} - Amparo</title>" in page_of(client_for(cast.ana), cast.matter)


def test_opening_a_matter_page_is_recorded(cast: Cast, client_for: ClientFor) -> None:
    page_of(client_for(cast.vic), cast.matter)

    entry = Entry.objects.filter(event=Entry.Event.MATTER_VIEWED).get()
    assert (entry.actor_id, entry.matter_id) == (cast.vic.id, cast.matter.id)


@pytest.mark.parametrize("outsider", ["ben", "cam", "ira", "eve"])
@pytest.mark.parametrize("page", ["matter", "matter-close", "matter-trail", "matter-print"])
def test_an_outsider_cannot_tell_the_matter_exists(
    cast: Cast, client_for: ClientFor, outsider: str, page: str
) -> None:
    browser = client_for(getattr(cast, outsider))

    real = browser.get(reverse(page, args=[cast.matter.id]))
    missing = browser.get(reverse(page, args=[NOTHING]))

    assert (real.status_code, real.content) == (missing.status_code, missing.content)
    assert real.status_code == 404


@pytest.mark.parametrize(
    "page", ["matter-stage", "matter-include", "matter-assign", "matter-screen", "note-new", "matter-reopen"]
)
def test_an_outsider_can_change_nothing(cast: Cast, client_for: ClientFor, page: str) -> None:
    before = Entry.objects.count()

    response = client_for(cast.ben).post(reverse(page, args=[cast.matter.id]), {"text": "x"})

    assert response.status_code == 404
    assert Entry.objects.count() == before


def test_a_volunteer_is_offered_only_notes(cast: Cast, client_for: ClientFor) -> None:
    page = page_of(client_for(cast.vic), cast.matter)

    assert reverse("note-new", args=[cast.matter.id]) in page
    for act in ("matter-stage", "matter-assign", "matter-screen", "matter-close", "event-new"):
        assert reverse(act, args=[cast.matter.id]) not in page


# --- opening


def test_a_matter_is_opened_with_those_of_the_family_who_are_included(
    cast: Cast, client_for: ClientFor
) -> None:
    browser = client_for(cast.ana)
    address = reverse("matter-new", args=[cast.mateo.id])
    page = text_of(browser.get(address))

    response = browser.post(
        address, {"kind": "asylum-defensive", "derivatives": [str(cast.eulalia.id)], "detained": "on"}
    )

    assert "Eulalia Pascual Domingo" in page
    opened = Matter.objects.get(pk=UUID(response["Location"].split("/")[-2]))
    assert (opened.kind, opened.stage, opened.detained) == ("asylum-defensive", "Intake", True)
    assert {(p.person_id, p.role) for p in opened.parties.all()} == {
        (cast.mateo.id, "PRINCIPAL"),
        (cast.eulalia.id, "DERIVATIVE"),
    }


def test_nobody_outside_the_family_can_be_included(cast: Cast, client_for: ClientFor) -> None:
    response = client_for(cast.ana).post(
        reverse("matter-new", args=[cast.mateo.id]),
        {"kind": "asylum-defensive", "derivatives": [str(cast.noor.id)]},
    )

    assert response.status_code == 422
    assert "is not in the family" in text_of(response)


def test_a_matter_needs_a_kind(cast: Cast, client_for: ClientFor) -> None:
    response = client_for(cast.ana).post(reverse("matter-new", args=[cast.mateo.id]), {"kind": ""})

    assert response.status_code == 422


# --- working on it


def test_the_stage_moves(cast: Cast, client_for: ClientFor) -> None:
    browser = client_for(cast.ana)

    response = browser.post(
        reverse("matter-stage", args=[cast.matter.id]), {"stage": "Individual", "detained": "on"}
    )

    assert response.status_code == 302
    page = page_of(browser, cast.matter)
    assert '<li aria-current="step">Individual</li>' in page
    assert '<span class="tag">detained</span>' in page


def test_a_stage_of_another_kind_is_refused_where_it_was_asked(cast: Cast, client_for: ClientFor) -> None:
    response = client_for(cast.ana).post(
        reverse("matter-stage", args=[cast.matter.id]), {"stage": "Biometrics appointment on the moon"}
    )

    assert response.status_code == 422
    assert Matter.objects.get(pk=cast.matter.pk).stage == "Intake"


def test_a_family_member_is_included_later(cast: Cast, client_for: ClientFor) -> None:
    said = Particulars(given_names="Andrés", first_surname="Pascual")
    son = people.record_relative(cast.mateo, said, kind="son", by=cast.ana, at=NOW).relative

    response = client_for(cast.ana).post(
        reverse("matter-include", args=[cast.matter.id]), {"person": str(son.id)}
    )

    assert response.status_code == 302
    assert Party.objects.get(matter=cast.matter, person=son).role == Party.Role.DERIVATIVE


def test_a_colleague_is_put_on_and_taken_off(cast: Cast, client_for: ClientFor) -> None:
    browser = client_for(cast.ana)

    put_on = browser.post(
        reverse("matter-assign", args=[cast.matter.id]),
        {"colleague": str(cast.ben.id), "role": "PARALEGAL", "until": "2026-07-31"},
    )
    page = page_of(browser, cast.matter)
    taken_off = browser.post(reverse("matter-take-off", args=[cast.matter.id, cast.ben.id]))

    assert put_on.status_code == taken_off.status_code == 302
    assert "Ben" in page
    assert "31 Jul 2026" in page
    ended = Assignment.objects.get(matter=cast.matter, user=cast.ben)
    assert ended.ended_at == NOW


def test_a_last_day_that_has_passed_is_refused_and_the_form_stays_open(
    cast: Cast, client_for: ClientFor
) -> None:
    response = client_for(cast.ana).post(
        reverse("matter-assign", args=[cast.matter.id]),
        {"colleague": str(cast.ben.id), "role": "PARALEGAL", "until": "2026-06-02"},
    )

    assert response.status_code == 422
    assert "The last day has passed" in text_of(response)
    assert not Assignment.objects.filter(matter=cast.matter, user=cast.ben).exists()


def test_whoever_is_screened_off_or_of_another_clinic_cannot_be_put_on(
    cast: Cast, client_for: ClientFor
) -> None:
    page = page_of(client_for(cast.ana), cast.matter)
    answers = [
        client_for(cast.dee).post(
            reverse("matter-assign", args=[cast.matter.id]), {"colleague": str(who.id), "role": "PARALEGAL"}
        )
        for who in (cast.cam, cast.eve, cast.ira)
    ]

    assert "Cam" not in page
    assert [answer.status_code for answer in answers] == [422, 422, 422]


def test_a_director_sees_who_is_screened_off_and_lifts_it(cast: Cast, client_for: ClientFor) -> None:
    browser = client_for(cast.dee)
    lift = reverse("matter-screen-lift", args=[cast.matter.id, cast.cam.id])
    assert lift in page_of(browser, cast.matter)

    answer = browser.post(lift)

    assert answer["Location"] == reverse("matter", args=[cast.matter.id])
    assert lift not in page_of(browser, cast.matter)
    assert lift not in page_of(client_for(cast.ana), cast.matter)


def test_whoever_takes_themselves_off_lands_where_they_may_be(cast: Cast, client_for: ClientFor) -> None:
    response = client_for(cast.ana).post(reverse("matter-take-off", args=[cast.matter.id, cast.ana.id]))

    assert response["Location"] == reverse("matters")


def test_someone_screened_off_loses_sight_of_it(cast: Cast, client_for: ClientFor) -> None:
    response = client_for(cast.ana).post(
        reverse("matter-screen", args=[cast.matter.id]), {"colleague": str(cast.vic.id)}
    )

    assert response.status_code == 302
    assert client_for(cast.vic).get(reverse("matter", args=[cast.matter.id])).status_code == 404


# --- notes


def test_a_note_is_written_in_place(cast: Cast, client_for: ClientFor) -> None:
    response = client_for(cast.vic).post(
        reverse("note-new", args=[cast.matter.id]),
        {"text": "Judge denied.\nClient wants to appeal.", "minutes": "35"},
        headers=HX,
    )

    fragment = text_of(response)
    assert fragment.startswith('<section class="sheet" id="notes"')
    assert "Judge denied.<br>Client wants to appeal." in fragment
    assert "35 min" in fragment
    assert Note.objects.get(matter=cast.matter).author == cast.vic


def test_a_note_without_javascript_leads_back_to_the_matter(cast: Cast, client_for: ClientFor) -> None:
    response = client_for(cast.ana).post(reverse("note-new", args=[cast.matter.id]), {"text": "Called."})

    assert response["Location"] == reverse("matter", args=[cast.matter.id])


@pytest.mark.parametrize("headers", [HX, {}])
def test_an_empty_note_is_refused_in_words(
    cast: Cast, client_for: ClientFor, headers: dict[str, str]
) -> None:
    response = client_for(cast.ana).post(
        reverse("note-new", args=[cast.matter.id]), {"text": "  ", "minutes": "20"}, headers=headers
    )

    assert response.status_code == 422
    assert "Write what happened" in text_of(response)
    assert 'value="20"' in text_of(response)


# --- closing


CLOSING = {"outcome": "Asylum granted. Originals returned.", "kept_as": "FULL", "closed_on": "2026-06-03"}


def test_closing_shows_the_purge_date_before_it_asks(cast: Cast, client_for: ClientFor) -> None:
    response = client_for(cast.ana).post(reverse("matter-close", args=[cast.matter.id]), CLOSING)

    page = text_of(response)
    assert response.status_code == 200
    # Eulalia turns 18 on 9 March 2030; seven years on is 2037, put off to the end of the year.
    assert "31 Dec 2037" in page
    assert 'name="agreed" value="2037-12-31"' in page
    assert Matter.objects.get(pk=cast.matter.pk).closed_on is None


def test_closing_asks_again_if_another_date_was_agreed_to(cast: Cast, client_for: ClientFor) -> None:
    response = client_for(cast.ana).post(
        reverse("matter-close", args=[cast.matter.id]), CLOSING | {"agreed": "2033-06-03"}
    )

    assert response.status_code == 200
    assert 'value="2037-12-31"' in text_of(response)
    assert Matter.objects.get(pk=cast.matter.pk).closed_on is None


def test_a_matter_closes_and_opens_again(cast: Cast, client_for: ClientFor) -> None:
    browser = client_for(cast.ana)

    closed = browser.post(reverse("matter-close", args=[cast.matter.id]), CLOSING | {"agreed": "2037-12-31"})
    page = page_of(browser, cast.matter)
    change = browser.post(reverse("note-new", args=[cast.matter.id]), {"text": "Late thought."})
    opened = browser.post(reverse("matter-reopen", args=[cast.matter.id]))

    assert closed.status_code == opened.status_code == 302
    assert "Asylum granted. Originals returned." in page
    assert "31 Dec 2037" in page
    assert reverse("matter-close", args=[cast.matter.id]) not in page
    assert change.status_code == 403
    assert Matter.objects.get(pk=cast.matter.pk).keep_until is None


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("closed_on", "2026-06-04", "has not come yet"),
        ("closed_on", "2206-06-04", "1900 to 2100"),
        ("kept_as", "", "required"),
        ("outcome", "", "required"),
    ],
)
def test_closing_refuses_what_cannot_be(
    cast: Cast, client_for: ClientFor, field: str, typed: str, words: str
) -> None:
    response = client_for(cast.ana).post(
        reverse("matter-close", args=[cast.matter.id]), CLOSING | {field: typed, "agreed": "2037-12-31"}
    )

    assert response.status_code == 422
    assert words in text_of(response)


def test_a_day_before_it_was_opened_is_refused(cast: Cast, client_for: ClientFor) -> None:
    typed = CLOSING | {"closed_on": "2026-06-02"}

    response = client_for(cast.ana).post(
        reverse("matter-close", args=[cast.matter.id]), typed | {"agreed": "2037-12-31"}
    )

    assert response.status_code == 422
    assert "cannot close before it was opened" in text_of(response)


def test_a_paralegal_may_not_close(cast: Cast, client_for: ClientFor) -> None:
    services.assign(cast.matter, cast.ben, role="PARALEGAL", by=cast.ana, today=TODAY)

    response = client_for(cast.ben).get(reverse("matter-close", args=[cast.matter.id]))

    assert response.status_code == 403


# --- lists, trail, paper


def test_the_list_has_open_quiet_and_closed_matters(cast: Cast, client_for: ClientFor) -> None:
    browser = client_for(cast.ana)
    open_, quiet, closed = (
        text_of(browser.get(reverse("matters") + f"?which={which}")) for which in ("open", "quiet", "closed")
    )

    assert cast.matter.code in open_
    assert cast.matter.code in quiet
    assert cast.matter.code not in closed
    assert cast.noors_matter.code not in open_


def test_a_list_of_fifty_matters_asks_the_database_a_dozen_times(
    cast: Cast, client_for: ClientFor, django_assert_max_num_queries: Any
) -> None:
    for _number in range(55):
        services.open_matter(cast.mateo, kind="asylum-defensive", by=cast.ana, on=date(2026, 6, 1), at=NOW)
    browser = client_for(cast.ana)

    with django_assert_max_num_queries(20):
        response = browser.get(reverse("matters"))

    assert text_of(response).count('<li class="row') == 50


def test_the_trail_says_who_was_put_on(cast: Cast, client_for: ClientFor) -> None:
    page = text_of(client_for(cast.ana).get(reverse("matter-trail", args=[cast.matter.id])))

    assert "Put on the matter: Vic" in page
    assert "Screened off the matter: Cam" in page


def test_paper_holds_no_number_or_address(cast: Cast, client_for: ClientFor) -> None:
    page = text_of(client_for(cast.ana).get(reverse("matter-print", args=[cast.matter.id])))

    assert "Mateo Q&#x27;anil Pascual Andrés" in page
    assert "Never call." in page
    for left_out in ("201555902", "201-555-902", "555-0142", "555 0142"):
        assert left_out not in page
