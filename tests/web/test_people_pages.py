"""The pages about clients: what can be recorded, what is shown, what stays masked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from caseapp.access.models import User
from caseapp.audit.models import Entry
from caseapp.deadlines.models import Deadline
from caseapp.matters import services as matters
from caseapp.people import services
from caseapp.people.models import Person, SafeContact
from caseapp.people.services import Particulars
from tests.conftest import NOW, TODAY, Cast

ClientFor = Callable[[User], Client]
HX = {"HX-Request": "true"}


def text_of(response: Any) -> str:
    return str(response.content.decode())


def newest_person(response: Any) -> Person:
    return Person.objects.get(pk=UUID(response["Location"].rstrip("/").split("/")[-1]))


WHOLE_FORM = {
    "given_names": "Mateo Q\u2019anil",
    "first_surname": "Pascual",
    "second_surname": "Andre\u0301s",
    "own_script": "",
    "other_names": "Mateo Pascual; M. Q'anil Andres",
    "birth_date": "1989-02-11",
    "a_number": "A 201-555-902",
    "country": "Guatemala",
    "language": "Q'anjob'al",
    "interpreter": "on",
    "channel": "text",
    "address": "(212) 555-0142",
    "hours": "after 18:00",
    "instructions": "Never leave a voicemail.",
}


# --- recording a client


def test_a_client_is_recorded_as_typed(cast: Cast, client_for: ClientFor) -> None:
    response = client_for(cast.ben).post(reverse("client-new"), WHOLE_FORM)

    assert response.status_code == 302
    person = newest_person(response)
    assert person.given_names == "Mateo Q\u2019anil"
    assert (person.first_surname, person.second_surname) == ("Pascual", "Andr\u00e9s")
    assert person.a_number == "201555902"
    assert (person.country, person.language, person.interpreter) == ("Guatemala", "Q'anjob'al", True)
    contact = SafeContact.objects.get(person=person)
    assert (contact.channel, contact.address, contact.hours) == ("text", "+12125550142", "after 18:00")


def test_a_name_is_enough_to_save(cast: Cast, client_for: ClientFor) -> None:
    response = client_for(cast.ben).post(reverse("client-new"), {"given_names": "Noor"})

    assert response.status_code == 302
    assert newest_person(response).name == "Noor"
    assert not SafeContact.objects.filter(person=newest_person(response)).exists()


def test_no_name_is_in_the_address_a_client_is_sent_to(cast: Cast, client_for: ClientFor) -> None:
    response = client_for(cast.ben).post(reverse("client-new"), WHOLE_FORM)

    assert response["Location"] == f"/clients/{newest_person(response).id}/"


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("a_number", "A12-345", "7 to 9 digits"),
        ("a_number", "B201555902", "the letter A"),
        ("birth_date", "2206-02-11", "1900 to 2100"),
        ("birth_date", "31/02/1994", "no such day"),
        ("birth_date", "2026-12-31", "has not come yet"),
        ("birth_date", "1901-01-01", "Check the year of birth"),
        ("given_names", "Mateo\x00", "control character"),
        ("given_names", "Mateo\ufffd", "did not arrive whole"),
        ("given_names", "M" * 121, "at most 120"),
        ("given_names", "", "at least one name"),
        ("address", "555-0142", "area code"),
    ],
)
def test_what_cannot_be_is_refused_in_words_at_its_field(
    cast: Cast, client_for: ClientFor, field: str, typed: str, words: str
) -> None:
    before = Person.objects.count()

    response = client_for(cast.ben).post(reverse("client-new"), WHOLE_FORM | {field: typed})

    assert response.status_code == 422
    page = text_of(response)
    at_field = page[page.index(f'id="field-{field}"') :]
    at_field = at_field[: at_field.index('class="field"') if 'class="field"' in at_field else None]
    assert words in at_field
    assert 'aria-invalid="true"' in at_field
    assert Person.objects.count() == before


def test_what_was_typed_is_kept_when_something_is_refused(cast: Cast, client_for: ClientFor) -> None:
    response = client_for(cast.ben).post(
        reverse("client-new"), WHOLE_FORM | {"a_number": "A12-345", "birth_date": "31/02/1994"}
    )

    page = text_of(response)
    for typed in ("A12-345", "31/02/1994", "Mateo Q\u2019anil", "(212) 555-0142", "Never leave a voicemail."):
        assert f'value="{typed}"' in page


def test_an_e_mail_address_needs_the_right_channel(cast: Cast, client_for: ClientFor) -> None:
    typed = {"given_names": "Noor", "channel": "email", "address": "noor@example.org"}

    response = client_for(cast.ben).post(reverse("client-new"), typed)
    refused = client_for(cast.ben).post(reverse("client-new"), typed | {"address": "noor at home"})

    assert SafeContact.objects.get(person=newest_person(response)).address == "noor@example.org"
    assert refused.status_code == 422


@pytest.mark.parametrize("name", ["vic", "ira"])
def test_a_role_that_records_nobody_is_told_so(cast: Cast, client_for: ClientFor, name: str) -> None:
    browser = client_for(getattr(cast, name))

    assert browser.get(reverse("client-new")).status_code == 403
    assert browser.post(reverse("client-new"), WHOLE_FORM).status_code == 403


def test_pick_lists_offer_languages_and_countries(cast: Cast, client_for: ClientFor) -> None:
    page = text_of(client_for(cast.ben).get(reverse("client-new")))

    assert '<datalist id="languages">' in page
    assert 'list="languages"' in page
    assert '<option value="Guatemala">' in page


# --- the client's page


def test_the_page_says_who_and_masks_the_numbers(cast: Cast, client_for: ClientFor) -> None:
    response = client_for(cast.ana).get(reverse("client", args=[cast.mateo.id]))

    page = text_of(response)
    assert "Mateo Q&#x27;anil Pascual Andrés" in page
    assert "A••• ••• 902" in page
    assert "••• ••• ••42" in page
    for hidden in ("201555902", "201-555-902", "5550142", "555-0142", "555 0142"):
        assert hidden not in page
    assert "Eulalia Pascual Domingo" in page
    assert "14 years old" in page
    assert cast.matter.code in page
    assert "as long as a matter of theirs is open" in page


def test_a_name_is_never_in_the_title(cast: Cast, client_for: ClientFor) -> None:
    page = text_of(client_for(cast.ana).get(reverse("client", args=[cast.mateo.id])))

    title = page[page.index("<title>") : page.index("</title>")]
    assert "Mateo" not in title


def test_opening_a_client_is_recorded(cast: Cast, client_for: ClientFor) -> None:
    client_for(cast.ana).get(reverse("client", args=[cast.mateo.id]))

    entry = Entry.objects.filter(event=Entry.Event.CLIENT_VIEWED).get()
    assert (entry.actor_id, entry.person_id) == (cast.ana.id, cast.mateo.id)


@pytest.mark.parametrize("outsider", ["ben", "cam", "ira", "eve"])
def test_an_outsider_cannot_tell_the_client_exists(cast: Cast, client_for: ClientFor, outsider: str) -> None:
    browser = client_for(getattr(cast, outsider))

    real = browser.get(reverse("client", args=[cast.mateo.id]))
    missing = browser.get(reverse("client", args=["00000000-0000-4000-8000-000000000000"]))

    assert (real.status_code, real.content) == (missing.status_code, missing.content)
    assert real.status_code == 404


def test_show_answers_with_the_number_and_masks_itself_again(cast: Cast, client_for: ClientFor) -> None:
    response = client_for(cast.ana).post(reverse("client-a-number", args=[cast.mateo.id]), headers=HX)

    fragment = text_of(response)
    assert "A201-555-902" in fragment
    assert 'data-remask="30"' in fragment
    assert f'id="a-{cast.mateo.id.hex}"' in fragment
    assert "<html" not in fragment
    entry = Entry.objects.filter(event=Entry.Event.VALUE_SHOWN).get()
    assert (entry.actor_id, entry.person_id) == (cast.ana.id, cast.mateo.id)


def test_show_without_javascript_is_a_page_of_its_own(cast: Cast, client_for: ClientFor) -> None:
    browser = client_for(cast.ana)

    response = browser.post(reverse("client-a-number", args=[cast.mateo.id]))

    assert "A201-555-902" in text_of(response)
    assert "<html" in text_of(response)
    assert "csrfmiddlewaretoken" in text_of(response)
    assert browser.get(reverse("client-a-number", args=[cast.mateo.id])).status_code == 405


def test_a_contact_is_shown_when_asked_for(cast: Cast, client_for: ClientFor) -> None:
    contact = SafeContact.objects.get(person=cast.mateo)

    response = client_for(cast.vic).post(reverse("contact-show", args=[contact.id]), headers=HX)

    assert "+1 212 555 0142" in text_of(response)
    assert Entry.objects.filter(event=Entry.Event.VALUE_SHOWN, object_id=contact.id).exists()


# --- changing


def test_changing_keeps_an_a_number_nobody_touched(cast: Cast, client_for: ClientFor) -> None:
    browser = client_for(cast.ana)
    page = text_of(browser.get(reverse("client-edit", args=[cast.mateo.id])))

    response = browser.post(
        reverse("client-edit", args=[cast.mateo.id]),
        {"given_names": "Mateo", "first_surname": "Pascual", "a_number": ""},
    )

    assert "201555902" not in page
    assert "A••• ••• 902" in page
    assert response.status_code == 302
    changed = Person.objects.get(pk=cast.mateo.id)
    assert (changed.given_names, changed.second_surname, changed.a_number) == ("Mateo", "", "201555902")


def test_a_wrong_a_number_can_be_forgotten(cast: Cast, client_for: ClientFor) -> None:
    client_for(cast.ana).post(
        reverse("client-edit", args=[cast.mateo.id]), {"given_names": "Mateo", "forget_a_number": "on"}
    )

    assert Person.objects.get(pk=cast.mateo.id).a_number == ""


def test_a_volunteer_is_offered_no_change(cast: Cast, client_for: ClientFor) -> None:
    browser = client_for(cast.vic)

    page = text_of(browser.get(reverse("client", args=[cast.mateo.id])))
    refused = browser.post(reverse("client-edit", args=[cast.mateo.id]), {"given_names": "X"})

    assert reverse("client-edit", args=[cast.mateo.id]) not in page
    assert reverse("client-trail", args=[cast.mateo.id]) not in page
    assert refused.status_code == 403


def test_a_second_way_can_be_added_and_forgotten(cast: Cast, client_for: ClientFor) -> None:
    browser = client_for(cast.ana)

    added = browser.post(
        reverse("client-contact-new", args=[cast.mateo.id]),
        {"channel": "whatsapp", "address": "+502 5555 0142", "hours": "", "instructions": ""},
    )
    contact = SafeContact.objects.filter(person=cast.mateo).latest("recorded_at")
    removed = browser.post(reverse("contact-remove", args=[contact.id]))

    assert added.status_code == removed.status_code == 302
    assert contact.address == "+50255550142"
    assert not SafeContact.objects.filter(pk=contact.pk).exists()


def test_an_empty_way_is_refused_and_the_form_stays_open(cast: Cast, client_for: ClientFor) -> None:
    response = client_for(cast.ana).post(
        reverse("client-contact-new", args=[cast.mateo.id]), {"channel": "text"}
    )

    assert response.status_code == 422
    assert '<details class="ask" open>' in text_of(response)


# --- the family


def test_a_family_member_is_recorded_and_related_in_one_form(cast: Cast, client_for: ClientFor) -> None:
    response = client_for(cast.ana).post(
        reverse("relative-new", args=[cast.mateo.id]),
        {"kind": "son", "given_names": "Andrés", "first_surname": "Pascual", "birth_date": "2015-05-05"},
    )

    assert response["Location"] == reverse("client", args=[cast.mateo.id])
    page = text_of(client_for(cast.ana).get(response["Location"]))
    assert "Andrés Pascual" in page
    assert "Son" in page
    assert "11 years old" in page


def test_nobody_is_left_behind_when_the_kind_is_missing(cast: Cast, client_for: ClientFor) -> None:
    before = Person.objects.count()

    response = client_for(cast.ana).post(
        reverse("relative-new", args=[cast.mateo.id]), {"given_names": "Andrés"}
    )

    assert response.status_code == 422
    assert Person.objects.count() == before


# --- the list and the trail


def test_the_list_shows_whom_this_person_may_see(cast: Cast, client_for: ClientFor) -> None:
    hers = text_of(client_for(cast.ana).get(reverse("clients")))
    theirs = text_of(client_for(cast.ben).get(reverse("clients")))

    assert "Mateo Q&#x27;anil Pascual Andrés" in hers
    assert cast.matter.code in hers
    assert "Noor" not in hers
    assert "Mateo" not in theirs
    assert "Nobody is here yet" in theirs


def test_a_list_of_fifty_asks_the_database_a_dozen_times(
    cast: Cast, client_for: ClientFor, django_assert_max_num_queries: Any
) -> None:
    for number in range(55):
        said = Particulars(given_names=f"Person {number}", first_surname="Doe")
        services.record_person(said, by=cast.ana, at=NOW)
    browser = client_for(cast.ana)

    with django_assert_max_num_queries(20):
        response = browser.get(reverse("clients"))

    assert text_of(response).count('<th scope="row"') == 50
    assert "?page=2" in text_of(response)
    assert "Person" in text_of(browser.get(reverse("clients") + "?page=2"))


def test_the_trail_says_who_opened_it_and_is_itself_recorded(cast: Cast, client_for: ClientFor) -> None:
    client_for(cast.vic).get(reverse("client", args=[cast.mateo.id]))

    page = text_of(client_for(cast.ana).get(reverse("client-trail", args=[cast.mateo.id])))

    assert "Client opened" in page
    assert "Vic" in page
    assert Entry.objects.filter(event=Entry.Event.AUDIT_VIEWED, person_id=cast.mateo.id).exists()


def test_a_paralegal_on_the_matter_may_not_see_the_trail(cast: Cast, client_for: ClientFor) -> None:
    response = client_for(cast.vic).get(reverse("client-trail", args=[cast.mateo.id]))

    assert response.status_code == 403


# --- a move


def test_after_a_new_address_the_page_offers_to_enter_the_move_on_each_open_matter(
    cast: Cast, client_for: ClientFor
) -> None:
    second = matters.open_matter(cast.mateo, kind="asylum-affirmative", by=cast.ana, on=TODAY, at=NOW)
    closed = matters.open_matter(cast.mateo, kind="asylum-affirmative", by=cast.ana, on=TODAY, at=NOW)
    type(closed).objects.filter(pk=closed.pk).update(closed_on=TODAY, kept_as="FULL", keep_until=TODAY)
    browser = client_for(cast.ana)
    sent = {"channel": "letter", "address": "12 New Street, Newark NJ 07102"}

    saved = browser.post(reverse("client-contact-new", args=[cast.mateo.id]), sent)
    shown = text_of(browser.get(saved["Location"]))

    assert saved["Location"].endswith("#moved")
    offered = [f"{reverse('event-new', args=[m.id])}?kind=address-change" for m in (cast.matter, second)]
    assert all(f'href="{address}"' in shown for address in offered)
    assert reverse("event-new", args=[closed.id]) not in shown
    assert '<details class="ask" open><summary class="button small">They moved' in shown


def test_a_move_that_was_offered_proposes_its_forms(cast: Cast, client_for: ClientFor) -> None:
    browser = client_for(cast.ana)
    address = f"{reverse('event-new', args=[cast.matter.id])}?kind=address-change"

    browser.post(address, {"on": "2026-06-01", "outcome": "court", "note": ""})

    rules = [d.computation["rule"] for d in Deadline.objects.filter(matter=cast.matter)]
    assert sorted(rules) == ["ar11-change-of-address", "eoir33-change-of-address"]


def test_whoever_may_enter_no_event_is_offered_no_move(cast: Cast, client_for: ClientFor) -> None:
    shown = text_of(client_for(cast.vic).get(reverse("client", args=[cast.mateo.id])))

    assert "They moved" not in shown
